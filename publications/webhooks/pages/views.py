"""The addresses that receive events, and their deliveries. For Managers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.models import Campaign
from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.paging import COUNT_UP_TO
from config.staff.lists.tables import list_page
from config.staff.pages.dialogs import confirm, leave
from config.staff.roles import MANAGE, requires
from publications.webhooks.actions import send_again as sending
from publications.webhooks.actions.change_address import change_address, draw_new_secret
from publications.webhooks.actions.create_address import AddressExists, create_address
from publications.webhooks.actions.delete_address import delete_address
from publications.webhooks.actions.pause_address import pause_address, resume_address
from publications.webhooks.check_address import AddressRefused
from publications.webhooks.models import WebhookAddress, WebhookDelivery
from publications.webhooks.pages.filters import DeliveryFilter
from publications.webhooks.pages.forms import AddressForm
from publications.webhooks.pages.show_delivery import show_delivery
from publications.webhooks.pages.tables import DeliveryTable, WebhookAddressTable

form_page = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@requires(MANAGE)
def webhooks(request: HtmxHttpRequest) -> HttpResponse:
    table = WebhookAddressTable(WebhookAddress.objects.live())
    return list_page(request, "webhooks/list.html", table, {"title": "Webhooks"})


@form_page
@requires(MANAGE)
def create_webhook(request: HtmxHttpRequest) -> HttpResponse:
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            address = create_address(**form.cleaned_data, by=Actor.user(request.user))
        except (AddressRefused, AddressExists) as refused:
            form.add_error("url", str(refused))
        else:
            messages.success(request, "The webhook has been added. Send a test to see whether it arrives.")
            return leave(request, _page(address))
    return render(request, "webhooks/create.html", {"form": form, "title": "New webhook"})


@require_safe
@never_cache  # it shows the secret
@requires(MANAGE)
def webhook(request: HtmxHttpRequest, address_id: int) -> HttpResponse:
    address = _address(address_id)
    deliveries = DeliveryFilter(request.GET, address.deliveries.all())
    return list_page(
        request,
        "webhooks/address.html",
        DeliveryTable(deliveries.qs),
        lambda: {
            "title": address,
            "address": address,
            "campaigns": list(_campaigns(address)) if address.campaigns else [],
            # What is over is no rest: it is the turn of what waits, only nobody has come to it yet.
            "rests_until": address.rests_until
            if address.rests_until and address.rests_until > timezone.now()
            else None,
            "waiting": _count(address.deliveries.filter(status="waiting")),
            "failed": _count(address.deliveries.failed()),
        },
        filterset=deliveries,
    )


@form_page
@requires(MANAGE)
def edit_webhook(request: HtmxHttpRequest, address_id: int) -> HttpResponse:
    address = _address(address_id)
    form = AddressForm(request.POST or None, initial=_initial(address))
    if request.method == "POST" and form.is_valid():
        try:
            changed = change_address(address, **form.cleaned_data, by=Actor.user(request.user))
        except (AddressRefused, AddressExists) as refused:
            form.add_error("url", str(refused))
        else:
            messages.success(request, "The webhook has been saved." if changed else "Nothing was changed.")
            return leave(request, _page(address))
    return render(request, "webhooks/edit.html", {"form": form, "address": address, "title": "Edit webhook"})


@form_page
@requires(MANAGE)
def webhook_secret(request: HtmxHttpRequest, address_id: int) -> HttpResponse:
    """Generates a new secret."""
    address = _address(address_id)
    if request.method == "POST":
        draw_new_secret(address, by=Actor.user(request.user))
        messages.success(request, "The new secret signs everything from now on. Add it to the receiver.")
        return leave(request, _page(address))
    return confirm(
        request,
        "Generate new secret",
        "Everything is signed with it from now on, including deliveries already waiting. Until you add it to the "
        "receiver, signatures will not match; rejected deliveries are retried.",
        submit="Generate new secret",
        back=_page(address),
    )


@require_POST
@requires(MANAGE)
def pause_webhook(request: HtmxHttpRequest, address_id: int) -> HttpResponse:
    address = _address(address_id)
    if not pause_address(address, by=Actor.user(request.user)):
        messages.info(request, "It was already paused.")
    return redirect(_page(address))


@require_POST
@requires(MANAGE)
def resume_webhook(request: HtmxHttpRequest, address_id: int) -> HttpResponse:
    address = _address(address_id)
    if resume_address(address, by=Actor.user(request.user)):
        messages.success(request, "Resumed. Waiting deliveries are sent first.")
    else:
        messages.info(request, "It was not paused.")
    return redirect(_page(address))


@form_page
@requires(MANAGE)
def delete_webhook(request: HtmxHttpRequest, address_id: int) -> HttpResponse:
    address = _address(address_id)
    if request.method == "POST":
        delete_address(address, by=Actor.user(request.user))
        messages.success(request, "The webhook has been deleted.")
        return leave(request, reverse("webhooks:webhooks"))
    return confirm(
        request,
        "Delete webhook",
        f"Nothing more will be sent to {address}, and its delivery history will be deleted.",
        submit="Delete",
        back=_page(address),
    )


@require_POST
@requires(MANAGE)
def test_webhook(request: HtmxHttpRequest, address_id: int) -> HttpResponse:
    delivery = sending.send_test(_address(address_id), by=Actor.user(request.user))
    return redirect(_delivery_page(delivery))


@require_POST
@requires(MANAGE)
def retry_webhook(request: HtmxHttpRequest, address_id: int) -> HttpResponse:
    """Retries everything that failed for good."""
    address = _address(address_id)
    count = sending.send_failed_again(address, by=Actor.user(request.user))
    if not count:
        messages.info(request, "No deliveries have failed.")
    elif address.paused_at:
        messages.success(request, f"{count:,} are waiting to be sent again. Resume the webhook to send them.")
    else:
        messages.success(request, f"{count:,} will be sent again within seconds.")
    return redirect(_page(address))


@require_safe
@requires(MANAGE)
def webhook_delivery(request: HtmxHttpRequest, address_id: int, delivery_id: int) -> HttpResponse:
    """As a page, or as the part of it that a row of the list opens, and that is asked for again while it is sent."""
    delivery = get_object_or_404(
        WebhookDelivery.objects.select_related("address"), _of_live(address_id), pk=delivery_id
    )
    attempts = [attempt | {"at": datetime.fromisoformat(attempt["at"])} for attempt in reversed(delivery.log)]
    is_part = request.htmx.target == f"delivery-{delivery.pk}"
    context = {
        "title": "Delivery",
        "delivery": delivery,
        "attempts": attempts,
        "shown": show_delivery(delivery),
        "in_list": is_part and request.htmx.current_url_abs_path != request.path,
    }
    response = render(request, "webhooks/_delivery.html" if is_part else "webhooks/delivery.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@require_POST
@requires(MANAGE)
def send_webhook_again(request: HtmxHttpRequest, address_id: int, delivery_id: int) -> HttpResponse:
    delivery = get_object_or_404(
        WebhookDelivery.objects.select_related("address"), _of_live(address_id), pk=delivery_id
    )
    sending.send_again(delivery, by=Actor.user(request.user))
    return redirect(_delivery_page(delivery))


def _initial(address: WebhookAddress) -> dict[str, Any]:
    names = _campaigns(address).values_list("name", flat=True)
    return {"url": address.url, "events": address.events, "campaigns": "\n".join(names)}


def _campaigns(address: WebhookAddress) -> QuerySet[Campaign]:
    return Campaign.objects.live().filter(pk__in=address.campaigns).order_by("name")


def _address(address_id: int) -> WebhookAddress:
    return get_object_or_404(WebhookAddress.objects.live(), pk=address_id)


def _of_live(address_id: int) -> Q:
    return Q(address=address_id, address__deleted_at=None)


def _count(deliveries: QuerySet) -> int:
    """No further than lists count."""
    return deliveries.order_by()[: COUNT_UP_TO + 1].count()


def _page(address: WebhookAddress) -> str:
    return reverse("webhooks:webhook", kwargs={"address_id": address.pk})


def _delivery_page(delivery: WebhookDelivery) -> str:
    return reverse("webhooks:webhook-delivery", kwargs={"address_id": delivery.address_id, "delivery_id": delivery.pk})
