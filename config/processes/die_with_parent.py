"""A child that ends when its parent does, even when the parent is killed outright and can tell nobody."""

from __future__ import annotations

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1
# Loaded here and not in the child, where between fork and exec no library may be loaded.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(how: int = signal.SIGTERM) -> None:
    """Asks the kernel to send this process `how` when its parent dies. Only Linux can; elsewhere nothing is done."""
    if _libc:
        _libc.prctl(_PR_SET_PDEATHSIG, int(how))
