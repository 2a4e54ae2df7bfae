"""The page of one customer: who it is, which codes they hold, what was published to them, what they redeemed and did."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Value
from django.db.models.functions import Lower
from django.db.models.query import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

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
    """An erased customer is found here still: their publications can be read back, without their name."""
    customer = get_object_or_404(Customer, pk=customer_id)
    return list_page(
        request,
        "dashboard/customer.html",
        WalletTable(_wallet(customer), user=request.user),
        lambda: {
            "title": str(customer),
            "customer": customer,
            "segments": segments_of(customer),
            "unsubscribed": _unsubscribed(customer),
            "notes": notes_on(customer),
            "tab": "wallet",
            "last_attempt": last_attempt(customer.redemptions.all()),
            **_counts(customer),
        },
    )


@require_safe
@requires(READ)
def customer_publications(request: HtmxHttpRequest, customer_id: int) -> HttpResponse:
    customer = get_object_or_404(Customer, pk=customer_id)
    publications = history(customer=customer, filters=request.GET, whole_codes=not reveals_codes(request.user))
    return list_page(
        request,
        "dashboard/customer.html",
        HistoryTable(publications, user=request.user, hidden=("customer",)),
        lambda: {"title": str(customer), "customer": customer, "tab": "publications", **_counts(customer)},
        filterset=publications,
    )


@require_safe
@requires(READ)
def customer_redemptions(request: HtmxHttpRequest, customer_id: int) -> HttpResponse:
    customer = get_object_or_404(Customer, pk=customer_id)
    redemptions = customer.redemptions.order_by("-created_at", "-pk")
    return list_page(
        request,
        "dashboard/customer.html",
        RedemptionTable(redemptions, user=request.user),
        lambda: {"title": str(customer), "customer": customer, "tab": "redemptions", **_counts(customer)},
    )


@require_safe
@requires(READ)
def customer_events(request: HtmxHttpRequest, customer_id: int) -> HttpResponse:
    """What the shop told of by POST /v1/events."""
    customer = get_object_or_404(Customer, pk=customer_id)
    return list_page(
        request,
        "dashboard/customer.html",
        EventTable(customer.events.order_by("-created_at", "-pk")),
        lambda: {"title": str(customer), "customer": customer, "tab": "events", **_counts(customer)},
    )


@require_safe
@requires(READ)
def customer_messages(request: HtmxHttpRequest, customer_id: int) -> HttpResponse:
    """What distributions sent to the customer, or left them out of."""
    customer = get_object_or_404(Customer, pk=customer_id)
    return list_page(
        request,
        "dashboard/customer.html",
        CustomerMessageTable(customer.deliveries.order_by("-pk"), user=request.user),
        lambda: {
            "title": str(customer),
            "customer": customer,
            "unsubscribed": _unsubscribed(customer),
            "tab": "messages",
            **_counts(customer),
        },
    )


@require_POST
@requires(PUBLISH)
def unsubscribe(request: HtmxHttpRequest, customer_id: int) -> HttpResponse:
    """Who asked staff for no more e-mails: the same as by the link in each of them."""
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
    """Who asked to get e-mails again."""
    customer = get_object_or_404(Customer.objects.live(), pk=customer_id)
    if put_back(customer, by=Actor.user(request.user)):
        messages.success(request, f"{customer} receives e-mails again.")
    else:
        messages.info(request, f"{customer} was not unsubscribed.")
    return redirect("dashboard:customer", customer_id=customer.pk)


def _unsubscribed(customer: Customer) -> Unsubscribe | None:
    return Unsubscribe.objects.filter(email=Lower(Value(customer.email))).first() if customer.email else None


def _wallet(customer: Customer) -> QuerySet[PublishedVoucher]:
    """The codes that the customer holds, the last published first."""
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
