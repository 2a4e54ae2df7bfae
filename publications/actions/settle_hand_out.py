"""Settles a hand-out: a file tells which customer got which of its codes, and which were not used.

Each code is settled once, or returned once: decided under the code's lock, in the writing statement (ledger/settle.py,
ledger/take_back.py). A returned code was seen by whoever had the file, so it is retired unless a Manager said otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.backends.utils import CursorWrapper

from campaigns.codes.balance import EVER_USED
from campaigns.codes.pool import raise_pool_version
from config.actor import Actor
from config.imports.csv.cells import RowRefused, shown
from config.imports.csv.columns import Field
from config.imports.run_import import ImportImpossible, Refused, Written
from config.public_ids import CUSTOMER, key_of, public_id
from config.staff import audit
from publications.actions.import_publications import (
    ADD_CUSTOMERS,
    CUSTOMER_TOLD,
    LOCK_CODES,
    LOCK_CUSTOMERS,
    STAGED,
    PublicationImporter,
)
from publications.actions.quarantine_guard import keep_quarantine_away
from publications.columns import FIELDS
from publications.ledger.settle import settle
from publications.ledger.take_back import take_back
from publications.models import PublicationImport
from publications.refusals import Quarantined

REASON = "Returned: not used"
USED = {"used", "no", "n", "false", "0", "sent", "given"}
NOT_USED = {"not used", "unused", "returned", "yes", "y", "true", "1", "x"}

SETTLEMENT_FIELDS = (
    *(field for field in FIELDS if field.name in ("voucher_code", "customer_source_id", "customer_id")),
    Field("not_used", "Not used", ("unused", "returned", "not sent", "status")),
)

# Our own ids are known by themselves; a source_id, or an id of another system that is kept as one, as in every import.
_STAGED = f"{STAGED} LEFT JOIN customers_customer own ON own.id = s.own_id AND own.erased_at IS NULL"
_CUSTOMER = f"coalesce(own.id, {CUSTOMER_TOLD})"
_LOCK_OWN = "SELECT FROM customers_customer WHERE id IN (SELECT own_id FROM pg_temp.staged) ORDER BY id FOR KEY SHARE"

# Release locks the publication before its codes, and so do we.
_LOCK_PUBLICATION = "SELECT campaign_id FROM publications_publication WHERE id = %s FOR UPDATE"

# Of each row its place in the ledger, and what stands in its way. "known": that was recorded before.
_JUDGE = f"""
SELECT row, verdict, holder, released_at, ledger_id, voucher_id, customer_id, not_used
  FROM (SELECT s.row, l.settled_to_id AS holder, l.released_at, l.id AS ledger_id, v.id AS voucher_id,
               {_CUSTOMER} AS customer_id, s.not_used,
               CASE WHEN v.id IS NULL THEN 'missing' WHEN l.id IS NULL THEN 'elsewhere'
                    WHEN l.released_at IS NOT NULL THEN CASE WHEN s.not_used THEN 'known' ELSE 'released' END
                    WHEN s.not_used AND l.settled_to_id IS NOT NULL THEN 'settled'
                    WHEN s.not_used AND {EVER_USED} THEN 'used'
                    WHEN s.own_id IS NOT NULL AND own.id IS NULL THEN 'nobody'
                    WHEN l.settled_to_id = {_CUSTOMER} THEN 'known'
                    WHEN l.settled_to_id IS NOT NULL THEN 'settled' ELSE '' END AS verdict
          FROM {_STAGED}
          LEFT JOIN codes_voucher v ON v.code = s.key
          LEFT JOIN LATERAL (
            SELECT * FROM publications_publishedvoucher
             WHERE voucher_id = v.id AND publication_id = %(publication)s
             ORDER BY released_at IS NULL DESC, id DESC LIMIT 1) AS l ON true
         WHERE s.key IS NOT NULL AND s.row > %(after)s) AS judged
 ORDER BY row
