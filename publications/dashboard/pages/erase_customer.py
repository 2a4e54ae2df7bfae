"""Erasing a customer's personal data. Here, not in customers, because the verb needs the publications."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from config.actor import Actor
from config.erasure_journal import JournalNotWritten
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.pages.dialogs import leave
from config.staff.roles import MANAGE, requires
from customers.models import Customer
from publications.dashboard.erase_customer import erase_customer as erase


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def erase_customer(request: HtmxHttpRequest, customer_id: int) -> HttpResponse:
    customer = get_object_or_404(Customer.objects.live(), pk=customer_id)
    if request.method == "POST":
        try:
            erase(customer, by=Actor.user(request.user))
        except JournalNotWritten as problem:
            messages.error(request, str(problem))
            return leave(request, reverse("dashboard:customer", kwargs={"customer_id": customer.pk}))
        messages.success(request, f"The personal data of {customer.public_id} has been erased.")
        return leave(request, reverse("customers:list"))
    context = {
        "customer": customer,
        "title": "Erase personal data",
        "back": reverse("dashboard:customer", kwargs={"customer_id": customer.pk}),
    }
    return render(request, "customers/erase.html", context)
