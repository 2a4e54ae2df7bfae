"""Customers as the API answers with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from config.api.door import iso
from customers.models import Customer


class Referred(NamedTuple):
    """`by`: who referred the customer, as answers tell it; `others`: how many they referred."""

    by: list[dict[str, Any]]
    others: int


NOBODY = Referred([], 0)
# By customers' keys. This app may not know of referrals and redemptions: publications puts them in when it is ready.
FIND_SUMMARIES: list[Callable[[Sequence[int]], dict[int, dict[str, Any]]]] = []
FIND_REFERRALS: list[Callable[[Sequence[int]], dict[int, Referred]]] = []


def customer_answer(customer: Customer) -> dict[str, Any]:
    return customer_answers([customer])[0]


def customer_answers(customers: Sequence[Customer]) -> list[dict[str, Any]]:
    """With what is known of redemptions and referrals, in as many queries for all as for one."""
    keys = [customer.pk for customer in customers]
    summaries = {key: summary for find in FIND_SUMMARIES for key, summary in find(keys).items()}
    found = {key: referred for find in FIND_REFERRALS for key, referred in find(keys).items()}
    return [_answer(customer, summaries[customer.pk], found.get(customer.pk, NOBODY)) for customer in customers]


def _answer(customer: Customer, summary: dict[str, Any], referred: Referred) -> dict[str, Any]:
    answer = {
        "id": customer.public_id,
        "source_id": customer.source_id,
        "name": customer.name or None,
        "description": customer.description or None,
        "email": customer.email or None,
        "phone": customer.phone or None,
        "birthdate": customer.birthdate.isoformat() if customer.birthdate else None,
        "address": customer.address or None,
        "summary": summary,
        "loyalty": {"points": 0, "referred_customers": referred.others, "campaigns": {}},
        "referrals": {"total": len(referred.by), "campaigns": referred.by},
        "system_metadata": {},
        "created_at": iso(customer.created_at),
        "updated_at": iso(customer.updated_at),
        "object": "customer",
    }
    return answer | {"metadata": customer.metadata} if customer.metadata else answer


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
