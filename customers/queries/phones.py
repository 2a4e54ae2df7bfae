"""Phone numbers as people type them: +43 660 1234567, 0043 660/1234567 and 0660-123 45 67 are the same."""

from __future__ import annotations

import re

TYPED = re.compile(r"\+?[0-9\s()./–-]+")
NO_DIGIT = re.compile(r"[^0-9]")
FEWEST = 6  # digits; fewer are more often a part of something else
# So many digits at the end tell numbers apart whatever stands before them: a country's code, a zero, both or neither.
TELLING = 9


def beginning_of(text: str) -> str | None:
    """The digits of what looks like a phone number or the beginning of one; None for other text."""
    digits = NO_DIGIT.sub("", text).removeprefix("00")
    return digits if TYPED.fullmatch(text.strip()) and len(digits) >= FEWEST else None


def ending_of(text: str) -> str | None:
    """The last digits that a number must have to be the one meant by this."""
    digits = beginning_of(text)
    ending = digits and digits.lstrip("0")[-TELLING:]
    return ending if ending and len(ending) >= FEWEST else None


def is_same(phone: str, typed: str) -> bool:
    """Whether the customer's whole number was typed, apart from its country code and leading zero."""
    ending, stored = ending_of(typed), ending_of(phone)
    return ending is not None and ending == stored
