"""Finds the code that a caller wants to redeem or validate, as far as the key may know of it."""

from __future__ import annotations

from collections.abc import Callable

from campaigns.codes.models import Voucher
from campaigns.codes.queries.find import VoucherNotFound, find_voucher
from config.api.auth import Key
from config.api.limits.guesses import count_miss, refuse_guessers


def find_to_redeem(key: Key, reference: str) -> Voucher:
    """To keys below `all` an unpublished code is one that does not exist, also by its id. Raises VoucherNotFound."""
    refuse_guessers(key)
    try:
        voucher = find_voucher(reference, published=not key.may_all)
        if voucher.published_at is None and not key.may_all:
            raise VoucherNotFound(reference)
    except VoucherNotFound:
        count_miss(key)
        raise
    return voucher


def finder(key: Key) -> Callable[[str], Voucher]:
    return lambda reference: find_to_redeem(key, reference)
