"""The page that sends a code once more to who holds it, or lets one copy it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

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
    message, problem = None, ""
    try:
        message = sending.message_again(publication)
        if request.method == "POST":
            address = sending.send_again(publication, by=Actor.user(request.user))
            if settings.EMAIL_IS_SENT:
                messages.success(request, f"Sent again to {address}.")
            else:
                messages.warning(request, f"The message to {address} is stored, not sent: e-mail is not set up.")
            return leave(request, publication.get_absolute_url())
    except sending.CannotSendAgain as refused:
        problem = str(refused)
    context = {
        "title": "Send the code again",
        "publication": publication,
        "codes": sending.held_codes(publication),
        "message": message,
        "problem": problem,
    }
    return render(request, "distributions/send_again.html", context)
