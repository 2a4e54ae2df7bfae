"""Adds an address that receives events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction

from config.actor import Actor
from config.staff.audit import record
from publications.webhooks.check_address import read_url
from publications.webhooks.models import WebhookAddress
from publications.webhooks.sign import draw_secret


class AddressExists(Exception):
    def __init__(self) -> None:
        super().__init__("There is already a webhook for this URL. Edit its events instead.")


def create_address(url: str, *, events: Sequence[str], campaigns: Sequence[int] = (), by: Actor) -> WebhookAddress:
    """An active address with its own secret, told about these campaigns (keys) or all.

    Raises AddressRefused (see check_address.py) and AddressExists.
    """
    read_url(url)
    try:
        with transaction.atomic():
            address = WebhookAddress.objects.create(
                url=url,
                events=list(events),
                campaigns=list(campaigns),
                secret=draw_secret(),
                actor_kind=by.kind,
                actor_id=by.id,
                actor_label=by.label,
            )
            limited: dict[str, Any] = {"campaigns": list(campaigns)} if campaigns else {}
            record(
                "webhook.created", by=by, object_id=address.public_id, object_label=str(address), events=list(events),
                **limited,
            )  # fmt: skip
    except IntegrityError as problem:
        raise already_there(problem) from None
    return address


def already_there(problem: IntegrityError) -> Exception:
    """The exception to raise: AddressExists, or the original error if another constraint refused."""
    return AddressExists() if "webhook_address_once" in str(problem) else problem
