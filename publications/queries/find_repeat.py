"""Finds the publication that answers a call already: one with the same source_id, or by join once.

By hand and in one look, since a shop that repeats its calls should pay no more for it than for the first (ADR 0017).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from django.db import connection

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.columns import Columns
from customers.models import Customer
from publications.models import Publication

PUBLICATION, CUSTOMER, VOUCHER = Columns(Publication, "p"), Columns(Customer, "c"), Columns(Voucher, "v")
EARLIER = f"""
SELECT {PUBLICATION}, {CUSTOMER}, {VOUCHER}
  FROM publications_publication p
  LEFT JOIN customers_customer c ON c.id = p.customer_id
  LEFT JOIN publications_publishedvoucher held ON held.publication_id = p.id AND held.released_at IS NULL
  LEFT JOIN codes_voucher v ON v.id = held.voucher_id
 WHERE p.result = 'SUCCESS' AND {{which}}
 ORDER BY v.id
"""  # noqa: S608 - our own constants
BY_SOURCE_ID = EARLIER.format(which="p.source_id = %s")
BY_SOURCE_IDS = EARLIER.format(which="p.source_id = ANY(%s)")
JOINED = "p.join_once AND p.voided_at IS NULL"
BY_JOIN_ONCE = EARLIER.format(which=f"p.campaign_id = %s AND p.customer_id = %s AND {JOINED}")
BY_JOINS_ONCE = EARLIER.format(
    which=f"(p.campaign_id, p.customer_id) IN (SELECT * FROM unnest(%s::bigint[], %s::bigint[])) AND {JOINED}"  # noqa: S608
)


def find_by_source_id(source_id: str) -> Publication | None:
    """With `.vouchers`, those that it still gives, ordered by id; `.customer` is loaded. A voided one as well."""
    return _first(BY_SOURCE_ID, [source_id])


def find_by_source_ids(source_ids: Collection[str]) -> dict[str, Publication]:
    """As `find_by_source_id`, in one look for all."""
    found = _all(BY_SOURCE_IDS, [list(source_ids)])
    return {publication.source_id: publication for publication in found if publication.source_id is not None}


def find_by_join_once(campaign: Campaign, customer: Customer) -> Publication | None:
    """As `find_by_source_id`, and not a voided one."""
    return _first(BY_JOIN_ONCE, [campaign.pk, customer.pk])


def find_by_joins_once(joins: Collection[tuple[int, int]]) -> dict[tuple[int | None, int | None], Publication]:
    """As `find_by_join_once` for each campaign and customer, by their keys; in one look for all."""
    campaigns, customers = zip(*joins, strict=True)
    found = _all(BY_JOINS_ONCE, [list(campaigns), list(customers)])
    return {(publication.campaign_id, publication.customer_id): publication for publication in found}


def _first(query: str, parameters: Sequence[Any]) -> Publication | None:
    """A unique index sees to it that all rows are of one publication."""
    return next(_all(query, parameters), None)


def _all(query: str, parameters: Sequence[Any]) -> Iterator[Publication]:
    rows: dict[int, list[tuple]] = {}
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        for row in cursor.fetchall():
            rows.setdefault(row[0], []).append(row)
    return map(_publication, rows.values())


def _publication(rows: Sequence[tuple]) -> Publication:
    """Of the rows of one publication, one for each voucher that it holds."""
    of_customer, of_voucher = len(PUBLICATION), len(PUBLICATION) + len(CUSTOMER)
    publication = PUBLICATION.instance(rows[0][:of_customer])
    if publication.customer_id is not None:
        publication.customer = CUSTOMER.instance(rows[0][of_customer:of_voucher])
    held = [row[of_voucher:] for row in rows]
    publication.vouchers = [VOUCHER.instance(row) for row in held if row[0] is not None]
    return publication
