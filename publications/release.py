"""Takes a published code back into the pool: an explicit act of a Manager, with a reason, audited (invariant 7)."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models.functions import Now

from campaigns.models import Voucher
from campaigns.pool import raise_pool_version
from config import audit
from config.actor import Actor
from publications.models import Publication, PublishedVoucher

# Of released ledger rows, by their keys. The code's own expiration is back where the publication had given it another;
# but what somebody has set since stays.
RETURN_TO_POOL = """
UPDATE campaigns_voucher v
   SET published_at = NULL, updated_at = now(),
       expiration_date = CASE WHEN v.expiration_date = l.expiration_given THEN l.expiration_before
                              ELSE v.expiration_date END
  FROM publications_publishedvoucher l
 WHERE l.id = ANY(%s) AND v.id = l.voucher_id
"""


class NotPublished(Exception):
    """The code is in no live publication: it was never published, or somebody released it a moment ago."""


class ReasonMissing(ValueError):
    """A release needs a reason that a colleague will understand next year."""


def release(voucher: Voucher, *, by: Actor, reason: str) -> PublishedVoucher:
    """Releases the code; a publication left with no live code is voided, never deleted.

    An expiration that the publication gave it (the campaign's activity duration) goes with it, and its own is back.
    Raises NotPublished and ReasonMissing. Of two calls at once one releases, the other gets NotPublished.
    """
    reason = reason.strip()
    if not reason:
        raise ReasonMissing("Say why the code is released; the reason is kept in the audit log.")
    with transaction.atomic():
        # The publication first: two releases of one publication must not both see the other's code as live.
        publication = Publication.objects.select_for_update(of=("self",)).filter(
            ledger__voucher=voucher, ledger__released_at=None
        )
        held = publication.first()
        live = PublishedVoucher.objects.filter(voucher=voucher, publication=held, released_at=None).first()
        if not held or not live:
            raise NotPublished("This code is not published, or was just released.")
        PublishedVoucher.objects.filter(pk=live.pk).update(released_at=Now(), released_by=by.label, reason=reason)
        with connection.cursor() as cursor:
            cursor.execute(RETURN_TO_POOL, [[live.pk]])
        if not PublishedVoucher.objects.filter(publication=held, released_at=None).exists():
            Publication.objects.filter(pk=held.pk).update(voided_at=Now())
        if voucher.campaign_id:
            raise_pool_version(voucher.campaign_id)
        audit.record(
            "code.released", by=by, object_id=voucher.public_id, campaign_id=voucher.campaign_id,
            publication=held.public_id, reason=reason,
        )  # fmt: skip
    live.refresh_from_db()
    return live
