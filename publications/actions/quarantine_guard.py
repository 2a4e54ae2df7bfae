"""Refuses to publish while a quarantine is open."""

from __future__ import annotations

from django.db import connection

from config.staff.quarantine import current, reason
from publications.refusals import Quarantined


def refuse_if_quarantined() -> None:
    """For doors, before anything is begun. Raises Quarantined."""
    if quarantine := current():
        raise Quarantined(reason(quarantine))


def keep_quarantine_away() -> None:
    """For transactions that publish by several statements: none opens before the commit. Raises Quarantined.

    Opening one waits for this lock; who publishes by one statement has it before its first look (open_quarantine.py).
    """
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE publications_publication IN ROW EXCLUSIVE MODE")
    refuse_if_quarantined()
