"""Fills the tables with set-based SQL: rows as the product writes them, without the time it would take."""

from __future__ import annotations

from bench.installation import Installation

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
            f"""INSERT INTO campaigns_voucher (campaign_id, code)
                SELECT {key}, {CODE} FROM generate_series({first + 1}::bigint, {first + codes}::bigint) AS n"""
        )
    return key


def add_customers(handout: Installation, count: int) -> None:
    """With the source ids c1, c2, ...; the table was empty before."""
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


TAKE = """
WITH taken AS MATERIALIZED (
    SELECT id, row_number() OVER (ORDER BY id) AS n FROM (
        SELECT id FROM campaigns_voucher
         WHERE campaign_id = {campaign} AND published_at IS NULL AND active AND deleted_at IS NULL
         ORDER BY id + 0 LIMIT {batch}) AS v
), numbered AS (
    SELECT id, n, nextval(pg_get_serial_sequence('publications_publication', 'id')) AS publication FROM taken
), pub AS (
    INSERT INTO publications_publication (id, campaign_id, customer_id, voucher_count, channel, origin)
    SELECT publication, {campaign}, (SELECT min(id) FROM customers_customer) + n % (SELECT count(*) FROM customers_customer),
           1, 'API', 'api' FROM numbered
), given AS (
    INSERT INTO publications_publishedvoucher (publication_id, voucher_id) SELECT publication, id FROM numbered
)
UPDATE campaigns_voucher v SET published_at = now() FROM numbered WHERE v.id = numbered.id
"""
