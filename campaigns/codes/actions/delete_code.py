"""Deletes a code: hides it, or erases it if nobody ever got it. Publications stay on record."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from campaigns.codes.models import Voucher
from campaigns.codes.pool import raise_pool_version
from config.actor import Actor
from config.staff.audit import record


def delete_code(voucher: Voucher, *, force: bool = False, by: Actor) -> bool:
    """Hides the code everywhere; its text stays reserved. False if it was deleted already.

    `force` erases the row instead, which frees the text; but never that of a code that was ever published or redeemed,
    even if that was undone, because somebody may still have it. Nobody can publish the code once this has returned.
    """
    with transaction.atomic():
        # Waits for anyone publishing or redeeming it right now, and only then checks whether somebody got it.
        live = Voucher.objects.select_for_update().filter(pk=voucher.pk, deleted_at=None)
        if not (found := live.first()):
            return False
        erased = force and not (found.ledger.exists() or found.redemptions.exists())  # type: ignore[attr-defined]
        if erased:
            live.delete()
        else:
            live.update(deleted_at=Now(), updated_at=Now())
        record("code.deleted", by=by, object_id=found.public_id, campaign_id=found.campaign_id, erased=erased)
        if erased:  # an AUTO_UPDATE campaign that found its code space full may make this code again
            raise_pool_version(found.campaign_id)
    return True
