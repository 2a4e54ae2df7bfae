"""Plans a statement for the very values that it is given, instead of once for all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def plan_for_values() -> Iterator[None]:
    """For what counts up to a limit. A prepared statement is planned for any campaign, say, and for one of average size
    among a few large ones a scan of all rows looks cheap, since the limit ends it soon: for one of 1,000 codes it goes
    through everybody's. Costs no round trip.
    """
    connection.ensure_connection()
    driver = connection.connection
    before, driver.prepare_threshold = driver.prepare_threshold, None
    try:
        yield
    finally:
        driver.prepare_threshold = before
