"""Generates codes: draws them from a space until the database has accepted as many new ones as were asked for."""

from __future__ import annotations

import hashlib
from secrets import SystemRandom
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from campaigns.codes.code_space import CodeSpace
from config.advisory_locks import Lock

ROUNDS = 20  # of drawing again what collided, before giving up on chance
COUNTABLE = 100_000  # a space up to this size is looked through code by code
MOST_DRAWN = 100_000  # codes in one round
BY_COPY_FROM = 1_000  # codes; fewer are not worth a temporary table
SMALL_SPACE = 1_000_000  # codes; those who fill one up do it one after the other


class CodeSpaceExhausted(Exception):
    """Too few free codes are left in the space. The text shows staff the arithmetic; the caller rolls back."""


def make_codes(space: CodeSpace, *, count: int, **columns: Any) -> int:
    """Inserts exactly `count` new vouchers with random codes, in the caller's transaction; returns `count`.

    `columns` are the voucher's other columns, by their database names (campaign_id=…, type=…). Codes are unique across
    the server, so a code of another campaign or a deleted one collides too. Raises `CodeSpaceExhausted`; the caller's
    transaction must then not commit.
    """
    if space.size <= SMALL_SPACE:
        _lock(space)
    # All in one statement, or none: who waits for another's codes with some of an earlier statement in hand could wait in
    # a circle, where two spaces overlap.
    found = list(dict.fromkeys(space.draw(count)))
    for again in range(1, ROUNDS + 1):
        if len(found) == count and _insert(found, columns):
            return count
        # A small space that collided is looked through at once: drawing from what is nearly full finds nothing.
        if space.size <= COUNTABLE:
            free = _free(list(space.all()))
            found = SystemRandom().sample(free, min(count, len(free)))
            if len(free) < count:
                break
        else:
            found = _free(found)
            missing = count - len(found)
            drawn = _free(space.draw(min(missing << again, max(missing, MOST_DRAWN))))
            found = list(dict.fromkeys(found + drawn))[:count]
    raise CodeSpaceExhausted(
        f"{space.arithmetic}, and too few are free: found only {len(found):,} of {count:,}. "
        f"Give the campaign more random positions or more characters."
    )


def make_code(space: CodeSpace, **columns: Any) -> int:
    """Inserts one new voucher the way make_codes() does; returns its key."""
    make_codes(space, count=1, **columns)
    with connection.cursor() as cursor:
        # Of one code the last key drawn is its own: those drawn before it collided.
        cursor.execute("SELECT currval(pg_get_serial_sequence('codes_voucher', 'id'))")
        return cursor.fetchone()[0]


def codes_taken(space: CodeSpace) -> tuple[int, bool]:
    """How many codes of the space exist on the server, and whether that is an estimate.

    Counted for a small space; otherwise estimated from a random sample, which costs the same however many codes exist.
    """
    if space.size <= COUNTABLE:
        return space.size - len(_free(list(space.all()))), False
    sample = list(set(space.draw(2_000)))
    return space.size * (len(sample) - len(_free(sample))) // len(sample), True


def _free(codes: list[str]) -> list[str]:
    """The codes that do not exist yet, each once, in the given order (which is random: cut it anywhere)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT code FROM codes_voucher WHERE code = ANY(%s)", [codes])
        taken = {code for (code,) in cursor.fetchall()}
    return [code for code in dict.fromkeys(codes) if code not in taken]


def _lock(space: CodeSpace) -> None:
    """One caller at a time in this space (or, by chance, in another with the same hash), until the transaction ends."""
    form = "".join("\0" if part is None else part for part in space.layout)
    key = hashlib.sha256("\0\0".join([*sorted(space.alphabet), form]).encode()).digest()
    Lock.CODE_SPACE.hold(int.from_bytes(key[:5]))


def _insert(codes: list[str], columns: dict) -> bool:
    """Inserts the codes if all of them are new; otherwise inserts none and returns False."""
    before = transaction.savepoint() if len(codes) > 1 else None
    all_new = _insert_new(codes, columns) == len(codes)
    if before and all_new:
        transaction.savepoint_commit(before)
    elif before:
        transaction.savepoint_rollback(before)
    return all_new


def _insert_new(codes: list[str], columns: dict) -> int:
    with connection.cursor() as cursor:
        if len(codes) < BY_COPY_FROM:
            cursor.execute(_statement("unnest(%s::text[]) AS new (code)", columns), [*columns.values(), codes])
            return cursor.rowcount
        cursor.execute("CREATE TEMPORARY TABLE new_code (code text) ON COMMIT DROP")
        with cursor.copy("COPY new_code FROM STDIN") as copy:
            copy.write("".join(f"{code}\n" for code in codes).replace("\\", r"\\"))
        cursor.execute(_statement("new_code", columns), [*columns.values()])
        made = cursor.rowcount
        cursor.execute("DROP TABLE new_code")
        return made


def _statement(source: str, columns: dict) -> sql.Composed:
    """The ids are drawn in the order of the source, which is random: else a published code would tell, by the ids next to
    its own, between which codes the unpublished ones lie. The rows go in sorted, so that two who insert never wait in a
    circle."""
    return sql.SQL(
        "INSERT INTO codes_voucher (id, code, {names}) SELECT id, code, {values} FROM"
        " (SELECT nextval((SELECT pg_get_serial_sequence('codes_voucher', 'id')::regclass)) AS id, code"
        " FROM {source}) AS numbered"
        ' ORDER BY code COLLATE "C" ON CONFLICT DO NOTHING'
    ).format(
        names=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join(sql.Placeholder() for _ in columns),
        source=sql.SQL(source),
    )
