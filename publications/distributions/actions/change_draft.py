"""A draft is filled in step by step. What has been scheduled or started is not changed any more."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from config.actor import Actor
from publications.distributions.actions.change_status import record_of
from publications.distributions.models import Distribution

# In the log, where the field's own name would tell staff little.
CALLED = {
    "body": "text",
    "codes_each": "number of codes",
    "create_unknown": "handling of unknown addresses",
    "skip_holders": "skipping of code holders",
    "remind": "kind",
    "chosen_codes": "choice of codes",
    "held": "campaign",
    "starts_at": "start",
}


class NoDraft(Exception):
    """It has been scheduled, started or discarded in the meantime."""

    def __init__(self) -> None:
        super().__init__("This distribution is no longer a draft, so it was not changed. Duplicate it to send another.")


def change_draft(draft: Distribution, *, by: Actor, **changes: Any) -> list[str]:
    """Writes the changed fields, by name, and answers with their names. Raises NoDraft.

    Who sends a form late must not change a run: the row's own status decides, in the statement that writes.
    """
    changed = [name for name, value in changes.items() if getattr(draft, name) != value]
    with transaction.atomic():
        rows = Distribution.objects.filter(pk=draft.pk, status=Distribution.Status.DRAFT)
        values = {name: changes[name] for name in changed} | ({"updated_at": Now()} if changed else {})
        if not (rows.update(**values) if changed else rows.exists()):
            raise NoDraft()
        if changed:
            record_of(draft, "changed", by=by, fields=[CALLED.get(name, name.removesuffix("_id")) for name in changed])
    for name in changed:
        setattr(draft, name, changes[name])
    return changed
