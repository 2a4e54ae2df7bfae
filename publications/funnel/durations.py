"""Durations as the funnel keeps and shows them: whole minutes up to an hour, whole hours up to two days, then whole days.

A bucket is one duration as it is shown. So the median over buckets is exactly the median of all durations, rounded down to
that unit: rounding down changes no order.
"""

from __future__ import annotations

MINUTES, HOURS = 60, 48  # where the next unit begins
OF_DAYS = MINUTES + HOURS - 1  # the bucket of 2 days


def bucket_sql(duration: str) -> str:
    """SQL of the bucket of an interval; null where it is negative, or not known."""
    seconds = f"extract(epoch FROM {duration})"
    return f"""(CASE WHEN {seconds} < 0 THEN NULL
                     WHEN {seconds} < 3600 THEN floor({seconds} / 60)
                     WHEN {seconds} < {HOURS} * 3600 THEN {MINUTES - 1} + floor({seconds} / 3600)
                     ELSE {OF_DAYS - 2} + floor({seconds} / 86400) END)::int"""


def in_words(bucket: int | None) -> str:
    """ "12 min", "5 h", "3 days"; "" of none."""
    if bucket is None:
        return ""
    if bucket < MINUTES:
        return f"{bucket} min" if bucket else "under 1 min"
    if bucket < OF_DAYS:
        return f"{bucket - MINUTES + 1} h"
    return f"{bucket - OF_DAYS + 2} days"


# The same, of a column or name `bucket`.
IN_WORDS_SQL = f"""CASE WHEN bucket = 0 THEN 'under 1 min'
     WHEN bucket < {MINUTES} THEN bucket || ' min'
     WHEN bucket < {OF_DAYS} THEN (bucket - {MINUTES - 1}) || ' h'
     ELSE (bucket - {OF_DAYS - 2}) || ' days' END"""
