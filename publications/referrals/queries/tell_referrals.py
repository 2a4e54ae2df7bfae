"""Tells the API of customers who referred them, and how many they referred."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count

from config.api.door import iso
from config.public_ids import CAMPAIGN, CUSTOMER, REDEMPTION, public_id
from customers.api.answers import FIND_REFERRALS, NOBODY, Referred
from publications.redemptions.models import Referral


def tell_referrals() -> None:
    """From now on answers about customers hold it."""
    if find_referrals not in FIND_REFERRALS:
        FIND_REFERRALS.append(find_referrals)


def find_referrals(customers: Sequence[int]) -> dict[int, Referred]:
    """By the customers' keys; who neither was referred nor referred anybody is not in it. In two queries."""
    referrers = Referral.objects.filter(referrer__in=customers).order_by().values_list("referrer").annotate(Count("pk"))
    found = {key: Referred([], count) for key, count in referrers}
    rows = Referral.objects.filter(referee__in=customers).order_by("pk")
    for referral in rows:
        referred = found.setdefault(referral.referee_id, Referred([], NOBODY.others))
        referred.by.append(
            {
                "campaign_id": public_id(CAMPAIGN, referral.campaign_id),
                "referrer_id": public_id(CUSTOMER, referral.referrer_id),
                "related_object_id": public_id(REDEMPTION, referral.redemption_id),
                "related_object_type": "redemption",
                "date": iso(referral.created_at),
            }
        )
    return found
