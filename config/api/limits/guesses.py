"""Limits how often a key that must not see unpublished codes may ask for codes it does not find, so that guessing is
slow.
"""

from __future__ import annotations

import math

from django.conf import settings

from config.api.auth import Key, RateLimit
from config.api.door import ApiError

misses = RateLimit()


def refuse_guessers(key: Key) -> None:
    """Call it before looking up a code, so that a correct guess is refused like the others."""
    if not key.may_all and (wait := misses.wait(key.pk, settings.API_GUESS_LIMIT)):
        raise ApiError(
            429,
            "too_many_requests",
            "Too many requests",
            f"This key asked for {settings.API_GUESS_LIMIT:,} codes that it cannot find within a minute.",
            headers={"Retry-After": str(math.ceil(wait)), "X-Rate-Limit-Type": "CODES_NOT_FOUND"},
        )


def count_miss(key: Key, codes: int = 1) -> None:
    if not key.may_all:
        misses.take(key.pk, settings.API_GUESS_LIMIT, count=codes)
