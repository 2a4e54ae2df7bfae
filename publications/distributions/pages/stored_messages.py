"""The messages that were kept instead of sent, since no mail server is set: what would go out, to look at."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import list_page
from config.staff.roles import READ, requires, reveals_codes
from publications.code_visibility import text_shown
from publications.distributions.models import KeptMessage
from publications.distributions.pages.filters import OutboxFilter
from publications.distributions.pages.review import framed
from publications.distributions.pages.tables import OutboxTable
from publications.distributions.sending.stored_email_backend import codes_in, subject_shown, with_codes


@require_safe
@requires(READ)
def outbox(request: HtmxHttpRequest) -> HttpResponse:
    kept = OutboxFilter(request.GET, KeptMessage.objects.all())
    context = {"title": "Outbox", "is_sent": settings.EMAIL_IS_SENT}
    return list_page(
        request, "distributions/outbox.html", OutboxTable(kept.qs, user=request.user), context, filterset=kept
    )


@require_safe
@never_cache
@requires(READ)
def message(request: HtmxHttpRequest, message_id: int) -> HttpResponse:
    """Its text holds codes in clear, so who sees none of them sees no text."""
    kept = get_object_or_404(with_codes(KeptMessage.objects.select_related("customer")), pk=message_id)
    reveals, codes = reveals_codes(request.user), codes_in(kept)
    if reveals:
        kept.subject = subject_shown(kept, reveals=True)
        kept.text = text_shown(kept.text, codes, reveals=True)
    context = {"title": kept.subject or "(no subject)" if reveals else "Message", "kept": kept, "reveals": reveals}
    return render(request, "distributions/outbox_message.html", context)


@require_safe
@never_cache
@requires(READ)
def message_html(request: HtmxHttpRequest, message_id: int) -> HttpResponse:
    kept = get_object_or_404(with_codes(KeptMessage.objects.all()), pk=message_id)
    return framed(text_shown(kept.html, codes_in(kept), reveals=True) if reveals_codes(request.user) else "")
