"""Imports what another system had published: which code went to whom, when, through which channel.

A chunk is one transaction (config/imports/run_import.py). In it the codes are locked first, then the customers, each in the
order of their ids: as whoever publishes does it, so nobody waits in a circle, and what is then read of a code holds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.backends.utils import CursorWrapper

from campaigns.codes.code_space import LONGEST_CODE
from config.actor import Actor
from config.imports.run_import import ImportImpossible, Refused, Written
from config.public_ids import CUSTOMER, public_id
from publications.actions.quarantine_guard import keep_quarantine_away
from publications.columns import DEFAULT_CHANNEL, PublicationReader
from publications.ledger.give import give
from publications.ledger.requests import Codes, Declined, Given, PublishRequest
from publications.ledger.settle import settle
from publications.models import Publication, PublicationImport
from publications.queries.holder import HOLDER_SQL
from publications.refusals import Quarantined

# Column of a row -> its type. A row that says neither to whom nor when tells of a code that nobody holds: its key is
# null, and it is passed over.
_COLUMNS = {
    "customer_source_id": "text",
    "customer_id": "text",
    "date": "timestamptz",
    "channel": "text NOT NULL",
    "metadata": "jsonb",
}

LOCK_CODES = """
SELECT count(*) FROM (
  SELECT v.id FROM codes_voucher v JOIN pg_temp.staged s ON s.key = v.code
   ORDER BY v.id FOR NO KEY UPDATE OF v) AS locked
"""
# Until the commit nobody of them can be erased.
LOCK_CUSTOMERS = """
SELECT count(*) FROM (
  SELECT id FROM customers_customer
   WHERE source_id IN (SELECT customer_source_id FROM pg_temp.staged UNION SELECT customer_id FROM pg_temp.staged)
   ORDER BY id FOR KEY SHARE) AS locked
"""

# An old id is known where it was kept as a source_id.
STAGED = """pg_temp.staged s
  LEFT JOIN customers_customer named ON named.source_id = s.customer_source_id
  LEFT JOIN customers_customer old ON old.source_id = s.customer_id"""
CUSTOMER_TOLD = "coalesce(named.id, old.id)"
NOBODY = "(s.customer_source_id IS NULL AND s.customer_id IS NULL)"

# Released here, or held back: whoever says that somebody holds such a code is asked to look first. One that was used goes.
_WITHDRAWN = "v.withdrawn_why IN ('retired', 'held_back')"

# The code left in a file, and the row tells who got it: that is not published again, but settled.
_TO_SETTLE = f"held.open AND NOT {NOBODY}"

# The rows that will be neither published nor settled, and why. "known": that publication is here already, perhaps released since; so
# the same file may come again, and a file of holders after the file of publications.
_JUDGE = f"""
SELECT s.row,
       CASE WHEN v.id IS NULL THEN 'missing' WHEN v.deleted_at IS NULL AND c.deleted_at IS NULL AND {_TO_SETTLE} THEN NULL
            WHEN held.known THEN 'known'
            WHEN v.published_at IS NOT NULL THEN 'published' WHEN {_WITHDRAWN} THEN 'withdrawn' ELSE 'deleted' END AS verdict,
       held.holder, v.published_at
  FROM {STAGED}
  LEFT JOIN codes_voucher v ON v.code = s.key
  LEFT JOIN campaigns_campaign c ON c.id = v.campaign_id
  LEFT JOIN LATERAL (
    SELECT coalesce(bool_or({HOLDER_SQL} = {CUSTOMER_TOLD}
                            AND (s.date IS NULL OR s.date = p.created_at OR l.settled_to_id IS NOT NULL)
                            OR p.customer_id IS NULL AND {NOBODY} AND (s.date IS NULL OR s.date = p.created_at)), false)
               AS known,
           max({HOLDER_SQL}) FILTER (WHERE l.released_at IS NULL) AS holder,
           coalesce(bool_or(l.released_at IS NULL AND {HOLDER_SQL} IS NULL), false) AS open
      FROM publications_publishedvoucher l JOIN publications_publication p ON p.id = l.publication_id
     WHERE l.voucher_id = v.id) AS held ON true
 WHERE s.key IS NOT NULL AND s.row > %(after)s
   AND (v.id IS NULL OR held.known OR v.published_at IS NOT NULL OR {_WITHDRAWN} OR v.deleted_at IS NOT NULL
        OR c.deleted_at IS NOT NULL)
