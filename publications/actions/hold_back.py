"""Takes an unpublished code out of the pool, and puts one back that was never used: a Manager's acts, with a reason."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models.functions import Now

from campaigns.codes.balance import EVER_USED
from campaigns.codes.models import Voucher
from campaigns.codes.pool import raise_pool_version
from config.actor import Actor
from config.staff import audit
from publications.actions.release import ReasonMissing

# The trigger `voucher_stays_withdrawn` lets only the code through that this setting of the transaction names.
PUT_BACK = f"""
WITH meant AS MATERIALIZED (SELECT set_config('handout.puts_back', %(voucher)s::text, true) AS key)
UPDATE codes_voucher v SET withdrawn_at = NULL, withdrawn_why = NULL, updated_at = now()
  FROM meant
 WHERE v.id = meant.key::bigint AND v.published_at IS NULL AND v.deleted_at IS NULL AND v.withdrawn_at IS NOT NULL
   AND NOT {EVER_USED}
"""  # noqa: S608 - our own constant


class NotInPool(Exception):
    """The code is not there to be held back: it was published or withdrawn, perhaps a moment ago."""


class CannotReturn(Exception):
    """The code cannot be put back into the pool."""


def hold_back(voucher: Voucher, *, by: Actor, reason: str) -> None:
    """Nobody is given the code until it is put back. It may still be redeemed. Raises NotInPool and ReasonMissing."""
    reason = _reason(reason)
    with transaction.atomic():
        free = Voucher.objects.filter(pk=voucher.pk, published_at=None, withdrawn_at=None, deleted_at=None)
        if not free.update(withdrawn_at=Now(), withdrawn_why=Voucher.Withdrawn.HELD_BACK, updated_at=Now()):
            raise NotInPool("This code has just been published or withdrawn, so it cannot be held back.")
        _record("code.held_back", voucher, by, reason)


def put_back(voucher: Voucher, *, by: Actor, reason: str) -> None:
    """The code may be handed out again. Refused for a code that was ever used, also when that was rolled back.

    Raises CannotReturn and ReasonMissing.
    """
    reason = _reason(reason)
    with transaction.atomic():
        # Waits for whoever uses it right now; only then is it asked whether somebody did.
        Voucher.objects.select_for_update(no_key=True).filter(pk=voucher.pk).first()
        with connection.cursor() as cursor:
            cursor.execute(PUT_BACK, {"voucher": voucher.pk})
            if not cursor.rowcount:
                raise CannotReturn(
                    "Only a withdrawn code that is unpublished and was never used can return to the pool."
                )
        _record("code.put_back", voucher, by, reason)
        raise_pool_version(voucher.campaign_id)


def _reason(reason: str) -> str:
    if not (reason := reason.strip()):
        raise ReasonMissing("Enter a reason; it is kept in the audit log.")
    return reason


def _record(action: str, voucher: Voucher, by: Actor, reason: str) -> None:
    audit.record(action, by=by, object_id=voucher.public_id, campaign_id=voucher.campaign_id, reason=reason)
