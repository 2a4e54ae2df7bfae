"""Deletes failed attempts to publish whose days are over (project settings). Successful ones are kept for good."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from config.models import ProjectSettings

BATCH = 10_000  # rows in one statement, so that no lock and no transaction lasts long

STATEMENT = """
DELETE FROM publications_publication WHERE id IN (
    SELECT id FROM publications_publication WHERE result = 'FAILURE' AND created_at < %s LIMIT %s)
"""


def delete_old_failures() -> int:
    """How many rows were deleted. May be interrupted, and run again."""
    oldest = timezone.now() - timedelta(days=ProjectSettings.current().keep_failures_days)
    deleted = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(STATEMENT, [oldest, BATCH])
            deleted += cursor.rowcount
            if cursor.rowcount < BATCH:
                return deleted
