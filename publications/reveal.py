"""How a code is shown to whom (docs/design.md, "Security")."""

from __future__ import annotations

from campaigns.mask import mask
from campaigns.models import Voucher


def is_masked(voucher: Voucher, *, reveals: bool) -> bool:
    """`reveals` is config.roles.reveals_codes(user). An unpublished code (a released one too) is masked for everybody."""
    return not reveals or voucher.published_at is None


def shown(voucher: Voucher, *, reveals: bool) -> str:
    return mask(voucher.code) if is_masked(voucher, reveals=reveals) else voucher.code
