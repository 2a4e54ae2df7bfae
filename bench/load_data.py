"""Fills the tables with set-based SQL: rows as the product writes them, without the time it would take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bench.installation import Installation
from publications.ledger.writes import ADD_LEDGER, ADD_PUBLICATIONS, DRAW, MARK_VOUCHERS

# 8 characters out of 32, told apart by their number: the multiplier is odd, so no two numbers meet modulo 32^8. And one
# more, since among millions of codes one of those that the product draws would be the same.
CODE = """(SELECT 'B' || string_agg(substr('23456789ABCDEFGHJKLMNPQRSTUVWXYZ', 1 + (((n * 777767777) >> (5 * i)) & 31)::int, 1), '')
          FROM generate_series(0, 7) AS i)"""


def add_campaign(handout: Installation, name: str, *, codes: int = 0, auto_update: bool = False, first: int = 0) -> int:
    """A campaign with so many codes in its pool. `first`: codes are made from numbers, so campaigns need ranges."""
    ((key,),) = handout.sql(
        f"""INSERT INTO campaigns_campaign (name, kind, auto_update, code_charset, discount_type, discount_value, metadata)
            VALUES ('{name}', 'DISCOUNT_COUPONS', {auto_update}, '23456789ABCDEFGHJKLMNPQRSTUVWXYZ', 'PERCENT', 10, '{{}}')
            RETURNING id"""
    )
    if codes:
        handout.sql(
            f"""INSERT INTO codes_voucher (campaign_id, code)
                SELECT {key}, {CODE} FROM generate_series({first + 1}::bigint, {first + codes}::bigint) AS n"""
        )
    return key


def add_campaigns(handout: Installation, count: int, *, first: int) -> None:
    """Campaign 001, ... with two codes each."""
    handout.sql(
        f"""WITH made AS (
                INSERT INTO campaigns_campaign (name, kind, code_charset, discount_type, discount_value, metadata)
                SELECT 'Campaign ' || lpad(n::text, 3, '0'), 'DISCOUNT_COUPONS', '23456789ABCDEFGHJKLMNPQRSTUVWXYZ',
                       'PERCENT', 10, '{{}}' FROM generate_series(1, {count}) AS n RETURNING id)
            INSERT INTO codes_voucher (campaign_id, code)
            SELECT id, {CODE} FROM (SELECT id, {first} + row_number() OVER () AS n
                                      FROM made, generate_series(1, 2)) AS numbered"""
    )


def add_customers(handout: Installation, count: int) -> None:
    """With the source ids c1, c2, ...; the table was empty before."""
    with without_indexes(handout, ["customers_customer"]):
        handout.sql(
            f"""INSERT INTO customers_customer (source_id, name, email, address, metadata)
                SELECT 'c' || n, 'Customer ' || n, 'c' || n || '@example.com', '{{}}', '{{}}'
                  FROM generate_series(1, {count}) AS n"""
        )


def take(handout: Installation, campaign: int, count: int) -> None:
    """Publishes the pool's first codes, each to another customer, in batches as short as a busy shop's."""
    while count > 0:
        batch = min(count, 50_000)
        handout.sql(TAKE.format(campaign=campaign, batch=batch))
        count -= batch


# What every publication writes comes from the product's own constants; what is published is not asked for here.
ITEM = """source_id, NULL::bytea AS request_hash, NULL::jsonb AS metadata, false AS join_once, 'system' AS actor_kind,
          NULL::bigint AS actor_id, 'bench' AS actor_label"""
NO_EXPIRATION = "NULL::timestamptz AS expiration_given, NULL::timestamptz AS expiration_before"
TAKEN = f"""(
    SELECT publication_id AS id, created_at, {{campaign}} AS campaign_id, 1 AS voucher_count, 'API' AS channel, 'api' AS origin,
           (SELECT min(id) FROM customers_customer) + n % (SELECT count(*) FROM customers_customer) AS customer_id,
           NULL AS {ITEM} FROM held) AS item"""
TAKE = f"""
WITH taken AS MATERIALIZED (
    SELECT id, code, row_number() OVER (ORDER BY id) AS n FROM (
        SELECT id, code FROM codes_voucher
         WHERE campaign_id = {{campaign}} AND published_at IS NULL AND withdrawn_at IS NULL AND active AND deleted_at IS NULL
         ORDER BY id + 0 LIMIT {{batch}}) AS v
), held AS MATERIALIZED (
    SELECT {DRAW} AS publication_id, now() AS created_at, id AS voucher_id, code, n, {NO_EXPIRATION} FROM taken
), pub AS ({ADD_PUBLICATIONS.format(items=TAKEN)}
), given AS ({ADD_LEDGER}
){MARK_VOUCHERS}
"""


def add_history(handout: Installation, campaign: int, count: int) -> None:
    """Half a year of publications of new codes, the newest last; one in a hundred failed. There were none before."""
    tables = {
        "codes_voucher": VOUCHERS,
        "publications_publication": PUBLICATIONS,
        "publications_publishedvoucher": LEDGER,
    }
    ((codes,),) = handout.sql("SELECT coalesce(max(id), 0) FROM codes_voucher")
    numbered = NUMBERED.format(codes=codes, rows=count)
    with without_indexes(handout, list(tables)):
        # Whatever refers to another row does so by its number, and there is no trigger on inserts: so no order is needed.
        at_once(
            handout,
            [
                f"SET session_replication_role = replica; {statement.format(campaign=campaign, numbered=numbered)};"
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
                for table, statement in tables.items()
            ],
        )


@contextmanager
def without_indexes(handout: Installation, tables: Sequence[str]) -> Iterator[None]:
    """But for primary keys. They are made anew at the end, which takes a fraction of the time in which they would grow."""
    indexes = handout.sql(INDEXES.format(tables=", ".join(f"'{table}'::regclass" for table in tables)))
    handout.sql(*(drop for drop, _ in indexes))
    yield
    at_once(handout, [f"SET maintenance_work_mem = '256MB'; {create}" for _, create in indexes])


def at_once(handout: Installation, scripts: Sequence[str]) -> None:
    """Two at a time, as many as there are cores."""
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(handout.sql, scripts))


INDEXES = """
SELECT CASE WHEN c.oid IS NULL THEN format('DROP INDEX %s', i.indexrelid::regclass)
            ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', i.indrelid::regclass, c.conname) END,
       CASE WHEN c.oid IS NULL THEN pg_get_indexdef(i.indexrelid)
            ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', i.indrelid::regclass, c.conname, pg_get_constraintdef(c.oid)) END
  FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype = 'u'
 WHERE i.indrelid IN ({tables}) AND NOT i.indisprimary
