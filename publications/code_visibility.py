"""How a code is shown to whom (docs/design.md, "Security")."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from django.utils.html import escape

from campaigns.codes.mask import mask
from campaigns.codes.models import Voucher


def is_masked(voucher: Voucher, *, reveals: bool) -> bool:
    """`reveals` is config.staff.roles.reveals_codes(user). An unpublished code (a released one too) is masked for everybody."""
    return not reveals or voucher.published_at is None


def shown(voucher: Voucher, *, reveals: bool) -> str:
    return mask(voucher.code) if is_masked(voucher, reveals=reveals) else voucher.code


def text_shown(text: str, vouchers: Iterable[Voucher], *, reveals: bool) -> str:
    """A text in which these codes may stand, as such, in HTML or in an address: those that are masked are masked in it."""
    hidden = [voucher.code for voucher in vouchers if is_masked(voucher, reveals=reveals)]
    for code in sorted(hidden, key=len, reverse=True):  # one may be the beginning of another
        for written in {code, escape(code), quote(code, safe="")}:
            text = text.replace(written, mask(code))
    return text
