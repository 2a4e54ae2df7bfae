"""Gives memory back to the system after a request that needed much of it.

Python frees what a body of ten megabytes was read into, but the C library keeps it: a web process of 90 MB stayed at
several hundred.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

LARGE = 1024 * 1024  # bytes of a body of JSON

# Of glibc. Elsewhere (musl, macOS) there is none, and freed memory goes back by itself.
_malloc_trim = None
with suppress(OSError, AttributeError):
    _malloc_trim = ctypes.CDLL(None).malloc_trim


def give_memory_back() -> None:
    gc.collect()  # errors and their frames refer to each other
    if _malloc_trim:
        _malloc_trim(0)
