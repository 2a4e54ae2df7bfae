"""Imports codes from a CSV file, into a campaign or as standalone codes. They go to the pool unpublished, except those
already used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.backends.utils import CursorWrapper
from django.db.models.functions import Coalesce

from campaigns.codes.actions.extend_pool import OneCodeOnly
from campaigns.codes.code_space import LONGEST_CODE
from campaigns.codes.columns import CodeReader
from campaigns.codes.models import CodeImport, Voucher
from campaigns.codes.pool import raise_pool_version
from campaigns.models import Campaign
from config.imports.run_import import ImportImpossible, Refused, Written, run_import

TAKEN = "Code: already exists, in this or another campaign. Codes must be unique. Remove the row or change the code."

# Column of a voucher -> its type. Null means "not given", which for a voucher's value, dates and limit is the campaign's.
_COLUMNS = {
    "type": "text NOT NULL",
    "active": "boolean",
    "start_date": "timestamptz",
    "expiration_date": "timestamptz",
    "discount_type": "text",
    "discount_value": "numeric",
    "unit_type": "text",
    "gift_amount": "numeric",
    "category": "text",
    **dict.fromkeys(Voucher.TEXTS, "text"),
    "metadata": "jsonb",
    "redemption_limit": "integer",
    "redeemed_quantity": "integer",
    "used": "boolean NOT NULL",
}

# The ids follow the file, so that the pool gives its codes out in the file's order. The inserting follows the codes,
# as everywhere: two who insert the same codes in different orders would wait for each other in a circle.
_TEXTS = ", ".join(Voucher.TEXTS)
_INSERT = f"""
WITH made AS (
  INSERT INTO codes_voucher
    (id, campaign_id, code, type, active, start_date, expiration_date, discount_type, discount_value, unit_type,
     gift_amount, category, {_TEXTS}, metadata, redemption_limit, redeemed_quantity, withdrawn_at, withdrawn_why, import_id)
  SELECT id, %s, key, type, coalesce(active, true), start_date, expiration_date, discount_type, discount_value,
         coalesce(unit_type, ''), gift_amount, category, {_TEXTS}, metadata, redemption_limit,
         coalesce(redeemed_quantity, 0), CASE WHEN used THEN statement_timestamp() END, CASE WHEN used THEN 'used' END, %s
    FROM (SELECT nextval((SELECT pg_get_serial_sequence('codes_voucher', 'id')::regclass)) AS id, in_order.*
            FROM (SELECT * FROM pg_temp.staged ORDER BY row) AS in_order) AS numbered
   ORDER BY key COLLATE "C"
  ON CONFLICT (code) DO NOTHING
  RETURNING code)
SELECT row FROM pg_temp.staged LEFT JOIN made ON made.code = staged.key WHERE made.code IS NULL ORDER BY row
"""  # noqa: S608 - our own constants
_NEXT_ID = "SELECT nextval(pg_get_serial_sequence('codes_voucher', 'id'))"  # below or above those of a chunk
_TAKEN = """
SELECT row FROM pg_temp.staged JOIN codes_voucher ON codes_voucher.code = staged.key WHERE row > %s ORDER BY row
"""


def import_codes(import_id: int) -> None:
    """Runs the import to its end; its row records the outcome. Safe to call again at any time.

    A row is refused if its code already exists on the server, its type is not the campaign's, or it cannot be read
    (campaigns/codes/columns.py). Raises OperationalError and InterfaceError; call it again then.
    """
    code_import = CodeImport.objects.select_related("campaign").filter(pk=import_id).first()
    if code_import:
        run_import(code_import, CodeImporter(code_import))


class CodeImporter:
    """What run_import needs to know about codes."""

    noun = "codes"
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())

    def __init__(self, code_import: CodeImport) -> None:
        self.code_import = code_import
        self.campaign = campaign = code_import.campaign
        self.about = (
            {"object_id": campaign.public_id, "object_label": campaign.name, "campaign_id": campaign.pk}
            if campaign
            else {}
        )

    def prepare(self, headings: Sequence[str]) -> None:
        if self.campaign and self.campaign.standalone:
            raise ImportImpossible(str(OneCodeOnly(self.campaign)))
        self.reader = CodeReader(headings, self.code_import.mapping, self.campaign, self.code_import.formats)

    def read(self, cells: Sequence[str]) -> tuple:
        given = self.reader.read(cells)
        return (given["code"], *map(given.get, _COLUMNS))

    def stored(self, cells: Sequence[str]) -> dict[int, Any]:
        return self.reader.stored(cells)

    def key(self, cells: Sequence[str]) -> str:
        return self.reader.code(cells)[:LONGEST_CODE]

    def repeats(self, first_row: int, key: str) -> str:
        return f"Code: is the same as in {self.code_import.place_of(first_row)}. Codes must be unique. Remove one of the two."

    def known(self, cursor: CursorWrapper, keys: Sequence[str]) -> dict[str, str]:
        cursor.execute("SELECT code FROM codes_voucher WHERE code = ANY(%s)", [list(keys)])
        return {code: TAKEN for (code,) in cursor.fetchall()}

    def foresee(self, cursor: CursorWrapper, after: int) -> list[Refused]:
        cursor.execute(_TAKEN, [after])
        return [Refused(row, TAKEN) for (row,) in cursor.fetchall()]

    def remarks(self, cursor: CursorWrapper, refused: Sequence[int]) -> list[str]:
        return []

    def write(self, cursor: CursorWrapper) -> Written:
        if self.campaign and not Campaign.objects.live().filter(pk=self.campaign.pk).exists():
            raise ImportImpossible("The campaign was deleted in the meantime.")
        cursor.execute("SELECT count(*) FROM pg_temp.staged")
        (staged,) = cursor.fetchone()
        cursor.execute(_NEXT_ID)
        (first,) = cursor.fetchone()
        cursor.execute(_INSERT, [self.campaign.pk if self.campaign else None, self.code_import.pk])
        refused = [Refused(row, TAKEN) for (row,) in cursor.fetchall()]
        cursor.execute(_NEXT_ID)
        CodeImport.objects.filter(pk=self.code_import.pk).update(
            first_id=Coalesce("first_id", first), last_id=cursor.fetchone()[0]
        )
        if self.campaign and staged > len(refused):
            raise_pool_version(self.campaign.pk)
        return Written(staged - len(refused), 0, refused)
