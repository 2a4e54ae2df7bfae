"""Checks every invariant over the whole database, with SQL over sets (docs/design.md, "What must always hold").

The constraints and triggers hold them already; this proves it, also for a restored backup or a row that was edited by hand.
Each break is counted once, at the row that is wrong: not again at the sums that follow from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from django.db import connection

from config import public_ids
from publications import invariants as of_codes
from publications.automation import invariants as of_automation
from publications.dashboard import invariants as of_the_database
from publications.distributions import invariants as of_distributions
from publications.exports import invariants as of_exports
from publications.funnel import invariants as of_the_funnel
from publications.notes import invariants as of_notes
from publications.recalls import invariants as of_recalls
from publications.redemptions import invariants as of_redemptions
from publications.tallies import invariants as of_tallies

SHOWN = 20  # broken rows of an invariant that are named, unless all are asked for


class Invariant(NamedTuple):
    """`examined` is SQL of how many rows were looked at. `broken` is SQL of the key of each row that breaks the rule, or
    of (kind, key) where they are of several kinds. `kind` is the prefix of their public ids, or what such a row is called.
    """

    name: str
    kind: str
    examined: str
    broken: str


class Finding(NamedTuple):
    invariant: Invariant
    examined: int
    violations: int

    @property
    def name(self) -> str:
        return self.invariant.name


INVARIANTS = [
    Invariant(*held)
    for held in (
        *of_codes.WHAT_MUST_HOLD,
        *of_notes.WHAT_MUST_HOLD,
        *of_tallies.WHAT_MUST_HOLD,
        *of_redemptions.WHAT_MUST_HOLD,
        *of_distributions.WHAT_MUST_HOLD,
        *of_automation.WHAT_MUST_HOLD,
        *of_exports.WHAT_MUST_HOLD,
        *of_recalls.WHAT_MUST_HOLD,
        *of_the_funnel.WHAT_MUST_HOLD,
        *of_the_database.WHAT_MUST_HOLD,
    )
]

HAVE_PUBLIC_IDS = {
    public_ids.PUBLICATION,
    public_ids.VOUCHER,
    public_ids.CAMPAIGN,
    public_ids.CUSTOMER,
    public_ids.DISTRIBUTION,
    public_ids.EXPORT,
    public_ids.RECALL,
    public_ids.REDEMPTION,
}

# Materialized, so that a LIMIT does not tempt the planner into looking for the first few row by row.
ROWS = "WITH broken AS MATERIALIZED ({broken}) SELECT * FROM broken ORDER BY 1, 2"
ROWS_OF_ONE_KIND = "WITH broken (key) AS MATERIALIZED ({broken}) SELECT '{kind}', key FROM broken ORDER BY key"


def verify() -> Iterator[Finding]:
    """Checks one invariant after the other, and yields each as soon as it is known."""
    with connection.cursor() as cursor:
        for invariant in INVARIANTS:
            cursor.execute(invariant.examined)
            (examined,) = cursor.fetchone()
            cursor.execute(f"SELECT count(*) FROM ({invariant.broken}) AS broken")  # noqa: S608 - our own SQL
            (violations,) = cursor.fetchone()
            yield Finding(invariant, examined, violations)


def broken_rows(invariant: Invariant, *, every: bool = False) -> Iterator[str]:
    """What the broken rows are called: the first SHOWN, or with `every` all, as they come from the database."""
    with connection.chunked_cursor() as cursor:
        rows_of = ROWS_OF_ONE_KIND if invariant.kind else ROWS
        cursor.execute(rows_of.format(**invariant._asdict()) + ("" if every else f" LIMIT {SHOWN}"))
        while rows := cursor.fetchmany(1_000):
            for kind, key in rows:
                yield _called(kind, key)


def _called(kind: str, key: int | str) -> str:
    return public_ids.public_id(kind, int(key)) if kind in HAVE_PUBLIC_IDS else f"{kind} {key}"
