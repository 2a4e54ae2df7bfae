"""Clears what is personal in a customer's redemptions, and keeps it from being written anew. That codes were used, and
for how much, stays."""

from __future__ import annotations

from django.db import connection

from customers.models import Customer

# Of an order its amounts and its status stay.
OF_AN_ORDER = "ARRAY['id', 'source_id', 'metadata', 'items']"

# A rollback may have been made for another customer.
STATEMENT = f"""
UPDATE redemptions_redemption
   SET metadata = NULL, reason = NULL, "order" = "order" - {OF_AN_ORDER}
 WHERE (metadata IS NOT NULL OR reason IS NOT NULL OR "order" IS NOT NULL)
   AND (customer_id = %(customer)s
        OR undoes_id IN (SELECT id FROM redemptions_redemption WHERE customer_id = %(customer)s))
"""  # noqa: S608 - our own constants

# What staff or a shop wrote beside a change of the balance of a code that they hold or held.
OF_BALANCES = """
UPDATE redemptions_balancechange SET reason = NULL, source_id = NULL
 WHERE (reason IS NOT NULL OR source_id IS NOT NULL)
   AND voucher_id IN (SELECT l.voucher_id FROM publications_publishedvoucher l
                        JOIN publications_publication p ON p.id = l.publication_id WHERE p.customer_id = %(customer)s
                      UNION ALL
                      SELECT voucher_id FROM publications_publishedvoucher WHERE settled_to_id = %(customer)s)
"""


def anonymise(customer: Customer) -> None:
    """Inside the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, {"customer": customer.pk})
        cursor.execute(OF_BALANCES, {"customer": customer.pk})


def personal(people: str) -> str:
    """Two CTEs for a statement that writes redemptions: `personal.kept` tells whether what is personal may be written,
    that is, whether all the customers live whose keys `people` (SQL) gives.

    They are locked until the commit, so that whoever erases one waits for the redemption and then clears it too. (The
    foreign key alone would lock them at the commit only.)
    """
    return f"""living AS MATERIALIZED (
    SELECT c.id FROM customers_customer c
     WHERE c.id IN ({people}) AND c.erased_at IS NULL ORDER BY c.id FOR KEY SHARE
), personal AS MATERIALIZED (
    SELECT NOT EXISTS (SELECT FROM ({people}) AS people (id)
                        WHERE people.id IS NOT NULL AND people.id NOT IN (SELECT id FROM living)) AS kept
)"""  # noqa: S608 - our own constants


def order_as_kept(order: str) -> str:
    """SQL of the order to be written; it stands beside `personal`."""
    return f"(SELECT CASE WHEN kept THEN {order} ELSE {order} - {OF_AN_ORDER} END FROM personal)"  # noqa: S608


def if_kept(value: str) -> str:
    """SQL of a value to be written that is personal as a whole."""
    return f"(SELECT CASE WHEN kept THEN {value} END FROM personal)"  # noqa: S608
