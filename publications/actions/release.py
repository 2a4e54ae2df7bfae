"""Takes published codes back from whoever holds them: an explicit act with a reason, audited (invariant 7).

A released code is retired: whoever had it may still have it in the inbox. Only where somebody says so, and nobody ever
used it, does it return to the pool (ADR 0024).
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import transaction

from campaigns.codes.models import Voucher
from campaigns.codes.pool import raise_pool_version
from config.actor import Actor
from config.staff import audit
from publications.ledger.take_back import take_back
from publications.models import Publication, PublishedVoucher


class NotPublished(Exception):
    """The code is in no live publication: it was never published, or somebody released it a moment ago."""


class ReasonMissing(ValueError):
    """A release needs a reason that a colleague will understand next year."""


class CodeWasUsed(Exception):
    """A code that was ever used does not return to the pool."""


class TooManyCodes(ValueError):
    """More than are released at once."""


class Released(NamedTuple):
    """What became of a publication's codes."""

    released: int
    returned: int  # of them, to the pool


MOST_AT_ONCE = 1_000  # codes of one publication; a hand-out's may be a million, which is no work for one transaction


def release(voucher: Voucher, *, by: Actor, reason: str, back_to_pool: bool = False) -> PublishedVoucher:
    """Releases the code and retires it, or puts it back into the pool; a publication left with no live code is voided.

    An expiration that the publication gave it (the campaign's activity duration) goes with it, and its own is back.
    Raises NotPublished, ReasonMissing and, with `back_to_pool`, CodeWasUsed. Of two calls at once one releases, the other
    gets NotPublished.
    """
    reason = _given(reason)
    with transaction.atomic():
        live = PublishedVoucher.objects.filter(voucher=voucher, released_at=None).first()
        if not live or not take_back(
            [live.publication_id], vouchers=[voucher.pk], released_by=by.label, reason=reason, back_to_pool=back_to_pool
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


def release_publication(publication: Publication, *, by: Actor, reason: str, back_to_pool: bool = False) -> Released:
    """The same of every code that the publication still holds. A code that was ever used is retired, whatever is asked.

    Raises NotPublished where it holds none any more, ReasonMissing and TooManyCodes.
    """
    reason = _given(reason)
    if publication.voucher_count > MOST_AT_ONCE:
        raise TooManyCodes(f"This publication has more than {MOST_AT_ONCE:,} codes. Release them one by one.")
    with transaction.atomic():
        held = list(publication.ledger.filter(released_at=None).values_list("voucher_id", flat=True))
        released = take_back([publication.pk], released_by=by.label, reason=reason, back_to_pool=back_to_pool)
        if not released:
            raise NotPublished("This publication holds no codes any more; someone may have just released them.")
        returned = Voucher.objects.filter(pk__in=held, published_at=None, withdrawn_at=None).count()
        audit.record(
            "publication.released", by=by, object_id=publication.public_id, campaign_id=publication.campaign_id,
            count=released, returned_to_pool=returned, reason=reason,
        )  # fmt: skip
        if publication.campaign_id and returned:
            raise_pool_version(publication.campaign_id)
    return Released(released, returned)


def _given(reason: str) -> str:
    if reason := reason.strip():
        return reason
    raise ReasonMissing("Enter why you are releasing it; the reason is kept in the audit log.")
