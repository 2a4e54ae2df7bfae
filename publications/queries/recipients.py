"""Which customer staff mean when they publish by hand, and what they should know about them first."""

from __future__ import annotations

from django.db.models import QuerySet
from django.db.models.functions import Lower

from campaigns.models import Campaign
from customers.actions.upsert import CustomerNotFound, find_customer
from customers.models import Customer
from customers.queries.search import search
from publications.models import Publication

OFFERED = 8


def find_recipient(text: str) -> tuple[Customer | None, list[Customer]]:
    """The customer with that id or source_id; otherwise none, and the candidates."""
    text = text.replace("\x00", " ").strip()
    if not text:
        return None, []
    try:
        return find_customer(text), []
    except CustomerNotFound:
        return None, list(search(Customer.objects.live(), text)[:OFFERED])


def with_email(email: str) -> QuerySet[Customer]:
    """An e-mail address is not a key: several customers may share it, though seldom on purpose."""
    if not email:
        return Customer.objects.none()
    return Customer.objects.live().alias(_email=Lower("email")).filter(_email=email.lower())


def warnings_about(customer: Customer, campaign: Campaign | None) -> list[str]:
    """What to check before this customer gets a code of the campaign."""
    warnings = []
    if campaign is not None:
        held = Publication.objects.filter(
            customer=customer, campaign=campaign, result=Publication.Result.SUCCESS, voided_at=None
        )
        if campaign.join_once and held.filter(join_once=True).exists():
            warnings.append(f"{customer} has already joined this campaign and will get the same code again.")
        elif held.exists():
            warnings.append(f"{customer} already holds a code of this campaign.")
    others = with_email(customer.email).exclude(pk=customer.pk)[:4]
    if others:
        names = ", ".join(f"{other} ({other.source_id or other.public_id})" for other in others[:3])
        more = " and others" if len(others) > 3 else ""
        warnings.append(f"The e-mail {customer.email} is also used by {names}{more}.")
    return warnings
