"""Enables and disables a code. A disabled code is not in the pool, and cannot be redeemed if it is published."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from campaigns.codes.models import Voucher
from campaigns.codes.pool import raise_pool_version
from config.actor import Actor
from config.staff.audit import record


def enable_code(voucher: Voucher, *, by: Actor) -> bool:
    """False if it is already enabled, or deleted."""
    return _switch(voucher, True, by)


def disable_code(voucher: Voucher, *, by: Actor) -> bool:
    """False if it is already disabled, or deleted."""
    return _switch(voucher, False, by)


def _switch(voucher: Voucher, active: bool, by: Actor) -> bool:
    with transaction.atomic():
        other = Voucher.objects.filter(pk=voucher.pk, active=not active, deleted_at=None)
        if not other.update(active=active, updated_at=Now()):
            return False
        record(
            "code.enabled" if active else "code.disabled",
            by=by,
            object_id=voucher.public_id,
            campaign_id=voucher.campaign_id,
        )
        raise_pool_version(voucher.campaign_id)
    return True
