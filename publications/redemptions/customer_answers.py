"""Customers as the API answers with them: with what they redeemed and ordered, and whom they referred."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from customers.answers import customer_answer
from customers.models import Customer
from publications.redemptions.queries.find_referrals import Referrals, find_referrals
from publications.redemptions.queries.summarise_customers import summarise_customers


def customer_answers(customers: Sequence[Customer]) -> list[dict[str, Any]]:
    """In as many queries for all as for one."""
    keys = [customer.pk for customer in customers]
    summaries, referrals = summarise_customers(keys), find_referrals(keys)
    return [
        customer_answer(customer, summary=summaries[customer.pk], **referrals.get(customer.pk, Referrals())._asdict())
        for customer in customers
    ]
