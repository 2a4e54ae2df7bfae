"""The pool's version: how a process knows that a campaign which it found empty may hold codes again."""

from __future__ import annotations

from django.db.models import F

from campaigns.models import Campaign


def raise_pool_version(campaign_id: int | None) -> None:
    """Called by every verb that adds, enables or releases codes or changes dates, in that verb's own transaction.

    Call it last: the campaign's row stays locked until the commit. A standalone code (None) has no pool.
    """
    if campaign_id is not None:
        Campaign.objects.filter(pk=campaign_id).update(pool_version=F("pool_version") + 1)
