"""Orders an import of codes, into a campaign or as standalone ones. import_codes.py runs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files import File
from django.db import connection
from procrastinate.contrib.django import app

from campaigns.codes.actions.extend_pool import OneCodeOnly
from campaigns.codes.columns import FIELDS, IGNORED
from campaigns.codes.models import CodeImport
from campaigns.models import Campaign
from config.actor import Actor
from config.imports.order_import import order_import, order_import_of_rows


class CodesMissing(ValueError):
    """Some rows have no code."""

    def __init__(self, count: int) -> None:
        super().__init__(f"Found {count} voucher(s) without 'code' value")


class CodesRepeated(ValueError):
    """Codes that appear twice among the rows, or that exist on the server."""

    def __init__(self, codes: Sequence[str]) -> None:
        shown = ", ".join(codes[:5]) + (", …" if len(codes) > 5 else "")
        super().__init__(f"{len(codes)} voucher codes(s) already exist: {shown}")


def order_code_import(upload: File, *, campaign: Campaign | None = None, by: Actor) -> CodeImport:
    """Orders an import of a CSV file. Raises NotCsv if it cannot be read or has no column of codes, and OneCodeOnly."""
    _must_take_codes(campaign)
    return order_import(
        CodeImport,
        upload,
        by=by,
        fields=FIELDS,
        ignored=IGNORED,
        required="code",
        defer=_defer,
        campaign=campaign,
    )


def order_import_of_codes(
    rows: Sequence[Mapping[str, Any]], *, campaign: Campaign | None = None, by: Actor, all_new: bool = False
) -> CodeImport:
    """Orders an import of rows {name of a field of columns.FIELDS: value}.

    `all_new` refuses all rows if one of their codes is repeated or exists already. Without it, only such rows are
    refused when the import runs, as are codes that come into being in the meantime. Raises CodesMissing, CodesRepeated,
    NothingToImport and OneCodeOnly.
    """
    _must_take_codes(campaign)
    codes = [(row.get("code") or "").strip() for row in rows]
    if missing := codes.count(""):
        raise CodesMissing(missing)
    if all_new and (known := _repeated(codes)):
        raise CodesRepeated(known)
    return order_import_of_rows(CodeImport, rows, by=by, fields=FIELDS, defer=_defer, campaign=campaign)


def _must_take_codes(campaign: Campaign | None) -> None:
    if campaign and campaign.standalone:
        raise OneCodeOnly(campaign)


def _repeated(codes: Sequence[str]) -> list[str]:
    twice = {code for code, times in Counter(codes).items() if times > 1}
    with connection.cursor() as cursor:
        cursor.execute("SELECT code FROM codes_voucher WHERE code = ANY(%s)", [list(codes)])
        return sorted(twice.union(code for (code,) in cursor.fetchall()))


def _defer(import_id: int) -> None:
    app.configure_task("codes.run_code_import").defer(import_id=import_id)