"""  # noqa: S608 - our own constants
_TAKE_OUT = f"""
DELETE FROM pg_temp.staged USING ({_JUDGE}) AS judged WHERE staged.row = judged.row AND verdict IS NOT NULL
RETURNING judged.row, verdict, holder, published_at
"""  # noqa: S608 - our own constants

ADD_CUSTOMERS = """
INSERT INTO customers_customer (source_id, address, metadata)
SELECT source_id, '{}', '{}'
  FROM (SELECT DISTINCT coalesce(s.customer_source_id, s.customer_id) AS source_id
          FROM pg_temp.staged s
         WHERE s.key IS NOT NULL
           AND NOT EXISTS (SELECT FROM customers_customer c WHERE c.source_id = s.customer_source_id)
           AND NOT EXISTS (SELECT FROM customers_customer c WHERE c.source_id = s.customer_id)) AS new
 WHERE source_id IS NOT NULL ORDER BY source_id COLLATE "C"
ON CONFLICT (source_id) DO NOTHING
"""

# Past publications may break what holds from now on: a customer may have got several codes of a join-once campaign.
# The unique index `publication_join_once` decides which one counts: one that is here already, else the oldest. The
# others are kept without the mark, and the customer gets no further code.
# An expiration that the code brought along was set by the publication itself; else the campaign's duration counts.
_GOOD = f"""
SELECT s.row, v.id, v.campaign_id, {CUSTOMER_TOLD}, s.channel, s.metadata, s.date,
       coalesce(c.join_once, false) AND {CUSTOMER_TOLD} IS NOT NULL,
       CASE WHEN v.expiration_date IS NULL THEN nullif(c.activity_duration, '') END
  FROM {STAGED}
  JOIN codes_voucher v ON v.code = s.key
  LEFT JOIN campaigns_campaign c ON c.id = v.campaign_id
 WHERE v.published_at IS NULL AND ({CUSTOMER_TOLD} IS NOT NULL OR {NOBODY})
 ORDER BY s.date, s.row
"""  # noqa: S608 - our own constants
_HANDED_OUT = f"""
SELECT s.row, l.id, {CUSTOMER_TOLD}
  FROM {STAGED}
  JOIN codes_voucher v ON v.code = s.key
  JOIN publications_publishedvoucher l ON l.voucher_id = v.id AND l.released_at IS NULL
 WHERE {CUSTOMER_TOLD} IS NOT NULL
