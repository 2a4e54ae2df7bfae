"""Begins again what the database rolled back to break a circle of locks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected

TRIES = 5
Result = TypeVar("Result")


def again_after_a_deadlock(work: Callable[[], Result]) -> Result:
    """What was rolled back is as if it had never begun. Inside a transaction all of that is gone: then the caller's is to
    begin again, and the error is raised."""
    for left in reversed(range(TRIES)):
        try:
            return work()
        except OperationalError as problem:
            if not left or connection.in_atomic_block or not isinstance(problem.__cause__, DeadlockDetected):
                raise
    raise AssertionError("unreachable")
