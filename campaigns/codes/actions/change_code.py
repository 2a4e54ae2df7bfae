"""Changes a single code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from campaigns.check_value import InvalidFields, check_columns, check_dates, check_value, told_changes
from campaigns.codes.models import Voucher
from campaigns.codes.pool import raise_pool_version
from config.actor import Actor
from config.staff.audit import record

DISCOUNT = ["discount_type", "discount_value", "unit_type"]
CHANGEABLE = [*DISCOUNT, "active", "start_date", "expiration_date", "category", *Voucher.TEXTS, "metadata"]
TEXTS = {*Voucher.TEXTS, "metadata"}


class CodeGone(Exception):
    """The code was deleted in the meantime."""


class DiscountTypeFixed(Exception):
    """The kind of a code's value (percent, amount, …) was promised to its holder; only the number can change."""


def change_code(voucher: Voucher, changes: Mapping[str, Any], *, by: Actor) -> Voucher:
    """Writes only the columns of `changes` that differ; whether the code is published is not among them.

    A discount is given as a whole (`DISCOUNT`); the code then has its own. Raises `InvalidFields`, `DiscountTypeFixed`
    and `CodeGone`.
    """
    if unknown := changes.keys() - set(CHANGEABLE):
        raise InvalidFields(dict.fromkeys(unknown, "This cannot be changed."))
    with transaction.atomic():
        now = Voucher.objects.select_for_update(no_key=True).filter(pk=voucher.pk, deleted_at=None).first()
        if now is None:
            raise CodeGone("This code was deleted.")
        before = {name: getattr(now, name) for name in CHANGEABLE}
        if "discount_type" in changes and changes["discount_type"] != _discount_type(now):
            raise DiscountTypeFixed("It is not possible to change the type of a code's discount.")
        for name, value in changes.items():
            setattr(now, name, None if value == "" and name != "unit_type" else value)
        errors = check_columns(now, CHANGEABLE) or check_dates(now.start_date, now.expiration_date)
        if changes.keys() & set(DISCOUNT):
            errors |= check_value(now, gift=now.type == Voucher.Type.GIFT, needed=now.campaign_id is None)
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


def _discount_type(voucher: Voucher) -> str | None:
    if voucher.discount_type or voucher.campaign is None or voucher.type == Voucher.Type.GIFT:
        return voucher.discount_type
    return voucher.campaign.discount_type
