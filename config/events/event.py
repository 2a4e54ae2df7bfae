"""An event as consumers receive it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Event(NamedTuple):
    """A row of the outbox: `object_key` is the key of the publication, redemption, order, … that `kind` is about."""

    key: int
    kind: str
    object_key: int
    created_at: datetime
