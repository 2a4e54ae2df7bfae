"""What the pool is, and its version: how a process knows that a campaign which it found empty may hold codes again."""

from __future__ import annotations

from django.db.models import F, Q
from django.db.models.functions import Now

from campaigns.models import POOL_FLAGS, Campaign

# A voucher `v` that may be handed out, said once in SQL and once for querysets; `voucher_pool` indexes all but the clock.
IN_POOL = """v.published_at IS NULL AND v.withdrawn_at IS NULL AND v.active AND v.deleted_at IS NULL
         AND (v.expiration_date IS NULL OR v.expiration_date > now())"""
in_pool = POOL_FLAGS & (Q(expiration_date=None) | Q(expiration_date__gt=Now()))


def raise_pool_version(campaign_id: int | None) -> None:
    """Called by every verb that adds, enables or releases codes or changes dates, in that verb's own transaction.

    Call it last: the campaign's row stays locked until the commit. A standalone code (None) has no pool.
    """
    if campaign_id is not None:
        Campaign.objects.filter(pk=campaign_id).update(pool_version=F("pool_version") + 1)
