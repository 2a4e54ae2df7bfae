"""What API filters mean by a name or an id."""

from __future__ import annotations

from django.db.models import Q

from campaigns.models import Campaign
from config.public_ids import CAMPAIGN, CUSTOMER, key_of
from customers.models import Customer


def campaigns_called(reference: str) -> list[int]:
    """Looked up first: joining by name would keep the database from using the index of the campaign's history."""
    key = key_of(CAMPAIGN, reference)
    return list(Campaign.objects.filter(Q(name=reference) | Q(pk=key or 0)).values_list("pk", flat=True))


def customers_called(reference: str) -> list[int]:
    key = key_of(CUSTOMER, reference)
    return list(Customer.objects.filter(Q(source_id=reference) | Q(pk=key or 0)).values_list("pk", flat=True))
