"""Reads codes, and campaigns if present, from a CSV file of another system, such as a shop's log."""

from __future__ import annotations

from collections.abc import Iterator

from config.imports.csv.columns import Field
from config.imports.csv.uploads import NotCsv, Upload, look_at, read_csv
from publications.quarantine.withdraw_listed import Listed

CODE = Field("code", "Code", ("Codes", "Voucher", "Voucher code", "Coupon", "Coupon code"))
CAMPAIGN = Field("campaign", "Campaign", ("Campaign name", "Campaign ID"))


def read_codes(file: Upload) -> Iterator[Listed]:
    """Row by row, never all at once. The code of an unreadable row is empty. Raises NotCsv before the first row."""
    headings, rows = read_csv(file, look_at(file))
    code, campaign = _place(headings, CODE), _place(headings, CAMPAIGN)
    if code is None:
        raise NotCsv("There is no column “code”. Name the column that contains the codes “code” in the first row.")
    return (
        Listed(
            row.number,
            "" if row.problem else row.cells[code].strip(),
            "" if row.problem or campaign is None else row.cells[campaign].strip(),
        )
        for row in rows
    )


def _place(headings: list[str], field: Field) -> int | None:
    return next((place for place, heading in enumerate(headings) if field.is_called(heading)), None)
