"""What a configuration's codes look like, how many there can be, and how they are drawn at random."""

from __future__ import annotations

import secrets
from codecs import charmap_decode
from collections.abc import Iterator
from itertools import product
from math import ceil, log
from typing import NamedTuple

# Without 0 and O, 1 and I: a code is read aloud and typed from paper. 32 characters are 5 bits each.
UNAMBIGUOUS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LONGEST_CODE = 255
# The words of the API's addresses below vouchers/, now or once: a code of that name could not be told from them.
RESERVED = set(
    """publish generate import importCSV validate validations redemption redemptions rollback rollbacks balance
    transactions publications enable disable qualification qualifications examine bulk metadata async""".split()
)
LARGEST_ALPHABET = 255  # a random byte stands for one of its characters


class InvalidCodeConfiguration(ValueError):
    """`field` (charset, length, pattern, prefix or postfix) cannot be used; `message` says why, and what would work."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class CodeSpaceTooSmall(ValueError):
    """The configuration cannot give as many codes as are wanted. The text shows staff the arithmetic."""


class CodeSpace(NamedTuple):
    """All codes that a configuration can give. Create it with `code_space()`, which rejects invalid configurations.

    `layout` is the code from left to right: literal text, or None for one random character of the alphabet.
    """

    alphabet: str
    layout: tuple[str | None, ...]

    @property
    def places(self) -> int:
        return self.layout.count(None)

    @property
    def size(self) -> int:
        return len(self.alphabet) ** self.places

    @property
    def arithmetic(self) -> str:
        """ "32 characters over 8 random places give 1,099,511,627,776 codes"."""
        places = f"{self.places} random position{'s' if self.places > 1 else ''}"
        return f"{len(self.alphabet)} characters in {places} give {self.size:,} codes"

    def draw(self, count: int) -> list[str]:
        """`count` random codes of the space, all equally likely; a code may appear twice."""
        places, form = self.places, self._form
        characters = self._random_characters(count * places)
        return [form % tuple(characters[at : at + places]) for at in range(0, count * places, places)]

    def all(self) -> Iterator[str]:
        """Every code of the space, in order. Only for small spaces."""
        form = self._form
        return (form % characters for characters in product(self.alphabet, repeat=self.places))

    def places_needed(self, codes: int) -> int:
        """How many random positions this alphabet needs for that many codes."""
        places = max(1, ceil(log(codes, len(self.alphabet)))) if codes > 1 else 1
        while len(self.alphabet) ** places < codes:  # the logarithm of a big number is slightly off
            places += 1
        while places > 1 and len(self.alphabet) ** (places - 1) >= codes:
            places -= 1
        return places

    def must_hold(self, wanted: int, *, taken: int = 0, about: bool = False) -> None:
        """Raises `CodeSpaceTooSmall` unless `wanted` codes fit in addition to the `taken` ones (`about`: an estimate)."""
        if taken + wanted > self.size:
            raise CodeSpaceTooSmall(
                f"{self.arithmetic}; {'about ' if about and taken else ''}{taken:,} already exist, and {wanted:,} more were requested: "
                f"use at least {self.places_needed(taken + wanted)} random positions, or more characters."
            )

    @property
    def _form(self) -> str:
        return "".join("%s" if part is None else part.replace("%", "%%") for part in self.layout)

    def _random_characters(self, count: int) -> str:
        """Cryptographically random and unbiased: bytes above the largest multiple of the alphabet's size are rejected.

        Whole blocks of bytes are mapped at once (77 times as fast as a `secrets.choice` for each character).
        """
        size = len(self.alphabet)
        fair = 256 - 256 % size
        rejected = bytes(range(fair, 256))
        mapping = (self.alphabet * (256 // size + 1))[:256]
        drawn: list[str] = []
        while count > 0:
            block = secrets.token_bytes(count * 256 // fair + 16).translate(None, rejected)[:count]
            drawn.append(charmap_decode(block, "strict", mapping)[0])
            count -= len(block)
        return "".join(drawn)


def code_space(
    *, charset: str = UNAMBIGUOUS, length: int = 8, prefix: str = "", postfix: str = "", pattern: str = ""
) -> CodeSpace:
    """The space of a configuration, or `InvalidCodeConfiguration`.

    In `pattern` each `#` is a random character and the rest is literal; it overrides `length`. Prefix and postfix
    stand around either. The rules are the contract's `code_config`.
    """
    if len(charset) > LARGEST_ALPHABET:
        raise InvalidCodeConfiguration("charset", f"Use at most {LARGEST_ALPHABET} different characters.")
    if len(set(charset)) < len(charset):
        twice = next(c for c in charset if charset.count(c) > 1)
        raise InvalidCodeConfiguration("charset", f"“{twice}” appears twice. List each character once.")
    if len(charset) < 2:
        raise InvalidCodeConfiguration("charset", "Use at least 2 different characters.")
    total = len(prefix) + (len(pattern) or length) + len(postfix)
    if total > LONGEST_CODE:  # asked before anything as long as that is made
        field = "pattern" if pattern else "length"
        raise InvalidCodeConfiguration(field, f"Codes would have {total} characters; the maximum is {LONGEST_CODE}.")
    for field, text in (("charset", charset), ("prefix", prefix), ("postfix", postfix), ("pattern", pattern)):
        if any(c.isspace() or not c.isprintable() for c in text):
            raise InvalidCodeConfiguration(field, "Codes cannot contain spaces or invisible characters.")
    if pattern and "#" not in pattern:
        raise InvalidCodeConfiguration("pattern", "Include at least one #. Each # becomes a random character.")
    if not pattern and length < 1:
        raise InvalidCodeConfiguration("length", "Use at least 1 random character.")
    middle = [None if c == "#" else c for c in pattern] if pattern else [None] * length
    return CodeSpace(charset, (prefix, *middle, postfix))
