"""Withdraws the codes that a file names, such as a shop's log: whoever stands there has them.

A code that was made after the backup is not known here. It comes in as withdrawn, so that it can be redeemed, and is never
made again; for its value the campaign must be known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Q

from campaigns.codes.code_space import LONGEST_CODE
from campaigns.models import Campaign
from config.actor import Actor
from config.public_ids import CAMPAIGN, key_of
from config.staff.audit import record

CHUNK = 5_000  # rows in one transaction
SHOWN = 20  # problems that are told one by one

WITHDRAW = """
WITH listed AS MATERIALIZED (
    SELECT DISTINCT ON (code) * FROM unnest(%(codes)s::text[], %(campaigns)s::bigint[], %(types)s::text[])
        AS row (code, campaign_id, type) ORDER BY code, campaign_id NULLS LAST
), known AS MATERIALIZED (
    SELECT v.id, v.code, v.published_at IS NULL AND v.withdrawn_at IS NULL AND v.deleted_at IS NULL AS free
      FROM codes_voucher v JOIN listed ON listed.code = v.code ORDER BY v.id FOR UPDATE OF v
), withdrawn AS (
    UPDATE codes_voucher v SET withdrawn_at = now(), withdrawn_why = 'held_back', updated_at = now()
      FROM known WHERE v.id = known.id AND known.free RETURNING v.id
), added AS (
    INSERT INTO codes_voucher (campaign_id, code, type, withdrawn_at, withdrawn_why)
    SELECT campaign_id, code, type, now(), 'held_back' FROM listed
     WHERE campaign_id IS NOT NULL AND code NOT IN (SELECT code FROM known) ORDER BY code COLLATE "C"
    ON CONFLICT DO NOTHING RETURNING code
)
SELECT (SELECT count(*) FROM withdrawn), (SELECT count(*) FROM known WHERE NOT free), (SELECT count(*) FROM added),
       ARRAY(SELECT code FROM listed WHERE campaign_id IS NULL AND code NOT IN (SELECT code FROM known))
"""


class Listed(NamedTuple):
    row: int  # as a spreadsheet numbers it
    code: str
    campaign: str  # its name or id; "" where the file does not say


class Outcome:
    """What became of the file's codes. `problems`: sentences about the first SHOWN of `refused`."""

    def __init__(self) -> None:
        self.withdrawn = self.given = self.added = self.refused = 0
        self.problems: list[str] = []

    def refuse(self, problem: str) -> None:
        self.refused += 1
        if len(self.problems) < SHOWN:
            self.problems.append(problem)


def withdraw_listed(rows: Iterable[Listed], *, campaign: Campaign | None = None, by: Actor) -> Outcome:
    """`campaign` is used for unknown codes whose row names none. Safe to run again: withdrawn codes stay withdrawn."""
    outcome, campaigns = Outcome(), _Campaigns(campaign)
    source = iter(rows)
    while chunk := list(islice(source, CHUNK)):
        with transaction.atomic(), connection.cursor() as cursor:
            _withdraw(cursor, list(_read(chunk, campaigns, outcome)), outcome)
    if outcome.withdrawn or outcome.added:
        record(
            "codes.listed_withdrawn", by=by, withdrawn=outcome.withdrawn, added=outcome.added, given=outcome.given,
            refused=outcome.refused,
        )  # fmt: skip
    return outcome


class _Campaigns:
    """(key, type of its vouchers) by name or id, each looked up once."""

    def __init__(self, otherwise: Campaign | None) -> None:
        self.otherwise = (otherwise.pk, str(otherwise.voucher_type)) if otherwise else (None, None)
        self.found: dict[str, tuple[int, str] | None] = {}

    def find(self, called: str) -> tuple[int, str] | None:
        if called not in self.found:
            named = Campaign.objects.live().filter(Q(name=called) | Q(pk=key_of(CAMPAIGN, called) or 0)).first()
            self.found[called] = (named.pk, str(named.voucher_type)) if named else None
        return self.found[called]


def _read(rows: list[Listed], campaigns: _Campaigns, outcome: Outcome) -> Iterator[tuple]:
    for row in rows:
        if not row.code or len(row.code) > LONGEST_CODE or "\0" in row.code:
            outcome.refuse(f"Row {row.row:,}: “code” must have 1 to {LONGEST_CODE} characters.")
        elif not row.campaign:
            yield (row.code, *campaigns.otherwise)
        elif found := campaigns.find(row.campaign):
            yield (row.code, *found)
        else:
            outcome.refuse(f"Row {row.row:,}: there is no campaign called “{row.campaign[:100]}”.")


def _withdraw(cursor: CursorWrapper, rows: list[tuple], outcome: Outcome) -> None:
    codes, keys, types = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    cursor.execute(WITHDRAW, {"codes": codes, "campaigns": keys, "types": types})
    withdrawn, given, added, unknown = cursor.fetchone()
    outcome.withdrawn += withdrawn
    outcome.given += given
    outcome.added += added
    for code in unknown:
        outcome.refuse(f"{code} is unknown: name its campaign, in a column “campaign” or for the whole file.")
