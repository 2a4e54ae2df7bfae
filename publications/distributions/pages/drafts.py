"""A distribution before it starts: a page for each step, at an address of its own, that saves what it asks for.

So a draft can be left at any step and found again, also by somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from functools import partial, wraps
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpResponse
from django.http.response import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.models import Campaign
from config.actor import Actor
from config.public_ids import CAMPAIGN, SEGMENT, key_of
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.pages.dialogs import confirm, leave
from config.staff.roles import PUBLISH, requires
from customers.models import Customer
from customers.queries.search import search
from customers.segments.models import Segment
from publications.distributions.actions.change_draft import NoDraft, change_draft
from publications.distributions.actions.create_draft import create_draft
from publications.distributions.actions.discard_draft import discard_draft
from publications.distributions.actions.list_recipients import TooManyLines, list_recipients
from publications.distributions.actions.schedule import CAMPAIGN_PROBLEMS
from publications.distributions.compose import OF_THE_CODE, UnusableTemplate, check_template
from publications.distributions.models import Distribution
from publications.distributions.pages.audience_forms import AudienceForm
from publications.distributions.pages.draft_steps import draft_steps
from publications.distributions.pages.forms import CodesForm, MessageForm, NameForm, WhenForm
from publications.distributions.queries.check_worth import why_nothing_can_be_sent
from publications.distributions.sending.send_test_message import preview_with_blanks

SUGGESTIONS = 8
# Of compose.py, in words.
VARIABLES = [
    ("customer.name", "Their name"),
    ("customer.first_name", "The first word of their name"),
    ("customer.email", "Their e-mail"),
    ("customer.source_id", "Their ID in your shop"),
    ("customer.metadata.city", "Any of their metadata"),
    ("code", "The code, or all codes separated by commas"),
    ("codes", "The codes, one per line"),
    ("campaign.name", "The campaign"),
    ("value", "What the code is worth"),
    ("expires", "The code’s last day"),
    ("project.name", "Your project name"),
    ("unsubscribe_url", "The unsubscribe link; added at the end if you leave it out"),
]
UNKNOWN_SHOWN = 20
SAMPLE = "sample"  # the part of the message page that is drawn anew while one writes
form_page = require_http_methods(["GET", "HEAD", "POST"])


def of_draft(view: Callable[..., HttpResponse]) -> Callable[[HtmxHttpRequest, int], HttpResponse]:
    """The view is given the draft. What is none any more has no steps: its page is the run's."""

    @wraps(view)
    def found(request: HtmxHttpRequest, distribution_id: int) -> HttpResponse:
        manual = Distribution.objects.manual().select_related("customer", "segment", "campaign", "webhook")
        draft = get_object_or_404(manual, pk=distribution_id)
        if draft.status != Distribution.Status.DRAFT:
            messages.info(request, "This distribution is no longer a draft. Duplicate it to send another like it.")
            return leave(request, _address("distribution", draft))
        return view(request, draft)

    return found


@form_page
@requires(PUBLISH)
def create(request: HtmxHttpRequest) -> HttpResponse:
    """From the page of a campaign or of a segment, that one is chosen already: ?campaign=camp_…, ?segment=seg_…"""
    campaign = _asked_for(request, "campaign", CAMPAIGN, Campaign.objects.live().filter(standalone=False))
    segment = _asked_for(request, "segment", SEGMENT, Segment.objects.all())
    form = NameForm(request.POST or None, initial={"name": campaign or segment})
    if request.method == "POST" and form.is_valid():
        by = Actor.user(request.user)
        draft = create_draft(form.cleaned_data["name"], campaign=campaign, segment=segment, by=by)
        return leave(request, next(step["url"] for step in linked_steps(draft) if not step["done"]))
    context = {"form": form, "title": "New distribution", "campaign": campaign, "segment": segment}
    return render(request, "distributions/draft/create.html", context)


@form_page
@requires(PUBLISH)
@of_draft
def rename(request: HtmxHttpRequest, draft: Distribution) -> HttpResponse:
    form = NameForm(request.POST or None, initial={"name": draft.name})
    if request.method == "POST" and form.is_valid():
        _save(request, draft, form.cleaned_data)
        return leave(request, _address("distribution", draft))
    return render(request, "distributions/draft/rename.html", {"form": form, "draft": draft, "title": "Rename"})


