"""Changes an address: its URL, its events, its secret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction

from config.actor import Actor
from config.staff.audit import record
from publications.webhooks.actions.create_address import already_there
from publications.webhooks.check_address import read_url
from publications.webhooks.models import WebhookAddress
from publications.webhooks.sign import draw_secret


def change_address(
    address: WebhookAddress, *, url: str, events: Sequence[str], campaigns: Sequence[int] = (), by: Actor
) -> bool:
    """False if nothing differs. Waiting deliveries go to the new URL; newly chosen events apply from now on.

    Raises AddressRefused (see check_address.py) and AddressExists.
    """
    read_url(url)
    try:
        with transaction.atomic():
            locked = WebhookAddress.objects.select_for_update().get(pk=address.pk)
            changes: dict[str, Any] = {}
            if url != locked.url:
                before, locked.url = str(locked), url
                # Where only the query differs, which may hold a token, the log tells no more than that.
                changes["url"] = {"from": before, "to": str(locked)}
            if list(events) != locked.events:
                changes["events"] = {"from": locked.events, "to": list(events)}
                locked.events = list(events)
            if list(campaigns) != locked.campaigns:
                changes["campaigns"] = {"from": locked.campaigns, "to": list(campaigns)}
                locked.campaigns = list(campaigns)
            if changes:
                locked.rests_until = None
                locked.save(update_fields=["url", "events", "campaigns", "rests_until"])
                record("webhook.changed", by=by, object_id=locked.public_id, object_label=str(locked), changes=changes)
    except IntegrityError as problem:
        raise already_there(problem) from None
    return bool(changes)


def draw_new_secret(address: WebhookAddress, *, by: Actor) -> str:
    """The new secret. It signs everything from now on, including deliveries already waiting."""
    secret = draw_secret()
    with transaction.atomic():
        WebhookAddress.objects.filter(pk=address.pk).update(secret=secret)
        record("webhook.secret_drawn", by=by, object_id=address.public_id, object_label=str(address))
    return secret
