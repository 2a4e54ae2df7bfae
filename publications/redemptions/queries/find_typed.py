"""Finds the code that somebody means who types it, reads it aloud or scans it: as it was meant, not as it was written."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection
from django.db.models import Q

from campaigns.codes.code_space import InvalidCodeConfiguration, code_space
from campaigns.codes.models import Voucher

LONGEST = 255
MOST_CAMPAIGNS = 2_000
ALIKE = ("0Oo", "1LlIi")  # taken for one another on paper

# The newest code of a campaign tells where codes that were imported have their dashes. By a range of one: an equality would let
# the planner walk down the primary key, for a campaign without codes through all there are.
SHAPES = """
SELECT c.code_charset, c.code_length, c.code_prefix, c.code_postfix, c.code_pattern, newest.code
  FROM campaigns_campaign c, LATERAL (SELECT v.code FROM codes_voucher v WHERE v.campaign_id BETWEEN c.id AND c.id
                                       ORDER BY v.campaign_id, v.id DESC LIMIT 1) AS newest
 WHERE c.deleted_at IS NULL ORDER BY c.created_at DESC, c.id DESC LIMIT %s
"""


class Shape(NamedTuple):
    """From left to right: a literal text, or None for a character of the alphabet ("": any letter or digit)."""

    layout: tuple[str | None, ...]
    alphabet: str


def find_typed(typed: str, *, sees_unpublished: bool) -> Voucher | None:
    """With its campaign; a deleted one, too. None where no code is meant, or where several may be.

    As typed, before all; else blanks, dashes and case are forgiven, and in codes that a campaign generated characters that
    look alike, where its alphabet has but one of them. Each spelling that is tried is a whole code: a part finds nothing.
    """
    typed = typed.strip()[:LONGEST]
    if not typed or "\x00" in typed:
        return None
    codes = Voucher.objects.select_related("campaign")
    if not sees_unpublished:
        codes = codes.filter(published_at__isnull=False)
    if found := codes.filter(code=typed).first():
        return found
    bare = _bare(typed)
    spellings = {
        typed,
        bare,
        "".join(typed.split()),
        *(typed.replace(blank, dash) for blank, dash in ((" ", "-"), ("_", "-"), ("–", "-"))),
    }
    spellings |= {each for text in list(spellings) for each in (text.upper(), text.lower())} | _in_shapes(bare)
    meant = list(codes.filter(Q(code__in=spellings - {""}))[:2])
    return meant[0] if len(meant) == 1 else None


def _bare(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def _in_shapes(bare: str) -> set[str]:
    if not bare:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(SHAPES, [MOST_CAMPAIGNS])
        campaigns = cursor.fetchall()
    shapes = {_of_sample(code) for *_, code in campaigns}
    for charset, length, prefix, postfix, pattern, _ in campaigns:
        try:
            space = code_space(charset=charset, length=length, prefix=prefix, postfix=postfix, pattern=pattern)
        except InvalidCodeConfiguration:
            continue  # one that was imported may have settings by which nothing could be generated
        shapes.add(Shape(space.layout, space.alphabet))
    return {code for shape in shapes if (code := fit(shape, bare)) is not None}


def _of_sample(code: str) -> Shape:
    return Shape(tuple(None if character.isalnum() else character for character in code), _case_of(code))


def _case_of(code: str) -> str:
    """ "A" or "a" where all letters are so; "" where both are among them."""
    return "A" if code.isupper() else "a" if code.islower() else ""


def fit(shape: Shape, bare: str) -> str | None:
    """The code of that shape which these letters and digits spell; None where they spell none, or more than one."""
    rest = list(bare)
    code: list[str] = []
    for part in shape.layout:
        if part is not None:
            for character in _bare(part):
                if not rest or not _alike(rest.pop(0), character):
                    return None
            code.append(part)
        elif not rest or (read := _read(rest.pop(0), shape.alphabet)) is None:
            return None
        else:
            code.append(read)
    return None if rest else "".join(code)


def _alike(typed: str, meant: str) -> bool:
    return typed.upper() == meant.upper() or any(typed in group and meant in group for group in ALIKE)


def _read(typed: str, alphabet: str) -> str | None:
    """The one character of the alphabet that is meant."""
    if alphabet in ("", "A", "a"):
        return {"A": typed.upper(), "a": typed.lower()}.get(alphabet, typed)
    if typed in alphabet:
        return typed
    for meant in (
        [each for each in alphabet if each.upper() == typed.upper()],
        [each for each in alphabet if _alike(typed, each)],
    ):
        if meant:
            return meant[0] if len(meant) == 1 else None
    return None
