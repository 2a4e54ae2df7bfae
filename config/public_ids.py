"""Ids as the outside world sees them: `pub_8Gk2…`, made from the row's key. Reversible, nothing stored, no second index.

The alphabet is drawn once by the first migration and kept in the table `handout_identity`, which no model
maps, so that no form, flush or fixture can change it: every id ever given out depends on it.
"""

from __future__ import annotations

from functools import cache, cached_property, lru_cache

from django.db import connection
from django.urls import register_converter
from sqids import Sqids

PUBLICATION = "pub"
VOUCHER = "v"
CAMPAIGN = "camp"
CUSTOMER = "cust"
SEGMENT = "seg"
DISTRIBUTION = "dist"
EXPORT = "export"
RECALL = "recall"
ASYNC_ACTION = "aa"
REDEMPTION, FAILED_REDEMPTION, ROLLBACK, FAILED_ROLLBACK = "r", "rf", "rr", "rrf"
TRANSACTION, HOLDING, DELETION, ACTIVITY = "vtx", "rh", "del", "evcus"
WEBHOOK_ADDRESS, EVENT = "hook", "event"

_BIGGEST_KEY = 2**63 - 1


class _Sqids(Sqids):
    """What took most of the time of an id, once instead of each time. (Should the library call it otherwise one day, it is slow
    again.) An id is filled up with a shuffled alphabet, of which there are as many as it has letters. And it is compared with
    all words that nobody wants to read, five hundred; here only one in which four letters of such a word begin."""

    _Sqids__shuffle = lru_cache(maxsize=1024)(Sqids._Sqids__shuffle)  # type: ignore[attr-defined]

    @cached_property
    def _beginnings(self) -> frozenset[str]:
        words = (*self._Sqids__blocklist_match_anywhere, *self._Sqids__blocklist_match_at_ends)  # type: ignore[attr-defined]
        return frozenset(word[:4] for word in words)  # shorter words are looked for in ids of three letters alone

    def _Sqids__is_blocked_id(self, id_: str) -> bool:
        text, beginnings = id_.lower(), self._beginnings
        if not any(text[at : at + 4] in beginnings for at in range(len(text) - 3)):
            return False
        return super()._Sqids__is_blocked_id(id_)  # type: ignore[misc]


@cache
def _sqids() -> _Sqids:
    with connection.cursor() as cursor:
        cursor.execute("SELECT alphabet FROM handout_identity")
        (alphabet,) = cursor.fetchone()
    return _Sqids(alphabet=alphabet, min_length=16)


@lru_cache(maxsize=4096)  # making one takes 25 µs, and an answer holds the same few several times
def public_id(prefix: str, key: int) -> str:
    """`public_id("camp", 7)` -> "camp_…"."""
    return f"{prefix}_{_sqids().encode([key])}"


def key_of(prefix: str, text: str) -> int | None:
    """The row's key, or None where the text is no id of ours (another prefix, garbage, a second spelling)."""
    head, _, tail = text.partition("_")
    if head != prefix or not tail.isalnum() or not tail.isascii() or len(tail) > 40:
        return None
    numbers = _sqids().decode(tail)
    if len(numbers) != 1 or numbers[0] > _BIGGEST_KEY or _sqids().encode(numbers) != tail:
        return None
    return numbers[0]


KINDS_OF_ACTIONS = 16


def action_id(kind: int, key: int) -> str:
    """The `aa_…` id of an async action: which kind of work it is, and the key of that work's row."""
    return public_id(ASYNC_ACTION, key * KINDS_OF_ACTIONS + kind)


def action_of(text: str) -> tuple[int, int] | None:
    """(kind, key) of such an id, or None where the text is none."""
    number = key_of(ASYNC_ACTION, text)
    if number is None:
        return None
    key, kind = divmod(number, KINDS_OF_ACTIONS)
    return kind, key


class _Converter:
    """In an address: `<camp:campaign_id>` matches a public id and gives the row's key; a wrong id is a 404."""

    prefix = ""
    regex = ""

    def to_python(self, value: str) -> int:
        key = key_of(self.prefix, value)
        if key is None:
            raise ValueError(value)
        return key

    def to_url(self, key: int) -> str:
        return public_id(self.prefix, key)


for _prefix in (PUBLICATION, VOUCHER, CAMPAIGN, CUSTOMER, SEGMENT, EXPORT, WEBHOOK_ADDRESS, DISTRIBUTION, RECALL):
    _class = type(f"{_prefix}Id", (_Converter,), {"prefix": _prefix, "regex": _prefix + "_[0-9A-Za-z]{1,40}"})
    register_converter(_class, _prefix)
