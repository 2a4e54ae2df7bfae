"""Changes what may be changed of one code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from campaigns.check_value import InvalidFields, check_columns, check_dates, told_changes
from campaigns.models import Voucher
from campaigns.pool import raise_pool_version
from config.actor import Actor
from config.audit import record

CHANGEABLE = ["active", "start_date", "expiration_date", "category", "additional_info", "metadata"]
TEXTS = {"additional_info", "metadata"}


class CodeGone(Exception):
    """The code was deleted meanwhile."""


def change_code(voucher: Voucher, changes: Mapping[str, Any], *, by: Actor) -> Voucher:
    """Writes the columns of `changes` that differ, and no other: whether the code is published is none of them.

    Raises `InvalidFields` and `CodeGone`.
    """
    if unknown := changes.keys() - set(CHANGEABLE):
        raise InvalidFields(dict.fromkeys(unknown, "This cannot be changed."))
    with transaction.atomic():
        now = Voucher.objects.select_for_update(no_key=True).filter(pk=voucher.pk, deleted_at=None).first()
        if now is None:
            raise CodeGone("This code was deleted.")
        before = {name: getattr(now, name) for name in CHANGEABLE}
        for name, value in changes.items():
            setattr(now, name, None if value == "" else value)
        errors = check_columns(now, CHANGEABLE) or check_dates(now.start_date, now.expiration_date)
        if errors:
            raise InvalidFields(errors)
        changed = {name: getattr(now, name) for name in CHANGEABLE if getattr(now, name) != before[name]}
        if changed:
            Voucher.objects.filter(pk=now.pk).update(**changed, updated_at=Now())
            record(
                "code.changed",
                by=by,
                object_id=now.public_id,
                campaign_id=now.campaign_id,
                **told_changes(before, changed, texts=TEXTS),
            )
            raise_pool_version(now.campaign_id)
    return now
