"""Takes published codes back from whoever holds them: an explicit act with a reason, audited (invariant 7).

A released code is retired: whoever had it may still have it in the inbox. Only where somebody says so, and nobody ever
used it, does it return to the pool (ADR 0024).
"""

from __future__ import annotations

from django.db import transaction

from campaigns.codes.models import Voucher
from campaigns.codes.pool import raise_pool_version
from config.actor import Actor
from config.staff import audit
from publications.ledger.take_back import take_back
from publications.models import PublishedVoucher


class NotPublished(Exception):
    """The code is in no live publication: it was never published, or somebody released it a moment ago."""


class ReasonMissing(ValueError):
    """A release needs a reason that a colleague will understand next year."""


class CodeWasUsed(Exception):
    """A code that was ever used does not return to the pool."""


def release(voucher: Voucher, *, by: Actor, reason: str, back_to_pool: bool = False) -> PublishedVoucher:
    """Releases the code and retires it, or puts it back into the pool; a publication left with no live code is voided.

    An expiration that the publication gave it (the campaign's activity duration) goes with it, and its own is back.
    Raises NotPublished, ReasonMissing and, with `back_to_pool`, CodeWasUsed. Of two calls at once one releases, the other
    gets NotPublished.
    """
    reason = reason.strip()
    if not reason:
        raise ReasonMissing("Enter why you are releasing the code; the reason is kept in the audit log.")
    with transaction.atomic():
        live = PublishedVoucher.objects.filter(voucher=voucher, released_at=None).first()
        if not live or not take_back(
            [live.publication_id], voucher=voucher, released_by=by.label, reason=reason, back_to_pool=back_to_pool
        ):
            raise NotPublished("This code is not published, or has just been released.")
        voucher.refresh_from_db(fields=["published_at", "withdrawn_at", "withdrawn_why"])
        if back_to_pool and voucher.withdrawn_at:
            raise CodeWasUsed("This code has been used, so it cannot return to the pool. Release it to retire it.")
        if voucher.campaign_id and back_to_pool:
            raise_pool_version(voucher.campaign_id)
        audit.record(
            "code.released" if back_to_pool else "code.retired", by=by, object_id=voucher.public_id,
            campaign_id=voucher.campaign_id, publication=live.publication.public_id, reason=reason,
        )  # fmt: skip
    live.refresh_from_db()
    return live
