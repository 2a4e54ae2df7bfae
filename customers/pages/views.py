"""The list and forms of customers. A customer's page is in publications, because it shows their codes."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import list_page
from config.staff.roles import PUBLISH, READ, requires, reveals_codes
from customers.actions.create_customer import SourceIdTaken, create_customer
from customers.actions.edit_customer import CustomerChanged, edit_customer
from customers.models import Customer
from customers.pages.filters import CustomerFilter
from customers.pages.forms import CustomerForm
from customers.pages.tables import CustomerTable
from customers.queries.find_doubles import find_doubles
from customers.queries.search import search

# What a list does not show and a customer may have 42 KB of.
HEAVY = ("metadata", "description", "address")
SUGGESTIONS = 8


@require_safe
@requires(READ)
def customers(request: HtmxHttpRequest) -> HttpResponse:
    filterset = CustomerFilter(request.GET, Customer.objects.live().defer(*HEAVY), bounded=True)
    return list_page(
        request,
        "customers/list.html",
        CustomerTable(filterset.qs, chooses=reveals_codes(request.user), searched=bool(request.GET.get("q"))),
        {"title": "Customers"},
        filterset=filterset,
    )


@require_safe
@requires(READ)
def doubles(request: HtmxHttpRequest) -> HttpResponse:
    """Customers who are probably the same person, some of the addresses at a time."""
    after = request.GET.get("after", "").replace("\0", "")[:320]
    context = {"title": "Likely duplicates", "doubles": find_doubles(after=after), "after": after}
    return render(request, "customers/doubles.html", {**context, "list_url": reverse("customers:list")})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(PUBLISH)
def create(request: HtmxHttpRequest) -> HttpResponse:
    form = CustomerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            customer = create_customer(form.changes(), by=Actor.user(request.user))
        except SourceIdTaken as taken:
            form.add_error("source_id", str(taken))
        else:
            messages.success(request, f"{customer} has been added.")
            return redirect(customer)
    return render(request, "customers/create.html", {"form": form, "title": "New customer"})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(PUBLISH)
def edit(request: HtmxHttpRequest, customer_id: int) -> HttpResponse:
    customer = get_object_or_404(Customer.objects.live(), pk=customer_id)
    form = CustomerForm(request.POST or None, customer=customer)
    if request.method == "POST" and form.is_valid():
        try:
            edit_customer(customer, form.changes(), by=Actor.user(request.user))
        except SourceIdTaken as taken:
            form.add_error("source_id", str(taken))
        except CustomerChanged as changed:
            form.add_error(None, str(changed))
        else:
            messages.success(request, "Saved.")
            return redirect(customer)
    return render(request, "customers/edit.html", {"form": form, "customer": customer, "title": f"Edit {customer}"})


@require_safe
@requires(PUBLISH)
def suggest(request: HtmxHttpRequest) -> HttpResponse:
    """What the type-ahead of the Publish dialog gets: up to 8 customers, and the offer to create one."""
    text = " ".join(request.GET.get("q", "").split())
    found = search(Customer.objects.live().defer(*HEAVY), text, bounded=True)[:SUGGESTIONS] if text else []
    options = [option_of(customer) for customer in found]
    if text:
        options.append({"value": text, "label": f"Create “{text}”", "sub": "A new customer"})
    return render(request, "partials/_options.html", {"options": options})


def option_of(customer: Customer) -> dict[str, str]:
    """As _options.html takes it."""
    shown = str(customer)
    sub = " · ".join(part for part in (customer.email, customer.source_id) if part and part != shown)
    return {"value": customer.public_id, "label": shown, "sub": sub}
