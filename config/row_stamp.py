"""Names a row by something that is never used again, for signed links.

Its key alone may be: a backup is restored, and what is made next gets the keys of rows that are lost, whose links are out
in the world. With the microsecond of its making it is the same row or none.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def row_stamp(created_at: datetime) -> int:
    return (created_at - EPOCH) // timedelta(microseconds=1)
