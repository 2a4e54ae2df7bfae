"""A customer's page: who they are, which codes they hold, what was published to them, and what they redeemed and did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Value
from django.db.models.functions import Lower
from django.db.models.query import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe
from django_filters import FilterSet
from django_tables2 import Table

from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.paging import COUNT_UP_TO
from config.staff.lists.tables import list_page
from config.staff.roles import PUBLISH, READ, requires, reveals_codes
from customers.models import Customer
from customers.pages.tables import EventTable
from customers.segments.queries.find_segments import segments_of
from publications.distributions.actions.unsubscribe import resubscribe as put_back
from publications.distributions.actions.unsubscribe import unsubscribe as take_off
from publications.distributions.models import Unsubscribe
from publications.distributions.pages.tables import CustomerMessageTable
from publications.models import PublishedVoucher
from publications.notes.queries import notes_on
from publications.pages.filters import history
from publications.pages.tables import HistoryTable, WalletTable
from publications.queries.holder import held_by
from publications.redemptions.pages.tables import RedemptionTable
from publications.redemptions.queries.history import last_attempt


@require_safe
@requires(READ)
def customer(request: HtmxHttpRequest, customer_id: int) -> HttpResponse:
    """Erased customers keep their page: it shows their publications without their name."""
    customer = get_object_or_404(Customer, pk=customer_id)
    table = WalletTable(_wallet(customer), user=request.user)
    return _tab(
        request,
        customer,
        "wallet",
        table,
        about=lambda: {
            "segments": segments_of(customer),
            "unsubscribed": _unsubscribed(customer),
            "notes": notes_on(customer),
            "last_attempt": last_attempt(customer.redemptions.all()),
        },
    )


@require_safe
@requires(READ)
def customer_publications(request: HtmxHttpRequest, customer_id: int) -> HttpResponse:
    customer = get_object_or_404(Customer, pk=customer_id)
    publications = history(customer=customer, filters=request.GET, whole_codes=not reveals_codes(request.user))
    table = HistoryTable(publications, user=request.user, hidden=("customer",))
    return _tab(request, customer, "publications", table, filterset=publications)


@require_safe
@requires(READ)
def customer_redemptions(request: HtmxHttpRequest, customer_id: int) -> HttpResponse:
    customer = get_object_or_404(Customer, pk=customer_id)
    table = RedemptionTable(customer.redemptions.order_by("-created_at", "-pk"), user=request.user)
    return _tab(request, customer, "redemptions", table)


@require_safe
@requires(READ)
def customer_events(request: HtmxHttpRequest, customer_id: int) -> HttpResponse:
    """What the shop reported through POST /v1/events."""
    customer = get_object_or_404(Customer, pk=customer_id)
    return _tab(request, customer, "events", EventTable(customer.events.order_by("-created_at", "-pk")))


@require_safe
@requires(READ)
def customer_messages(request: HtmxHttpRequest, customer_id: int) -> HttpResponse:
    """What distributions sent to the customer, and why they left them out."""
    customer = get_object_or_404(Customer, pk=customer_id)
    table = CustomerMessageTable(customer.deliveries.order_by("-pk"), user=request.user)
    return _tab(request, customer, "messages", table, about=lambda: {"unsubscribed": _unsubscribed(customer)})


@require_POST
@requires(PUBLISH)
def unsubscribe(request: HtmxHttpRequest, customer_id: int) -> HttpResponse:
    """For a customer who asked staff for no more e-mails. The link in every e-mail does the same."""
    customer = get_object_or_404(Customer.objects.live(), pk=customer_id)
    if take_off(customer, by=Actor.user(request.user)):
        messages.success(request, f"{customer} no longer receives e-mails from distributions.")
    elif customer.email:
        messages.info(request, f"{customer} was already unsubscribed.")
    else:
        messages.info(request, f"{customer} has no e-mail address.")
    return redirect("dashboard:customer", customer_id=customer.pk)


@require_POST
@requires(PUBLISH)
def resubscribe(request: HtmxHttpRequest, customer_id: int) -> HttpResponse:
    """For a customer who asked to get e-mails again."""
    customer = get_object_or_404(Customer.objects.live(), pk=customer_id)
    if put_back(customer, by=Actor.user(request.user)):
        messages.success(request, f"{customer} receives e-mails again.")
    else:
        messages.info(request, f"{customer} was not unsubscribed.")
    return redirect("dashboard:customer", customer_id=customer.pk)


def _tab(
    request: HtmxHttpRequest,
    customer: Customer,
    tab: str,
    table: Table,
    *,
    about: Callable[[], dict[str, Any]] = dict,
    filterset: FilterSet | None = None,
) -> HttpResponse:
    """One tab of the page. `about` is what it shows beside its table."""
    return list_page(
        request,
        "dashboard/customer.html",
        table,
        lambda: {"title": str(customer), "customer": customer, "tab": tab, **_counts(customer), **about()},
        filterset=filterset,
    )


def _unsubscribed(customer: Customer) -> Unsubscribe | None:
    return Unsubscribe.objects.filter(email=Lower(Value(customer.email))).first() if customer.email else None


def _wallet(customer: Customer) -> QuerySet[PublishedVoucher]:
    """The codes that the customer holds, latest publication first."""
    return (
        held_by([customer.pk])
        .select_related("voucher__campaign", "publication")
        .order_by("-publication__created_at", "-publication_id", "-voucher_id")
    )


def _counts(customer: Customer) -> dict[str, int]:
    return {
        "codes_held": _wallet(customer).order_by()[: COUNT_UP_TO + 1].count(),
        "publication_count": customer.publications.order_by()[: COUNT_UP_TO + 1].count(),
        "redemption_count": customer.redemptions.filter(voucher__isnull=False).order_by()[: COUNT_UP_TO + 1].count(),
        "message_count": customer.deliveries.order_by()[: COUNT_UP_TO + 1].count(),
        "event_count": customer.events.order_by()[: COUNT_UP_TO + 1].count(),
        "capped_at": COUNT_UP_TO,
    }
