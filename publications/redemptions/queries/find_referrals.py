"""Who referred customers, and how many they referred, as the API tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import Count

from config.api.door import iso
from config.public_ids import CAMPAIGN, CUSTOMER, REDEMPTION, public_id
from publications.redemptions.models import Referral


class Referrals(NamedTuple):
    """`referred`: how many the customer referred; `referred_by`: by whom they were referred, in each program."""

    referred: int = 0
    referred_by: Sequence[dict[str, Any]] = ()


def find_referrals(customers: Sequence[int]) -> dict[int, Referrals]:
    """By the customers' keys; who neither was referred nor referred anybody is not in it. In two queries."""
    referrers = Referral.objects.filter(referrer__in=customers).order_by().values_list("referrer").annotate(Count("pk"))
    found = {key: Referrals(count) for key, count in referrers}
    for referral in Referral.objects.filter(referee__in=customers).order_by("pk"):
        told = {
            "campaign_id": public_id(CAMPAIGN, referral.campaign_id),
            "referrer_id": public_id(CUSTOMER, referral.referrer_id),
            "related_object_id": public_id(REDEMPTION, referral.redemption_id),
            "related_object_type": "redemption",
            "date": iso(referral.created_at),
        }
        before = found.get(referral.referee_id, Referrals())
        found[referral.referee_id] = before._replace(referred_by=[*before.referred_by, told])
    return found
