"""Tells segments how to count a customer's codes and redemptions of a campaign, which `customers` may not know of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Exists, FloatField, OuterRef, QuerySet

from campaigns.models import Campaign
from config.api.json_conditions import number
from config.public_ids import CAMPAIGN, key_of
from customers.segments.segment_filter import COUNTED, FIELDS, Counted
from publications.models import Publication
from publications.redemptions.models import Redemption
from publications.redemptions.queries.summarise_customers import ORDERS, sum_of

PUBLISHED, REDEEMED = "publications", "redemptions"
ORDERED = "summary.orders.total_amount"


def count_for_segments() -> None:
    """`publications.<campaign id>.count`, `redemptions.<campaign id>.count` and what all paid orders came to (in hundredths,
    as a customer's `summary` tells it) may be asked from now on."""
    COUNTED[PUBLISHED] = Counted(
        _of_campaign(lambda key: Publication.objects.filter(campaign=key, result="SUCCESS", voided_at=None)),
        "Codes from campaign", "Campaign", "campaigns:suggest", _id_of, _name_of,
    )  # fmt: skip
    COUNTED[REDEEMED] = Counted(
        _of_campaign(_uses),
        "Redemptions in campaign", "Campaign", "campaigns:suggest", _id_of, _name_of,
    )  # fmt: skip
    FIELDS[ORDERED] = number(sum_of(ORDERS, "total_amount::float8", output=FloatField()))


def campaigns_published_in(conditions: Mapping[str, Any] | None) -> set[int]:
    """The keys of the campaigns on whose publications these conditions depend."""
    kinds = (name.split(".") for name in conditions or {} if name.startswith(f"{PUBLISHED}."))
    return {key for _, which, *_ in kinds if (key := key_of(CAMPAIGN, which)) is not None}


def _uses(campaign: int) -> QuerySet:
    taken_back = Redemption.objects.filter(undoes=OuterRef("pk"), result="SUCCESS")
    return Redemption.objects.filter(
        ~Exists(taken_back), campaign=campaign, kind="redemption", result="SUCCESS", voucher__isnull=False
    )


def _of_campaign(rows_of: Callable[[int], QuerySet]) -> Callable[[str], QuerySet | None]:
    def rows(which: str) -> QuerySet | None:
        key = key_of(CAMPAIGN, which)
        return None if key is None else rows_of(key).filter(customer=OuterRef("pk"))

    return rows


def _id_of(typed: str) -> str | None:
    """A campaign is meant by its name, which is unique among those that live, or by its id."""
    if (key := key_of(CAMPAIGN, typed)) is not None:
        found = Campaign.objects.filter(pk=key).first()
    else:
        found = Campaign.objects.live().filter(name=typed).first()
    return found.public_id if found else None


def _name_of(which: str) -> str:
    found = Campaign.objects.filter(pk=key_of(CAMPAIGN, which) or 0).first()
    return found.name if found else which