@form_page
@requires(PUBLISH)
@of_draft
def audience(request: HtmxHttpRequest, draft: Distribution) -> HttpResponse:
    listed = draft.listed.count()
    form = AudienceForm(request.POST or None, request.FILES or None, draft=draft, listed=listed)
    if request.method == "POST" and form.is_valid():
        try:
            told = form.lines is not None and _list(request, draft, form.lines)
        except TooManyLines as refused:
            form.add_error("file" if "file" in request.FILES else "recipients", str(refused))
        else:
            _save(request, draft, form.changes())
            return _onwards(request, draft, "audience" if told else "message" if draft.remind else "codes")
    unknown = draft.listed.filter(customer=None)
    context = {"listed": listed, "unknown_count": unknown.count(), "unknown": unknown[:UNKNOWN_SHOWN]}
    return _step(request, draft, "audience", form, **context)


@form_page
@requires(PUBLISH)
@of_draft
def codes(request: HtmxHttpRequest, draft: Distribution) -> HttpResponse:
    if draft.remind:  # its codes are chosen with its audience
        return redirect("distributions:audience", distribution_id=draft.pk)
    form = CodesForm(request.POST or None, draft=draft)
    if request.method == "POST" and form.is_valid():
        _save(request, draft, form.changes())
        return _onwards(request, draft, "message")
    return _step(request, draft, "codes", form)


@form_page
@requires(PUBLISH)
@of_draft
def message(request: HtmxHttpRequest, draft: Distribution) -> HttpResponse:
    def save(form: MessageForm) -> HttpResponseRedirect:
        _save(request, draft, form.changes())
        return _onwards(request, draft, "when")

    return message_page(request, draft, save=save, page=partial(_step, request, draft, "message"))


@form_page
@requires(PUBLISH)
@of_draft
def when(request: HtmxHttpRequest, draft: Distribution) -> HttpResponse:
    form = WhenForm(request.POST or None, draft=draft, undo_minutes=request.project.undo_minutes)
    if request.method == "POST" and form.is_valid():
        _save(request, draft, form.changes())
        return _onwards(request, draft, "review")
    return _step(request, draft, "when", form)


@form_page
@requires(PUBLISH)
@of_draft
def discard(request: HtmxHttpRequest, draft: Distribution) -> HttpResponse:
    if request.method == "POST":
        try:
            discard_draft(draft, by=Actor.user(request.user))
        except NoDraft as late:
            messages.error(request, str(late))
            return leave(request, _address("distribution", draft))
        messages.success(request, "The draft has been discarded.")
        return leave(request, reverse("distributions:list"))
    return confirm(
        request,
        "Discard draft",
        f"“{draft}” will be deleted with its message. Nothing has been sent.",
        submit="Discard",
        back=_address("distribution", draft),
    )


@require_safe
@requires(PUBLISH)
def suggest_customers(request: HtmxHttpRequest) -> HttpResponse:
    return render(request, "partials/_options.html", {"options": suggestions(Customer.objects.live(), request)})


def suggestions(customers: QuerySet, request: HtmxHttpRequest) -> list[dict[str, str]]:
    """What a type-ahead for customers is answered with. The value is what `find_recipient` knows them by."""
    text = " ".join(request.GET.get("q", "").split())
    found = search(customers, text).only("name", "email", "source_id")[:SUGGESTIONS] if text else []
    return [
        {
            "value": customer.source_id or customer.public_id,
            "label": str(customer),
            "sub": " · ".join(part for part in (customer.email, customer.source_id) if part and part != str(customer)),
        }
        for customer in found
    ]


def frame(draft: Distribution, here: str) -> dict:
    """What the page of every step shows around its form."""
    steps = linked_steps(draft)
    label = next(step["label"] for step in steps if step["name"] == here)
    dead = why_nothing_can_be_sent(draft)
    return {
        "title": f"{label}: {draft.name}",
        "campaign_problem": CAMPAIGN_PROBLEMS[dead] if dead else "",
        "draft": draft,
        "distribution": draft,
        "listed": draft.listed.count() if draft.audience == Distribution.Audience.LIST else 0,
        "steps": steps,
        "here": here,
        "step_label": label,
    }


