"""The pages for adding codes to a campaign, and for following the progress."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods

from campaigns.codes.actions.extend_pool import order_codes, retry_order, space_of, stop_order
from campaigns.codes.code_space import CodeSpaceTooSmall
from campaigns.codes.models import CodeOrder
from campaigns.codes.queries.preview_codes import preview_codes
from campaigns.models import Campaign
from campaigns.pages.forms import ExtendForm
from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.pages.dialogs import leave
from config.staff.roles import MANAGE, READ, requires


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def extend(request: HtmxHttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.live(), pk=campaign_id)
    form = ExtendForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            order = order_codes(campaign, count=form.cleaned_data["count"], by=Actor.user(request.user))
        except CodeSpaceTooSmall as refused:
            form.add_error("count", str(refused))
        else:
            url = reverse("campaigns:order", kwargs={"campaign_id": campaign.pk, "order_id": order.pk})
            return leave(request, url)
    context = {
        "title": "Generate codes",
        "campaign": campaign,
        "form": form,
        "preview": preview_codes(space_of(campaign), count=0),
    }
    return render(request, "campaigns/extend.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(READ)
def order(request: HtmxHttpRequest, campaign_id: int, order_id: int) -> HttpResponseBase:
    """The order's page; for HTMX only its progress. A POST stops it, or resumes one that has ended."""
    campaign = get_object_or_404(Campaign.objects.live(), pk=campaign_id)
    order = get_object_or_404(CodeOrder, pk=order_id, campaign=campaign)
    if request.method == "POST":
        return _stop(request, campaign, order) if "stop" in request.POST else _retry(request, campaign, order)
    part = request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request
    context = {"title": f"New codes for {campaign}", "campaign": campaign, "order": order}
    response = render(request, "campaigns/_order.html" if part else "campaigns/order.html", context)
    patch_vary_headers(response, ["HX-Request"])
    if part and not order.is_running and request.htmx.current_url_abs_path == request.path:
        response["HX-Refresh"] = "true"  # the order's own page shows the new counts; another is left as it is
    return response


@requires(MANAGE)
def _retry(request: HtmxHttpRequest, campaign: Campaign, order: CodeOrder) -> HttpResponse:
    if not retry_order(order, by=Actor.user(request.user)):
        messages.warning(
            request, "This order has neither failed nor been stopped, or someone else has just retried it."
        )
    return redirect("campaigns:order", campaign_id=campaign.pk, order_id=order.pk)


@requires(MANAGE)
def _stop(request: HtmxHttpRequest, campaign: Campaign, order: CodeOrder) -> HttpResponse:
    if not stop_order(order, by=Actor.user(request.user)):
        messages.info(request, "All codes had already been generated, or someone else has just stopped this.")
    return redirect("campaigns:order", campaign_id=campaign.pk, order_id=order.pk)
