"""Hashes passwords, two at a time in each process: each takes a processor half a second, and many at once took all of them."""

from __future__ import annotations

from threading import BoundedSemaphore

from django.contrib.auth.hashers import PBKDF2PasswordHasher

AT_ONCE = 2
PATIENCE = 5.0  # seconds to wait for one's turn

_turns = BoundedSemaphore(AT_ONCE)


class TooManyPasswords(Exception):
    """Too many passwords are being checked or set at this moment."""


class TakingTurns(PBKDF2PasswordHasher):
    """Django's own hasher under its own name, so that every password that was ever set keeps working."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        if not _turns.acquire(timeout=PATIENCE):
            raise TooManyPasswords
        try:
            return super().encode(password, salt, iterations)
        finally:
            _turns.release()
