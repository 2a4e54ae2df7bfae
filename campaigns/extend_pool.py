"""Makes more codes for a campaign."""

from __future__ import annotations

from campaigns.code_space import CodeSpace, code_space
from campaigns.make_codes import CodeSpaceExhausted, make_codes
from campaigns.models import Campaign
from campaigns.pool import raise_pool_version

__all__ = ["CodeSpaceExhausted", "extend_pool", "space_of"]


def space_of(campaign: Campaign) -> CodeSpace:
    """The codes that the campaign's configuration can give."""
    return code_space(
        charset=campaign.code_charset,
        length=campaign.code_length,
        prefix=campaign.code_prefix,
        postfix=campaign.code_postfix,
        pattern=campaign.code_pattern,
    )


def extend_pool(campaign: Campaign, *, count: int) -> int:
    """Makes `count` unpublished codes now, in the caller's transaction, and raises the pool's version; returns `count`.

    Raises `CodeSpaceExhausted`; then the caller must roll back. For many codes there is `order_codes`.
    """
    made = make_codes(space_of(campaign), count=count, campaign_id=campaign.pk, type=campaign.voucher_type)
    raise_pool_version(campaign.pk)
    return made