"""  # noqa: S608 - our own constants
_LEFT = "SELECT row FROM pg_temp.staged WHERE key IS NOT NULL AND NOT row = ANY(%s) ORDER BY row"


class PublicationImporter:
    """What run_import needs to know of past publications.

    Each good row becomes a publication of that moment (without one, of now) with origin "import", told to no webhook.
    The customer is found by source_id, else by the old id kept as one, else added. Passed over are rows that tell of
    nobody and no moment, and those whose publication is here already (the same customer, the same moment unless the
    row gives none). A row that tells who got a code of a hand-out settles it, and counts as updated; its moment, channel
    and metadata are not kept, since the hand-out's own stand. Refused are rows whose code does not exist, is deleted,
    retired or held back, or is published to somebody else or at another moment. Whether the code has been disabled or has
    expired since does not matter.
    """

    noun = "publications"
    about: dict = {}
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())

    def __init__(self, publication_import: PublicationImport) -> None:
        self.publication_import = publication_import

    def prepare(self, headings: Sequence[str]) -> None:
        self.reader = PublicationReader(headings, self.publication_import.mapping, self.publication_import.formats)

    def read(self, cells: Sequence[str]) -> tuple:
        given = {"channel": DEFAULT_CHANNEL, **self.reader.read(cells)}
        tells_something = given.keys() & {"customer_source_id", "customer_id", "date"}
        return (given["voucher_code"] if tells_something else None, *map(given.get, _COLUMNS))

    def stored(self, cells: Sequence[str]) -> dict[int, Any]:
        return self.reader.stored(cells)

    def key(self, cells: Sequence[str]) -> str:
        return self.reader.code(cells)[:LONGEST_CODE]

    def repeats(self, first_row: int, key: str) -> str:
        return self._of_code(f"is the same as in row {first_row}. Each code is published once. Remove one of the rows.")

    def known(self, cursor: CursorWrapper, keys: Sequence[str]) -> dict[str, str]:
        cursor.execute("SELECT code FROM codes_voucher WHERE code = ANY(%s)", [list(keys)])
        missing = set(keys).difference(code for (code,) in cursor.fetchall())
        return {key: self._of_code(self._why("missing", None, None)) for key in missing}

    def foresee(self, cursor: CursorWrapper, after: int) -> list[Refused]:
        cursor.execute(_JUDGE, {"after": after})
        return self._refused(cursor.fetchall())

    def remarks(self, cursor: CursorWrapper, refused: Sequence[int]) -> list[str]:
        return []

    def write(self, cursor: CursorWrapper) -> Written:
        try:
            keep_quarantine_away()
        except Quarantined as held:
            raise ImportImpossible(f"{held.details} Retry then.") from None
        cursor.execute("ANALYZE pg_temp.staged")
        cursor.execute(LOCK_CODES)
        cursor.execute(LOCK_CUSTOMERS)
        cursor.execute(_TAKE_OUT, {"after": 0})
        refused = self._refused(cursor.fetchall())
        cursor.execute(ADD_CUSTOMERS)
        cursor.execute(_HANDED_OUT)  # before others are given, which nobody has to settle
        settled = self._settle(cursor.fetchall())
        cursor.execute(_GOOD)
        published = self._give(cursor.fetchall())
        cursor.execute(_LEFT, [published + settled])
        erased = "Someone else has just added and erased this customer. Import the row again."
        return Written(len(published), len(settled), refused + [Refused(row, erased) for (row,) in cursor.fetchall()])

    def _give(self, good: Sequence[tuple]) -> list[int]:
        """The rows that became publications."""
        of = self.publication_import
        by = Actor(of.actor_kind, of.actor_id, of.actor_label)
        requests = {
            row: PublishRequest(
                campaign=campaign, customer=customer, channel=channel, origin=Publication.Origin.IMPORT, by=by,
                vouchers=(voucher,), metadata=json.loads(metadata) if metadata else None, join_once=join_once,
                activity=activity, moment=date,
            )
            for row, voucher, campaign, customer, channel, metadata, date, join_once, activity in good
        }  # fmt: skip
        published = []
        while requests:
            answers = dict(zip(requests, give(list(requests.values()), Codes.PAST, noted=False), strict=True))
            published += [row for row, answer in answers.items() if isinstance(answer, Given)]
            once = [row for row, answer in answers.items() if answer is Declined.REPEAT]
            requests = {row: requests[row]._replace(join_once=False) for row in once}
        return published

    def _settle(self, handed_out: Sequence[tuple[int, int, int]]) -> list[int]:
        """The rows that told who got a code that had left in a file."""
        done = settle({held: customer for _, held, customer in handed_out}, by=self.publication_import.actor_label)
        return [row for row, held, _ in handed_out if held in done]

    def _refused(self, judged: list[tuple[int, str | None, int | None, datetime | None]]) -> list[Refused]:
        return sorted(
            Refused(row, self._of_code(self._why(verdict, holder, published_at)))
            for row, verdict, holder, published_at in judged
            if verdict not in ("known", None)
        )

    def _why(self, verdict: str, holder: int | None, published_at: datetime | None) -> str:
        if verdict == "missing":
            return "is not a known code. Import the codes first, then this row again."
        if verdict == "withdrawn":
            return "was retired or held back. Return it to the pool on its page, or remove the row."
        if verdict == "deleted":
            return "was deleted. Remove the row."
        whom = f"to {public_id(CUSTOMER, holder)}" if holder else "without a named customer"
        return f"already published {whom}, at {published_at:%Y-%m-%dT%H:%M:%SZ}. Correct the row, or remove it."

    def _of_code(self, what: str) -> str:
        return f"{self.reader.code_label}: {what}"
