"""Finds the publication that answers a call already: one with the same source_id, or by join once.

By hand and in one look, since a shop that repeats its calls should pay no more for it than for the first (ADR 0017).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django.db import connection

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.columns import Columns
from customers.models import Customer
from publications.models import Publication

Parameters = Sequence[Any] | Mapping[str, Any]
PUBLICATION, CUSTOMER, VOUCHER = Columns(Publication, "p"), Columns(Customer, "c"), Columns(Voucher, "v")
EARLIER = f"""
SELECT {PUBLICATION}, {CUSTOMER}, {VOUCHER}
  FROM publications_publication p
  LEFT JOIN customers_customer c ON c.id = p.customer_id
  LEFT JOIN publications_publishedvoucher held ON held.publication_id = p.id AND held.released_at IS NULL
  LEFT JOIN codes_voucher v ON v.id = held.voucher_id
 WHERE p.result = 'SUCCESS' AND {{which}}
"""  # noqa: S608 - our own constants
# A code that left in a file and was settled to the customer since counts as well: as if the hand-out had been theirs alone.
SETTLED = f"""
SELECT {PUBLICATION}, {CUSTOMER}, {VOUCHER}
  FROM publications_publishedvoucher held
  JOIN publications_publication p ON p.id = held.publication_id
  JOIN customers_customer c ON c.id = held.settled_to_id
  JOIN codes_voucher v ON v.id = held.voucher_id
 WHERE held.released_at IS NULL AND {{which}}
"""  # noqa: S608 - our own constants
BY_VOUCHER = f" ORDER BY {len(PUBLICATION) + len(CUSTOMER) + 1}"
BY_SOURCE_ID = EARLIER.format(which="p.source_id = %s") + BY_VOUCHER
BY_SOURCE_IDS = EARLIER.format(which="p.source_id = ANY(%s)") + BY_VOUCHER
JOINED = "p.join_once AND p.voided_at IS NULL"
BY_JOIN_ONCE = f"""
{EARLIER.format(which=f"p.campaign_id = %(campaign)s AND p.customer_id = %(customer)s AND {JOINED}")} UNION ALL
{SETTLED.format(which="p.campaign_id = %(campaign)s AND held.settled_to_id = %(customer)s")}{BY_VOUCHER}"""
THESE = "(SELECT * FROM unnest(%(campaigns)s::bigint[], %(customers)s::bigint[]))"
BY_JOINS_ONCE = f"""
{EARLIER.format(which=f"(p.campaign_id, p.customer_id) IN {THESE} AND {JOINED}")} UNION ALL
{SETTLED.format(which=f"(p.campaign_id, held.settled_to_id) IN {THESE}")}{BY_VOUCHER}"""


def find_by_source_id(source_id: str) -> Publication | None:
    """With `.vouchers`, those it still holds, ordered by id, and `.customer` loaded. Finds voided publications too."""
    return _first(BY_SOURCE_ID, [source_id])


def find_by_source_ids(source_ids: Collection[str]) -> dict[str, Publication]:
    """Like `find_by_source_id`, in one query for all."""
    found = _all(BY_SOURCE_IDS, [list(source_ids)])
    return {publication.source_id: publication for publication in found if publication.source_id is not None}


def find_by_join_once(campaign: Campaign, customer: Customer) -> Publication | None:
    """Like `find_by_source_id`, but never a voided one. For a hand-out settled to the customer, only their code."""
    return _first(BY_JOIN_ONCE, {"campaign": campaign.pk, "customer": customer.pk})


def find_by_joins_once(joins: Collection[tuple[int, int]]) -> dict[tuple[int | None, int | None], Publication]:
    """Like `find_by_join_once` for each campaign and customer, by their keys, in one query for all."""
    campaigns, customers = zip(*joins, strict=True)
    found = _all(BY_JOINS_ONCE, {"campaigns": list(campaigns), "customers": list(customers)})
    of_join: dict[tuple[int | None, int | None], Publication] = {}
    for publication in found:
        of_join.setdefault((publication.campaign_id, publication.customer_id), publication)
    return of_join


def _first(query: str, parameters: Parameters) -> Publication | None:
    """A unique index sees to it that all rows are of one publication, but for codes that were settled: the first counts."""
    return next(_all(query, parameters), None)


def _all(query: str, parameters: Parameters) -> Iterator[Publication]:
    rows: dict[tuple, list[tuple]] = {}
    of_customer = len(PUBLICATION)
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        for row in cursor.fetchall():
            rows.setdefault((row[0], row[of_customer]), []).append(row)
    return map(_publication, rows.values())


def _publication(rows: Sequence[tuple]) -> Publication:
    """Of the rows of one publication, one for each voucher that it holds."""
    of_customer, of_voucher = len(PUBLICATION), len(PUBLICATION) + len(CUSTOMER)
    publication = PUBLICATION.instance(rows[0][:of_customer])
    settled = publication.customer_id is None and rows[0][of_customer] is not None
    if rows[0][of_customer] is not None:
        publication.customer = CUSTOMER.instance(rows[0][of_customer:of_voucher])
    held = [row[of_voucher:] for row in rows]
    if settled:
        held, publication.voucher_count = held[:1], 1
    publication.vouchers = [VOUCHER.instance(row) for row in held if row[0] is not None]
    return publication
