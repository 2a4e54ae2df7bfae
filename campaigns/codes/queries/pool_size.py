"""How many codes are left to hand out."""

from __future__ import annotations

from campaigns.codes.pool import BEYOND_ALL, left_in_pool
from campaigns.models import Campaign


def pool_size(campaign: Campaign, *, reserved_too: bool = False) -> int:
    """How many codes anybody can be given now; with `reserved_too` those that are kept for distributions are counted as well."""
    return left_in_pool(campaign, up_to=BEYOND_ALL, below=BEYOND_ALL if reserved_too else None)
