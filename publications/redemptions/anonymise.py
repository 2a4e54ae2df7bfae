"""Clears what is personal in a customer's redemptions. That codes were used, and for how much, stays."""

from __future__ import annotations

from django.db import connection

from customers.models import Customer

# Of an order its amounts and its status stay. A rollback may have been made for another customer.
STATEMENT = """
UPDATE publications_redemption
   SET metadata = NULL, reason = NULL, "order" = "order" - ARRAY['id', 'source_id', 'metadata', 'items']
 WHERE (metadata IS NOT NULL OR reason IS NOT NULL OR "order" IS NOT NULL)
   AND (customer_id = %(customer)s
        OR undoes_id IN (SELECT id FROM publications_redemption WHERE customer_id = %(customer)s))
"""


def anonymise(customer: Customer) -> None:
    """Inside the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, {"customer": customer.pk})
