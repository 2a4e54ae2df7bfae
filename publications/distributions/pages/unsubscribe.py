"""The page behind the link in each e-mail: for whoever got it, without signing in."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from config.staff.htmx_request import HtmxHttpRequest
from publications.distributions.actions.unsubscribe import BY_LINK, InvalidLink, find_delivery, is_unsubscribed
from publications.distributions.actions.unsubscribe import unsubscribe as take_off


@require_http_methods(["GET", "HEAD", "POST"])
@csrf_exempt  # mail programs post here by themselves (RFC 8058); whoever has the link may do nothing else with it
@never_cache
def unsubscribe(request: HtmxHttpRequest, token: str) -> HttpResponse:
    """A GET changes nothing: mail scanners follow every link. Who is off already is told so and asked nothing."""
    try:
        delivery = find_delivery(token)
    except InvalidLink:
        return render(request, "distributions/unsubscribe.html", {"invalid": True}, status=404)
    if request.method == "POST" and delivery:
        take_off(delivery.customer, delivery=delivery, by=BY_LINK)
    done = delivery is not None and is_unsubscribed(delivery)
    return render(request, "distributions/unsubscribe.html", {"done": done, "test": delivery is None})
