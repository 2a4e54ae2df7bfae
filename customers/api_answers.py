"""Customers as the API answers with them."""

from __future__ import annotations

from typing import Any

from config.api import iso
from customers.models import Customer

# What Voucherify sums up of redemptions, orders, loyalty and referrals; its clients need the fields.
SUMMARY = {
    "redemptions": {
        "total_redeemed": 0,
        "total_failed": 0,
        "total_succeeded": 0,
        "total_rolled_back": 0,
        "total_rollback_failed": 0,
        "total_rollback_succeeded": 0,
        "gift": {"redeemed_amount": 0, "amount_to_go": 0},
        "loyalty_card": {"redeemed_points": 0, "points_to_go": 0},
    },
    "orders": {"total_amount": 0, "total_count": 0, "average_amount": 0, "last_order_amount": 0},
}


def customer_answer(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.public_id,
        "source_id": customer.source_id,
        "name": customer.name or None,
        "description": customer.description or None,
        "email": customer.email or None,
        "phone": customer.phone or None,
        "birthdate": customer.birthdate.isoformat() if customer.birthdate else None,
        "address": customer.address or None,
        "summary": SUMMARY,
        "loyalty": {"points": 0, "referred_customers": 0, "campaigns": {}},
        "referrals": {"total": 0, "campaigns": []},
        "metadata": customer.metadata,
        "system_metadata": {},
        "created_at": iso(customer.created_at),
        "updated_at": iso(customer.updated_at),
        "object": "customer",
    }


def short_customer_answer(customer: Customer) -> dict[str, Any]:
    """As in publications. The three nulls are required there by the schema, and never filled in its examples."""
    return {
        "id": customer.public_id,
        "name": customer.name or None,
        "email": customer.email or None,
        "source_id": customer.source_id,
        "metadata": customer.metadata,
        "summary": None,
        "loyalty": None,
        "referrals": None,
        "object": "customer",
    }
