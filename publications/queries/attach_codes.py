"""Loads the codes of publications, for display."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from campaigns.codes.models import Voucher
from publications.models import Publication

# Of each publication the first codes only: a hand-out may hold a million.
FIRST = """
SELECT held.publication_id, held.voucher_id
  FROM unnest(%s::bigint[]) AS shown(id),
       LATERAL (SELECT publication_id, voucher_id FROM publications_publishedvoucher
                 WHERE publication_id = shown.id ORDER BY voucher_id LIMIT %s) AS held
"""


def attach_codes(publications: Sequence[Publication], *, up_to: int = 100) -> None:
    """Sets `.vouchers` of each publication: the codes that it gave out, also those released since, ordered by id,
    `campaign` set, at most `up_to`; how many there are is its `voucher_count`. Two queries for all of them.
    """
    with connection.cursor() as cursor:
        cursor.execute(FIRST, [[publication.pk for publication in publications], up_to])
        rows = cursor.fetchall()
    vouchers = Voucher.objects.select_related("campaign").in_bulk([voucher_id for _, voucher_id in rows])
    for publication in publications:
        publication.vouchers = []
    of_key = {publication.pk: publication for publication in publications}
    for publication_id, voucher_id in rows:
        of_key[publication_id].vouchers.append(vouchers[voucher_id])
