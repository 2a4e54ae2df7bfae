"""How many codes are left to hand out."""

from __future__ import annotations

from campaigns.codes.pool import BEYOND_ALL, left_in_pool
from campaigns.models import Campaign


def pool_size(campaign: Campaign, *, reserved_too: bool = False) -> int:
    """How many codes are available to everyone now; with `reserved_too`, including those reserved for distributions."""
    return left_in_pool(campaign, up_to=BEYOND_ALL, below=BEYOND_ALL if reserved_too else None)
