"""The page that sends a code once more to who holds it, or lets one copy it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from campaigns.codes.models import Voucher
from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.pages.dialogs import leave
from config.staff.roles import PUBLISH, requires
from publications.distributions.sending import send_again as sending
from publications.models import Publication


@require_http_methods(["GET", "HEAD", "POST"])
@requires(PUBLISH)
def send_again(request: HtmxHttpRequest, publication_id: int) -> HttpResponse:
    publication = get_object_or_404(
        Publication.objects.select_related("campaign", "customer").filter(result=Publication.Result.SUCCESS),
        pk=publication_id,
    )
    return _page(request, sending.held_by(publication), back=publication.get_absolute_url())


@require_http_methods(["GET", "HEAD", "POST"])
@requires(PUBLISH)
def send_code_again(request: HtmxHttpRequest, voucher_id: int) -> HttpResponse:
    """A code of a hand-out, to whom it was settled."""
    voucher = get_object_or_404(Voucher, pk=voucher_id)
    held = sending.held_code(voucher)
    if held is None:
        raise Http404
    return _page(request, held, back=voucher.get_absolute_url())


def _page(request: HtmxHttpRequest, held: sending.Held, *, back: str) -> HttpResponse:
    message, problem = None, ""
    try:
        message = sending.message_again(held)
        if request.method == "POST":
            address = sending.send_again(held, by=Actor.user(request.user))
            if settings.EMAIL_IS_SENT:
                messages.success(request, f"Sent again to {address}.")
            else:
                messages.warning(request, f"The message to {address} is stored, not sent: e-mail is not set up.")
            return leave(request, back)
    except sending.CannotSendAgain as refused:
        problem = str(refused)
    context = {
        "title": "Send the code again",
        "held": held,
        "back": back,
        "message": message,
        "problem": problem,
    }
    return render(request, "distributions/send_again.html", context)
