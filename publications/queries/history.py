"""The one query behind the history page, its CSV report, and the API's list of publications."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.db.models import Prefetch, QuerySet

from campaigns.codes.models import Voucher
from config.columns import Columns
from publications.models import Publication, PublishedVoucher

LISTED = 50  # codes of one publication that a list shows; a call publishes no more, a hand-out a million

_VOUCHER, _LEDGER = Columns(Voucher, "v"), Columns(PublishedVoucher, "l")
_WIDTH = len(Voucher._meta.concrete_fields)
# What publications hold; and, without a ledger row, what failed attempts asked for.
_HELD_OR_ASKED_FOR = f"""
SELECT {_VOUCHER}, {_LEDGER} FROM publications_publishedvoucher l JOIN codes_voucher v ON v.id = l.voucher_id
 WHERE l.publication_id = ANY(%s::bigint[])
 UNION ALL
SELECT {_VOUCHER}, {_LEDGER} FROM codes_voucher v LEFT JOIN publications_publishedvoucher l ON false
 WHERE v.code = ANY(%s::text[])
"""  # noqa: S608 - our own columns


def attach_ledger(publications: Sequence[Publication]) -> None:
    """For a list: sets each one's `.ledger_rows`, its ledger rows with vouchers (none for a hand-out), and `.attempted`, the
    voucher that a failed attempt asked for, or None. One query for all of them.
    """
    of_key: dict[int, Publication] = {}
    for publication in publications:
        publication.ledger_rows, publication.attempted = [], None
        if 0 < publication.voucher_count <= LISTED:
            of_key[publication.pk] = publication
    asked_for = {publication.attempted_code for publication in publications if publication.attempted_code}
    if not of_key and not asked_for:
        return
    by_code: dict[str | None, Voucher] = {}
    with connection.cursor() as cursor:
        cursor.execute(_HELD_OR_ASKED_FOR, [list(of_key), list(asked_for)])
        for row in cursor.fetchall():
            voucher = _VOUCHER.instance(row[:_WIDTH])
            if row[_WIDTH] is None:
                by_code[voucher.code] = voucher
                continue
            held = _LEDGER.instance(row[_WIDTH:])
            held.voucher = voucher
            of_key[held.publication_id].ledger_rows.append(held)
    for publication in publications:
        publication.ledger_rows.sort(key=lambda held: held.voucher_id)
        publication.attempted = by_code.get(publication.attempted_code)


def with_holders(vouchers: QuerySet) -> QuerySet:
    """For a list: `.live` holds the ledger row of the live publication with its customer, or nothing."""
    live = PublishedVoucher.objects.filter(released_at=None).select_related("publication__customer", "settled_to")
    return vouchers.prefetch_related(Prefetch("ledger", live, to_attr="live"))


LOOKED_AT = 1_000  # codes of a hand-out, which may hold a million


def some_released(publication: Publication) -> bool:
    """Whether any of its codes has been released (for a hand-out, of its first ones)."""
    rows = publication.ledger.order_by("publication_id", "voucher_id").values_list("released_at", flat=True)[:LOOKED_AT]
    return any(rows)
