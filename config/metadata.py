"""Metadata: what a caller hangs on a campaign, voucher, customer or publication. A JSON object of at most 32 KB."""

from __future__ import annotations

import json
from typing import Any

MAX_BYTES = 32 * 1024
MAX_DEPTH = 20
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


class MetadataRefused(ValueError):
    """Not an object, too large, too deep, or holding what PostgreSQL cannot store. The message says how to mend it."""


def check_metadata(value: Any, *, called: str = "Metadata", largest: int = MAX_BYTES) -> dict:
    """The metadata as it may be stored; None counts as empty. Raises MetadataRefused, which says what it is `called`.

    For other free JSON too, perhaps with another bound of its size (`largest`, in bytes).
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MetadataRefused(f'{called} must be a JSON object, such as {{"lang": "en"}}.')
    if depth_of(value) > MAX_DEPTH:
        raise MetadataRefused(f"{called} can be nested at most {MAX_DEPTH} levels deep.")
    try:
        text = _ENCODER.encode(value)
        size = len(text.encode())
    except UnicodeEncodeError:
        raise MetadataRefused(f"{called} contains half a character (a lone surrogate); remove it.") from None
    except ValueError:  # NaN, or a number such as 1e999, which Python reads as infinity
        raise MetadataRefused(f"{called} contains a number that is too large to store; remove it.") from None
    if size > largest:
        raise MetadataRefused(f"{called} can have at most {largest // 1024} KB; this is {size / 1024:.0f} KB.")
    if "\\u0000" in text and holds_nul(value):  # it may also be those six characters
        raise MetadataRefused(f"{called} contains a NUL character (\\u0000), which cannot be stored; remove it.")
    return value


def holds_nul(value: Any) -> bool:
    """Whether a NUL stands in any key or string of a JSON value."""
    open_values = [value]
    while open_values:
        current = open_values.pop()
        if isinstance(current, str):
            if "\x00" in current:
                return True
        elif isinstance(current, dict):
            open_values.extend(current)
            open_values.extend(current.values())
        elif isinstance(current, list):
            open_values.extend(current)
    return False


def depth_of(value: Any) -> int:
    """Levels of nesting, counted without recursion, so that a hostile body cannot exhaust the stack."""
    if isinstance(value, dict) and not any(isinstance(each, (dict, list)) for each in value.values()):
        return 1
    deepest, open_values = 0, [(value, 1)]
    while open_values:
        current, level = open_values.pop()
        deepest = max(deepest, level)
        children = current.values() if isinstance(current, dict) else current if isinstance(current, list) else ()
        open_values.extend((child, level + 1) for child in children)
    return deepest
