"""The codes of a hand-out by state: settled, returned, or still open."""

from __future__ import annotations

from typing import NamedTuple

from publications.models import Publication


class Standing(NamedTuple):
    handed_out: int
    settled: int  # a customer is known
    returned: int  # or released since
    open: int  # nobody has told yet


def standing_of(hand_out: Publication) -> Standing:
    """By the two partial indexes: what is open need not be counted, however many it is."""
    settled = hand_out.ledger.filter(settled_to__isnull=False, released_at=None).count()
    returned = hand_out.ledger.filter(released_at__isnull=False).count()
    return Standing(hand_out.voucher_count, settled, returned, hand_out.voucher_count - settled - returned)
