"""Finds the codes that a customer could redeem now: those they hold, and those that are for everybody."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.codes.models import Voucher
from campaigns.codes.queries.find import vouchers_to_see
from customers.models import Customer
from publications.models import PublishedVoucher
from publications.queries.holder import held_by
from publications.redemptions.verdict import Attempt, refused_column

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BEFORE_ANY_CODE = EPOCH + timedelta(days=365)


def qualify(
    customer: Customer | None, *, wallet_only: bool, where: Q, after: datetime | None, limit: int
) -> list[Voucher]:
    """At most `limit`, the newest first, with `campaign` set. `after`: of `cursor_of` the last one, or a time.

    Codes for everybody are those without a campaign, or of a campaign of one code, that nobody else holds. What is in a
    pool is nobody's yet.
    """
    live = PublishedVoucher.objects.filter(voucher=OuterRef("pk"), released_at=None)
    sets: list[QuerySet[Voucher]] = []
    if customer:
        sets.append(vouchers_to_see().filter(pk__in=held_by([customer.pk]).values("voucher")))
    if not wallet_only:
        for for_all in (Q(campaign=None), Q(campaign__standalone=True)):
            sets.append(vouchers_to_see().filter(for_all, ~Exists(live)))
    attempt = Attempt(customer)
    found: dict[int, Voucher] = {}
    for vouchers in sets:
        good = vouchers.annotate(refused=refused_column(attempt)).filter(where, refused=None)
        for voucher in good.filter(_beyond(after)).order_by("-pk")[:limit]:
            found[voucher.pk] = voucher
    return _newest(found.values(), limit)


def _newest(vouchers: Iterable[Voucher], limit: int) -> list[Voucher]:
    return sorted(vouchers, key=lambda voucher: -voucher.pk)[:limit]


def cursor_of(voucher: Voucher) -> str:
    """Clients read the cursor as a time, and many codes have the time of the import that brought them. So this one is the
    voucher's key, in microseconds since 1970."""
    return (EPOCH + timedelta(microseconds=voucher.pk)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _beyond(after: datetime | None) -> Q:
    if after is None:
        return Q()
    if after < BEFORE_ANY_CODE:
        return Q(pk__lt=(after - EPOCH) // timedelta(microseconds=1))
    return Q(created_at__lt=after)
