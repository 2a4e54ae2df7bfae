"""Who is shown which code in clear (design.md, "Security")."""

from __future__ import annotations

from campaigns.mask import mask
from campaigns.models import Voucher
from config.roles import reveals_codes

__all__ = ["is_masked", "reveals_codes", "shown"]


def is_masked(voucher: Voucher, *, reveals: bool) -> bool:
    """An unpublished code (a released one too) is masked for everybody: in clear, it could be given twice."""
    return not reveals or voucher.published_at is None


def shown(voucher: Voucher, *, reveals: bool) -> str:
    return mask(voucher.code) if is_masked(voucher, reveals=reveals) else voucher.code