"""

NUMBERED = """
(SELECT n, {codes} + n AS voucher, now() - interval '180 days' * (1 - n::float8 / {rows}) AS at, n % 100 = 7 AS failed,
        'P' || upper(lpad(to_hex(n * 2654435761 % 4294967296), 8, '0')) AS code
   FROM generate_series(1::bigint, {rows}) AS n) AS numbered
"""

VOUCHERS = """
INSERT INTO codes_voucher (id, campaign_id, code, published_at, created_at)
SELECT voucher, {campaign}, code, CASE WHEN NOT failed THEN at END, at FROM {numbered}
"""

CHANNEL = "(ARRAY['API', 'Dashboard', 'Automation', 'newsletter_October', 'CSV'])[1 + n % 5]"
CUSTOMER = "(SELECT min(id) FROM customers_customer) + n * 7919 % (SELECT count(*) FROM customers_customer)"
SUCCEEDED = f"""(
    SELECT n AS id, at AS created_at, {{campaign}} AS campaign_id, {CUSTOMER} AS customer_id, 1 AS voucher_count,
           {CHANNEL} AS channel, 'api' AS origin, code AS {ITEM} FROM {{numbered}} WHERE NOT failed) AS item"""
PUBLICATIONS = f"""
{ADD_PUBLICATIONS.format(items=SUCCEEDED)};
INSERT INTO publications_publication (id, campaign_id, customer_id, created_at, result, voucher_count, channel, origin,
                                      actor_label, source_id, failure_code, failure_reason, failure_message)
SELECT n, {{campaign}}, {CUSTOMER}, at, 'FAILURE', 0, {
    CHANNEL
}, 'api', 'bench', code, 'voucher_disabled', 'code_disabled', 'It is disabled'
  FROM {{numbered}} WHERE failed
"""

LEDGER = f"""
WITH held AS (SELECT n AS publication_id, voucher AS voucher_id, code, {NO_EXPIRATION} FROM {{numbered}} WHERE NOT failed)
{ADD_LEDGER}
"""
