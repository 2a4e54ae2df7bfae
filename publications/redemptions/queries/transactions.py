"""What happened to one gift voucher's balance."""

from __future__ import annotations

from django.db.models import Q

from publications.redemptions.models import Transaction


def list_transactions(voucher: int, *, newest_first: bool, after: int | None, limit: int) -> list[Transaction]:
    """Of one voucher (its key), from the transaction `after` (a key) on; none where that is not one of its own."""
    rows = Transaction.objects.filter(voucher=voucher)
    if after is not None:
        last = rows.filter(key=after).first()
        if last is None:
            return []
        way = "lt" if newest_first else "gt"
        beside = Q(created_at=last.created_at, **{f"key__{way}": last.key})
        rows = rows.filter(Q(**{f"created_at__{way}": last.created_at}) | beside)
    order = ("-created_at", "-key") if newest_first else ("created_at", "key")
    return list(rows.order_by(*order)[:limit])
