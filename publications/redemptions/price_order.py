"""Works out what codes take off an order: what a code is worth as it is configured, and no rules or prices beside it.

Pure: it knows the order as it was sent and what the codes are worth. All amounts are whole hundredths, rounded half up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from campaigns.codes.models import Voucher
from campaigns.models import Value

Discount = Value.Discount
LARGEST = 2**63 - 1  # what a column and the JSON of callers hold


class Worth(NamedTuple):
    """What a code takes off, as it is configured: 10.5 is 10.5 % or 10.50 of the currency. `unit`: which item is free."""

    kind: str | None  # a Value.Discount, "GIFT", or None: nothing
    value: Decimal | None = None
    unit: str = ""


class Priced(NamedTuple):
    """An order after one code of several: what that code took off, and what all did so far."""

    amount: int
    applied: int
    total: int


def worth_of(voucher: Voucher, gift_credits: Decimal | None) -> Worth:
    """`gift_credits`: what a gift voucher shall pay, as its balance counts. Of the rest, what is not the voucher's own is its
    campaign's."""
    if voucher.type == Voucher.Type.GIFT:
        return Worth("GIFT", Decimal(gift_credits or 0))
    own = voucher if voucher.discount_type else voucher.campaign
    if not own or own.discount_value is None:
        return Worth(None)
    return Worth(own.discount_type, Decimal(own.discount_value), own.unit_type)


def price_order(order: Mapping[str, Any] | None, worths: Sequence[Worth]) -> list[Priced] | None:
    """The order after each of the codes, in the order given: each takes its part of what the ones before left, and no
    more than that. None where the order tells no amount.
    """
    amount = amount_of(order)
    if amount is None:
        return None
    units = _Units((order or {}).get("items") or [])
    priced, left = [], amount
    for worth in worths:
        taken = min(max(_taken_off(worth, left, units.take), 0), left)
        left -= taken
        priced.append(Priced(amount, taken, amount - left))
    return priced


def amount_of(order: Mapping[str, Any] | None) -> int | None:
    """As it was sent; else the sum of its items, where each has a price."""
    if not order:
        return None
    if order.get("amount") is not None:
        return order["amount"]
    sums = [_sum_of(item) for item in order.get("items") or []]
    if not sums or None in sums:
        return None
    total = max(sum(each for each in sums if each is not None), 0)
    return total if total <= LARGEST else None


def with_amount(order: dict[str, Any] | None) -> dict[str, Any] | None:
    """What is kept: the items of an order may be erased later, its amount stays."""
    amount = amount_of(order)
    return order if not order or amount is None else order | {"amount": amount}


def amounts_told(order: Mapping[str, Any], priced: Priced) -> dict[str, int]:
    """In Voucherify's words. `applied…` is what this code took off, `…discount_amount` what all did so far."""
    return {
        "amount": priced.amount,
        "initial_amount": order.get("initial_amount", priced.amount),
        "discount_amount": priced.total,
        "total_discount_amount": priced.total,
        "applied_discount_amount": priced.applied,
        "total_applied_discount_amount": priced.applied,
        "total_amount": priced.amount - priced.total,
    }


def _taken_off(worth: Worth, left: int, take_units: Callable[[str, int], int]) -> int:
    value = Fraction(worth.value or 0)
    match worth.kind:
        case Discount.PERCENT:
            return _rounded(left * value / 100)
        case Discount.AMOUNT | "GIFT":
            return _rounded(value * 100)
        case Discount.FIXED:
            return left - _rounded(value * 100)
        case Discount.UNIT:
            return take_units(worth.unit, int(value))
    return 0


class _Units:
    """The units that an order holds, each of which is free once."""

    def __init__(self, items: Sequence[Mapping[str, Any]]) -> None:
        self.items = [(item, _price_of(item)) for item in items]
        self.left = [max(_whole(item.get("quantity"), 1), 0) for item in items]

    def take(self, unit: str, wanted: int) -> int:
        """The price of so many units, as far as the order holds and prices them."""
        price = 0
        for place, (item, each) in enumerate(self.items):
            if each is not None and _is_called(item, unit):
                free = min(wanted, self.left[place])
                self.left[place] -= free
                wanted -= free
                price += _rounded(each * free)
        return price


def _is_called(item: Mapping[str, Any], unit: str) -> bool:
    """By any id or name that the item, its product or its SKU has."""
    product, sku = item.get("product") or {}, item.get("sku") or {}
    names = (item.get("product_id"), item.get("sku_id"), item.get("source_id"))
    called = (thing.get(name) for thing in (product, sku) for name in ("id", "source_id", "name", "sku"))
    return unit in (*names, *called)


def _price_of(item: Mapping[str, Any]) -> Fraction | None:
    """Of one unit."""
    for thing in (item, item.get("sku") or {}, item.get("product") or {}):
        if (price := _whole(thing.get("price"))) is not None:
            return Fraction(price)
    amount, quantity = _whole(item.get("amount")), _whole(item.get("quantity"))
    return Fraction(amount, quantity) if amount is not None and quantity else None


def _sum_of(item: Mapping[str, Any]) -> int | None:
    if (amount := _whole(item.get("amount"))) is not None:
        return amount
    price = _price_of(item)
    return None if price is None else int(price) * _whole(item.get("quantity"), 1)


def _whole(sent: Any, absent: int | None = None) -> Any:
    """Products and SKUs are kept as they were sent, whatever stands there."""
    return sent if isinstance(sent, int) and not isinstance(sent, bool) else absent


def _rounded(hundredths: Fraction) -> int:
    """Half up."""
    return (2 * hundredths + 1) // 2
