"""Searches only the newest rows of a history when no index serves the question, and continues from where it ended.

Pages stay fast this way and say how far they searched: "no matches" only after searching everything (ADR 0010).
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet

from config.staff.lists.keyset import Compare


class Edge(NamedTuple):
    """The oldest row that was searched. There are older ones."""

    at: datetime
    key: int


class Look(NamedTuple):
    rows: QuerySet
    edge: Edge | None  # None: these are all


def newest(rows: QuerySet, most: int, *, moment: str = "created_at") -> Look:
    """The newest `most` of them, found through the index in whose order they stand.

    By moment and key: thousands may share one moment, as an import writes them.
    """
    last_two = list(rows.order_by(f"-{moment}", "-pk").values_list(moment, "pk")[most - 1 : most + 1])
    if len(last_two) < 2:
        return Look(rows, None)
    edge = Edge(*last_two[0])
    return Look(rows.filter(Compare([moment, "pk"], ">=", edge)), edge)


def older_than(rows: QuerySet, key: int, *, moment: str = "created_at") -> QuerySet:
    """What comes after the row of this key, where a look ended. All of them where there is no such row."""
    at = rows.model._base_manager.filter(pk=key).values_list(moment, flat=True).first()
    return rows if at is None else rows.filter(Compare([moment, "pk"], "<", [at, key]))
