"""Deletes entries of the API call log after 30 days."""

from __future__ import annotations

from django.db import connection

KEEP_DAYS = 30
BATCH = 20_000  # rows a transaction: short enough that nothing waits for it

# Rows are written as they come in, so the BRIN index leads to the few blocks of the table that hold old ones.
DELETE = """DELETE FROM api_apicall WHERE id IN (
    SELECT id FROM api_apicall WHERE at < now() - make_interval(days => %s) LIMIT %s)"""


def delete_old_calls(*, batch: int = BATCH) -> int:
    """Returns how many were deleted. Can be stopped and run again at any time."""
    deleted = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(DELETE, [KEEP_DAYS, batch])
            deleted += cursor.rowcount
            if cursor.rowcount < batch:
                return deleted