"""  # noqa: S608 - our own constants


class SettlementImporter(PublicationImporter):
    """What run_import needs to know of the codes of one hand-out."""

    noun = "hand_out_codes"
    columns = "customer_source_id text, customer_id text, own_id bigint, not_used boolean NOT NULL"

    def __init__(self, publication_import: PublicationImport) -> None:
        super().__init__(publication_import)
        hand_out = publication_import.hand_out
        if hand_out is None:
            raise ValueError(publication_import.pk)
        self.hand_out = hand_out
        self.about = {
            "object_id": hand_out.public_id,
            "campaign_id": hand_out.campaign_id,
            "back_to_pool": publication_import.back_to_pool,
        }

    def prepare(self, headings: Sequence[str]) -> None:
        super().prepare(headings)
        self.reader.parse["not_used"] = not_used_of

    def read(self, cells: Sequence[str]) -> tuple:
        """A row that tells neither a customer nor that the code was not used leaves the code open, and is passed over."""
        given = self.reader.read(cells)
        not_used = bool(given.get("not_used"))
        named = given.keys() & {"customer_source_id", "customer_id"}
        if not_used and named:
            raise RowRefused(
                self._of_code("has a customer and is marked as not used. Clear one of the two cells."),
            )
        key = given["voucher_code"] if not_used or named else None
        source_id, other_id = given.get("customer_source_id"), given.get("customer_id")
        if own := key_of(CUSTOMER, other_id or source_id or ""):
            source_id = other_id = None
        return (key, source_id, other_id, own, not_used)

    def foresee(self, cursor: CursorWrapper, after: int) -> list[Refused]:
        cursor.execute(_JUDGE, {"after": after, "publication": self.hand_out.pk})
        return self._wrong(cursor.fetchall())

    def write(self, cursor: CursorWrapper) -> Written:
        try:
            keep_quarantine_away()
        except Quarantined as held:
            raise ImportImpossible(f"{held.details} Retry then.") from None
        cursor.execute("ANALYZE pg_temp.staged")
        cursor.execute(_LOCK_PUBLICATION, [self.hand_out.pk])
        cursor.execute(LOCK_CODES)
        cursor.execute(LOCK_CUSTOMERS)
        cursor.execute(_LOCK_OWN)
        cursor.execute(_JUDGE, {"after": 0, "publication": self.hand_out.pk})
        refused = self._wrong(cursor.fetchall())
        cursor.execute("DELETE FROM pg_temp.staged WHERE row = ANY(%s)", [[wrong.row for wrong in refused]])
        cursor.execute(ADD_CUSTOMERS)
        cursor.execute(_JUDGE, {"after": 0, "publication": self.hand_out.pk})
        good = [row for row in cursor.fetchall() if not row[1]]
        holders = {row[4]: row[6] for row in good if not row[7] and row[6] is not None}
        settled = settle(holders, by=self.publication_import.actor_label)
        returned = self._return([row[5] for row in good if row[7]])
        erased = "Someone else has just added and erased this customer. Import the row again."
        refused += [Refused(row[0], erased) for row in good if not row[7] and row[6] is None]
        return Written(len(settled), returned, refused)

    def _return(self, vouchers: Sequence[int]) -> int:
        if not vouchers:
            return 0
        of, campaign_id = self.publication_import, self.hand_out.campaign_id
        by = Actor(of.actor_kind, of.actor_id, of.actor_label)
        returned = take_back(
            [self.hand_out.pk], vouchers=vouchers, released_by=by.label, reason=REASON, back_to_pool=of.back_to_pool
        )
        audit.record(
            "hand_out_codes.returned", by=by, object_id=self.hand_out.public_id, campaign_id=campaign_id,
            count=returned, reason=REASON, back_to_pool=of.back_to_pool,
        )  # fmt: skip
        if campaign_id and of.back_to_pool:
            raise_pool_version(campaign_id)
        return returned

    def _wrong(self, judged: Sequence[tuple]) -> list[Refused]:
        return [
            Refused(row, self._of_code(_why_not(verdict, holder, released_at)))
            for row, verdict, holder, released_at, *_ in judged
            if verdict and verdict != "known"
        ]


def not_used_of(text: str) -> bool:
    word = text.strip().casefold()
    if word in NOT_USED or word in USED:
        return word in NOT_USED
    raise RowRefused(f"{shown(text)} is not understood. Write “not used”, or leave the cell empty.")


def _why_not(verdict: str, holder: int | None, released_at: datetime | None) -> str:
    whom = public_id(CUSTOMER, holder) if holder else ""
    return {
        "missing": "is not a known code. Correct the row, or remove it.",
        "elsewhere": "is not a code of this hand-out. Correct the row, or remove it.",
        "released": f"was returned or released at {released_at:%Y-%m-%dT%H:%M:%SZ}. Remove the row."
        if released_at
        else "",
        "settled": f"is already settled to {whom}. Correct the row, or remove it.",
        "nobody": "names a customer who does not exist, or whose personal data was erased. Correct the row.",
        "used": "has been redeemed, so it cannot be returned. Say who got it.",
    }[verdict]


def importer_of(publication_import: PublicationImport) -> PublicationImporter:
    return (SettlementImporter if publication_import.hand_out_id else PublicationImporter)(publication_import)
