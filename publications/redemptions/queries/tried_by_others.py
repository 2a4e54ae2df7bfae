"""Uses and attempts by someone other than whoever holds the code: where a leak shows.

Of the campaigns that watch it (`only_holder` is record or refuse). The holder is who held the code at that time; a code of a
hand-out belongs to the first customer who redeemed it, since nobody knows to whom it went. Referral codes are for others.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db.models import Case, Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from publications.models import Publication, PublishedVoucher
from publications.queries.holder import of_holder
from publications.redemptions.models import Redemption

SHOWN = 10  # of each kind, those with most attempts
OnlyHolder = Campaign.OnlyHolder


class Leaks(NamedTuple):
    """Each row has `tries`, `people` (customers who were named) and `last`; besides, what it is of: `voucher` and its `campaign`;
    `publication`, of a hand-out or by a distribution; `channel`."""

    by_code: list[dict[str, Any]]
    by_file: list[dict[str, Any]]
    by_channel: list[dict[str, Any]]


def _held_then() -> QuerySet[PublishedVoucher]:
    """The ledger's row of a redemption's code, at its time."""
    at = OuterRef("created_at")
    held = PublishedVoucher.objects.filter(voucher=OuterRef("voucher"), publication__created_at__lte=at)
    return held.filter(Q(released_at=None) | Q(released_at__gt=at))


def by_others(redemptions: QuerySet[Redemption]) -> QuerySet[Redemption]:
    others = (
        _held_then()
        .alias(holder_key=of_holder())
        .exclude(holder_key=None)
        .exclude(holder_key=Coalesce(OuterRef("customer"), 0))
    )
    earlier = Redemption.objects.filter(
        voucher=OuterRef("voucher"), kind="redemption", result="SUCCESS", customer__isnull=False, pk__lt=OuterRef("pk")
    )
    first = Subquery(earlier.order_by("pk").values("customer")[:1])
    of_file = Exists(_held_then().filter(publication__customer=None, settled_to=None))
    watched = redemptions.filter(
        kind=Redemption.Kind.REDEMPTION, campaign__only_holder__in=[OnlyHolder.RECORD, OnlyHolder.REFUSE]
    ).exclude(campaign__kind=Campaign.Kind.REFERRAL_PROGRAM)
    after_the_first = Q(of_file) & Q(customer__isnull=False, _first__isnull=False) & ~Q(customer=F("_first"))
    return watched.alias(_first=first).filter(Q(Exists(others)) | after_the_first)


def find_leaks(redemptions: QuerySet[Redemption]) -> Leaks:
    """In five queries; of what `by_others` finds among these."""
    held = _held_then().order_by("publication")
    of_file = held.filter(Q(publication__customer=None) | Q(publication__actor_kind="run"))
    # A distribution has a publication for each recipient: its first one stands for all of them.
    first_of_run = Publication.objects.filter(actor_kind="run", actor_id=OuterRef("publication__actor_id")).order_by(
        "actor_id", "created_at", "pk"
    )
    file = Case(
        When(publication__actor_kind="run", then=Subquery(first_of_run.values("pk")[:1])), default=F("publication")
    )
    tried = by_others(redemptions).annotate(
        channel=Subquery(held.values("publication__channel")[:1]),
        file=Subquery(of_file.annotate(file=file).values("file")[:1]),
    )
    by_code, by_channel = _most(tried, "voucher"), _most(tried, "channel")
    by_file = _most(tried.filter(file__isnull=False), "file")
    vouchers = Voucher.objects.select_related("campaign").in_bulk([row["voucher"] for row in by_code])
    publications = Publication.objects.select_related("campaign").in_bulk([row["file"] for row in by_file])
    return Leaks(
        [row | {"voucher": vouchers[row["voucher"]]} for row in by_code],
        [row | {"publication": publications[row["file"]]} for row in by_file],
        by_channel,
    )


def _most(tried: QuerySet[Redemption], what: str) -> list[dict[str, Any]]:
    grouped = tried.order_by().values(what)
    counted = grouped.annotate(tries=Sum("attempts"), people=Count("customer", distinct=True), last=Max("created_at"))
    return list(counted.order_by("-tries", what)[:SHOWN])
