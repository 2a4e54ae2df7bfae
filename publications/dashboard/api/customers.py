"""The API of customers: delete one. What that means is known here, where the publications are."""

from __future__ import annotations

from django.http import HttpRequest

from config.api.auth import MAY_ALL, caller
from customers.actions.upsert import CustomerNotFound, find_customer
from customers.api.customers import router
from publications.dashboard.erase_customer import erase_customer


@router.delete("/{customer_id}", auth=MAY_ALL, response={204: None})
def remove_customer(request: HttpRequest, customer_id: str):
    """Erases the personal data, as the dashboard does. The publications stay, to nobody."""
    if not erase_customer(find_customer(customer_id), by=caller(request)):
        raise CustomerNotFound(customer_id)