def linked_steps(draft: Distribution) -> list[dict]:
    return [step._asdict() | {"url": _address(step.name, draft)} for step in draft_steps(draft)]


def _asked_for(request: HtmxHttpRequest, name: str, prefix: str, rows: QuerySet) -> Any:
    """The one whose public id stands in the address; None without. A wrong id is a 404, so that nothing is chosen unseen."""
    given = request.GET.get(name)
    return get_object_or_404(rows, pk=key_of(prefix, given)) if given else None


def _step(request: HtmxHttpRequest, draft: Distribution, here: str, form: BaseForm, **context: Any) -> HttpResponse:
    return render(request, f"distributions/draft/{here}.html", {**frame(draft, here), "form": form, **context})


def _save(request: HtmxHttpRequest, draft: Distribution, changes: dict) -> bool:
    try:
        change_draft(draft, by=Actor.user(request.user), **changes)
    except NoDraft as late:
        messages.error(request, str(late))
        return False
    return True


def _onwards(request: HtmxHttpRequest, draft: Distribution, step: str) -> HttpResponseRedirect:
    """To the next step; or, by the other button, away: the draft keeps."""
    if "leave" in request.POST:
        messages.success(request, "The draft has been saved.")
        return redirect("distributions:list")
    return redirect(f"distributions:{step}", distribution_id=draft.pk)


def _list(request: HtmxHttpRequest, draft: Distribution, lines: Iterable[str]) -> bool:
    """Whether the list has something that staff should look at before they go on."""
    try:
        listed = list_recipients(draft, lines, by=Actor.user(request.user))
    except NoDraft:
        return False  # which saving the rest will tell
    tell = messages.success if listed.customers else messages.warning
    lines = "1 line has" if listed.lines == 1 else f"{listed.lines:,} lines have"
    tell(request, f"{lines} been read: {_counted(listed.customers, 'customer')}.")
    if listed.problem_count:
        first = "; ".join(f"line {problem.line}: {problem.message}" for problem in listed.problems[:3])
        were = "was" if listed.problem_count == 1 else "were"
        messages.warning(request, f"{_counted(listed.problem_count, 'line')} {were} skipped: {first}")
    return bool(listed.unknown or listed.problem_count)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _sample_of(draft: Distribution, subject: str, body: str) -> dict:
    """What is being written, as the first recipient would get it, and what is wrong with it."""
    for place, text in (("subject", subject), ("text", body)):
        try:
            check_template(text, with_code=draft.campaign_id is not None)
        except UnusableTemplate as unusable:
            return {"sample_problem": f"In the {place}: {unusable}"}
    written = copy(draft)
    written.subject, written.body = subject, body
    if not subject and not body:
        return {"sample": None}
    sample, blanks = preview_with_blanks(written)
    return {"sample": sample, "blanks": blanks}


def message_page(
    request: HtmxHttpRequest,
    run: Distribution,
    *,
    save: Callable[[MessageForm], HttpResponse | None],
    page: Callable[..., HttpResponse],
) -> HttpResponse:
    """The message of a manual or an automatic one. While one writes, the sample beside the form is asked for by the same
    form; nothing is saved by that. `save`: where to after it, or None where it was refused; `page` draws the form.
    """
    form = MessageForm(request.POST or None, draft=run)
    wants_sample = request.htmx.target == SAMPLE or "sample" in request.POST
    if request.method == "POST" and form.is_valid() and not wants_sample and (onwards := save(form)):
        return onwards
    written = form.data if form.is_bound else form.initial
    sample = _sample_of(run, written.get("subject", "")[:200], written.get("body", "")[:50_000])
    if request.htmx.target == SAMPLE:
        return render(request, "distributions/draft/_sample.html", sample)
    with_code = run.campaign_id is not None
    variables = [(f"{{{{ {name} }}}}", words) for name, words in VARIABLES if with_code or name not in OF_THE_CODE]
    response = page(form, variables=variables, **sample)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _address(page: str, draft: Distribution) -> str:
    return reverse(f"distributions:{page}", kwargs={"distribution_id": draft.pk})
