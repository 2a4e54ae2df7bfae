"""Forgets idempotency keys a day after their call; such a key then counts as new."""

from __future__ import annotations

from django.db import connection

BATCH = 20_000  # rows a transaction: short enough that nothing waits for it
DELETE = """DELETE FROM api_idempotentcall WHERE id IN (
    SELECT id FROM api_idempotentcall WHERE created_at < now() - interval '24 hours' LIMIT %s)"""


def delete_old_idempotent_calls(*, batch: int = BATCH) -> int:
    """Returns how many were deleted. Can be stopped and run again at any time."""
    deleted = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(DELETE, [batch])
            deleted += cursor.rowcount
            if cursor.rowcount < batch:
                return deleted
