"""The last step of a draft: what would happen, the message as a recipient would get it, a test, and the start."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.roles import PUBLISH, requires
from customers.models import Customer
from publications.distributions.actions.change_status import NotPossible
from publications.distributions.actions.schedule import NotReady, schedule, what_is_missing
from publications.distributions.audience import audience_of, why_left_out
from publications.distributions.models import Delivery, Distribution
from publications.distributions.pages.draft_steps import has_audience
from publications.distributions.pages.drafts import frame, of_draft, suggestions
from publications.distributions.pages.forms import RecipientForm, TestMessageForm
from publications.distributions.queries.dry_run import dry_run
from publications.distributions.reasons import DeliveryReason, in_words
from publications.distributions.reminders import held_unused, why_not_reminded
from publications.distributions.sending.send_test_message import (
    NotSent,
    preview_message,
    preview_webhook,
    preview_with_blanks,
    send_test_message,
)

PREVIEW = "preview"  # the part of the review that shows the message of a chosen recipient
DRY_RUN = "dry-run"  # and the one that counts
LARGE = 50_000  # a million took 2 to 5 seconds to count
Message = Distribution.Message

# An e-mail brings its own styles. In its frame it may have them, and nothing else: no script, no picture, no form.
OF_A_MESSAGE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"


@require_safe
@never_cache
@requires(PUBLISH)
@of_draft
def review(request: HtmxHttpRequest, draft: Distribution) -> HttpResponse:
    """A large audience is counted behind the page, which asks for that part (?count) once it is shown."""
    if request.htmx.target == DRY_RUN:
        context = {"draft": draft, "dry_run": dry_run(draft), "problems": what_is_missing(draft)}
        return _answer(request, "distributions/draft/_dry_run.html", context)
    recipient = RecipientForm(request.GET, draft=draft)
    context = {"draft": draft, "recipient": recipient, **_preview(draft, recipient)}
    if request.htmx.target == PREVIEW:
        return _answer(request, "distributions/draft/_preview.html", context)
    counts_now = has_audience(draft) and ("count" in request.GET or not _is_large(draft))
    context |= frame(draft, "review") | {
        "problems": what_is_missing(draft),
        "dry_run": dry_run(draft) if counts_now else None,
        "counts_later": has_audience(draft) and not counts_now,
        "test_form": TestMessageForm(initial={"to": request.user.email}),
    }
    return _answer(request, "distributions/draft/review.html", context)


@require_safe
@requires(PUBLISH)
@of_draft
def suggest_recipients(request: HtmxHttpRequest, draft: Distribution) -> HttpResponse:
    """Of its audience, for the review's type-ahead."""
    return render(request, "partials/_options.html", {"options": suggestions(audience_of(draft), request)})


def framed(html: str) -> HttpResponse:
    """The HTML of an e-mail, which only a page of ours may show, in a frame."""
    headers = {"Content-Security-Policy": OF_A_MESSAGE, "X-Frame-Options": "SAMEORIGIN"}
    return HttpResponse(html or "<!doctype html><title>No HTML part</title>", headers=headers)


@require_safe
@never_cache
@requires(PUBLISH)
@of_draft
def preview(request: HtmxHttpRequest, draft: Distribution) -> HttpResponse:
    """The HTML part, for the frame in the review."""
    recipient = RecipientForm(request.GET, draft=draft)
    return framed(preview_message(draft, recipient.found).html)


@require_POST
@requires(PUBLISH)
@of_draft
def test(request: HtmxHttpRequest, draft: Distribution) -> HttpResponse:
    form, recipient = TestMessageForm(request.POST), RecipientForm(request.POST, draft=draft)
    if not form.is_valid():
        messages.error(request, "Enter an e-mail address for the test.")
    elif problems := what_is_missing(draft):
        messages.error(request, " ".join(problems))
    else:
        try:
            to = form.cleaned_data["to"]
            send_test_message(draft, to=to, by=Actor.user(request.user), customer=recipient.found)
        except NotSent as problem:
            messages.error(request, str(problem))
        else:
            done = f"sent to {to}" if settings.EMAIL_IS_SENT else "stored in the Outbox, not sent: e-mail is not set up"
            messages.success(request, f"The test was {done}. No code was used.")
    address = reverse("distributions:review", kwargs={"distribution_id": draft.pk})
    return redirect(f"{address}?recipient={recipient.found.public_id}" if recipient.found else address)


@require_POST
@requires(PUBLISH)
@of_draft
def start(request: HtmxHttpRequest, draft: Distribution) -> HttpResponse:
    try:
        schedule(draft, at=draft.starts_at, by=Actor.user(request.user))
    except NotReady as missing:
        for problem in missing.problems:
            messages.error(request, problem)
        return redirect("distributions:review", distribution_id=draft.pk)
    except NotPossible as late:
        messages.error(request, str(late))
    return redirect("distributions:distribution", distribution_id=draft.pk)


def _is_large(draft: Distribution) -> bool:
    return audience_of(draft).order_by()[: LARGE + 1].count() > LARGE


def _answer(request: HtmxHttpRequest, template: str, context: dict) -> HttpResponse:
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _preview(draft: Distribution, form: RecipientForm) -> dict:
    """The message for the chosen customer, or for the first of the audience; and why that one would not get it."""
    by_email = draft.message == Message.EMAIL and bool(draft.body)
    if not by_email and draft.message != Message.WEBHOOK:
        return {}
    customer = form.found or audience_of(draft).order_by("pk").first()
    context = {"shown_for": customer, "reason": _why_not(draft, form.found) if form.found else ""}
    if by_email:
        message, blanks = preview_with_blanks(draft, customer)
        return context | {"message": message, "blanks": blanks}
    return context | {"payload": preview_webhook(draft, customer) if customer else None}


def _why_not(draft: Distribution, customer: Customer) -> str:
    """Why the customer would get nothing; "" where they would."""
    if draft.remind:
        return _why_not_reminded(draft, customer)
    would = audience_of(draft).filter(pk=customer.pk).annotate(_reason=why_left_out(draft))
    reason = would.values_list("_reason", flat=True).first()
    return "not in the audience" if reason is None else in_words(DeliveryReason(reason)) if reason else ""


def _why_not_reminded(draft: Distribution, customer: Customer) -> str:
    """Of the first code that they hold."""
    row = held_unused(customer, draft)
    if row is None:
        return "holds no unused code of the campaign"
    reason = why_not_reminded(Delivery(customer=customer, reminds=row))
    people = Customer.objects.filter(pk=customer.pk).annotate(_reason=why_left_out(draft))
    reason = reason or people.values_list("_reason", flat=True).get()
    return in_words(DeliveryReason(reason)) if reason else ""
