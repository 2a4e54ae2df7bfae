"""The list of distributions, and the page of one: how far it is, who got what, and what may be done with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.codes.models import Reservation
from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import list_page
from config.staff.models import AuditEntry
from config.staff.pages.dialogs import confirm, leave
from config.staff.roles import PUBLISH, READ, requires
from publications.distributions.actions import change_status, retry_failed
from publications.distributions.actions.change_status import NotPossible
from publications.distributions.actions.duplicate import duplicate as duplicate_distribution
from publications.distributions.actions.settle_unknown import resolve_unknown
from publications.distributions.models import Delivery, Distribution
from publications.distributions.pages.drafts import linked_steps
from publications.distributions.pages.filters import DistributionFilter, RecipientFilter
from publications.distributions.pages.forms import ResolveForm
from publications.distributions.pages.tables import DistributionTable, RecipientTable, distribution_url
from publications.distributions.queries.follow_run import Progress, follow_run

PART = "run"  # the part of the page that is asked for again while the run goes on
LATEST = 20
Status = Distribution.Status
MOVING = (Status.SCHEDULED, Status.RUNNING)
RESERVING = (Status.SCHEDULED, Status.PAUSED, Status.HELD)  # while it waits, its page tells what is kept for it
PASSED_BY = "Events that occur while it is paused are ignored."


@require_safe
@requires(READ)
def distributions(request: HtmxHttpRequest) -> HttpResponse:
    filterset = DistributionFilter(request.GET, Distribution.objects.manual())
    return list_page(
        request,
        "distributions/list.html",
        DistributionTable(filterset.qs, user=request.user),
        {"title": "Distributions", "outbox": not settings.EMAIL_IS_SENT},
        filterset=filterset,
    )


@require_safe
@requires(READ)
def distribution(request: HtmxHttpRequest, distribution_id: int) -> HttpResponse:
    """An automatic one has a page of another kind; what links to "the run" need not know which it was."""
    run = get_object_or_404(
        Distribution.objects.select_related("customer", "segment", "campaign", "webhook"), pk=distribution_id
    )
    if run.kind == Distribution.Kind.AUTOMATIC:
        return redirect(run)
    if request.htmx.target == PART:
        context = _looked_at_again(request, run)
        response = render(request, "distributions/_run.html", context)
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        return response
    if run.status == Status.DRAFT:
        context = {**_about(run), "next": next(step for step in linked_steps(run) if not step["done"])}
        return render(request, "distributions/draft/draft.html", context)
    progress = cache(lambda: follow_run(run))  # for the whole page only; the table alone needs none of it
    recipients = _recipients(run, request.GET, progress)
    return list_page(
        request,
        "distributions/run.html",
        RecipientTable(recipients.qs, run=run, user=request.user),
        lambda: {**_about(run), **_state(run, progress())},
        filterset=recipients,
    )


@require_POST
@requires(PUBLISH)
def cancel(request: HtmxHttpRequest, distribution_id: int) -> HttpResponse:
    return _change(request, distribution_id, change_status.cancel, "Cancelled. Nothing was sent.")


@require_POST
@requires(PUBLISH)
def pause(request: HtmxHttpRequest, distribution_id: int) -> HttpResponse:
    return _change(
        request, distribution_id, change_status.pause, "Paused. Messages already on their way still go out.", PASSED_BY
    )


@require_POST
@requires(PUBLISH)
def resume(request: HtmxHttpRequest, distribution_id: int) -> HttpResponse:
    return _change(request, distribution_id, change_status.resume, "Resumed.")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(PUBLISH)
def stop(request: HtmxHttpRequest, distribution_id: int) -> HttpResponse:
    """For good."""
    run = _find(distribution_id)
    if request.method == "POST":
        try:
            change_status.stop(run, by=Actor.user(request.user))
        except NotPossible as late:
            messages.error(request, str(late))
        else:
            messages.success(request, "Stopped. Remaining recipients get nothing.")
        return leave(request, distribution_url(run))
    returns = run.publishes and run.message != Distribution.Message.NONE
    return confirm(
        request,
        "Stop this distribution",
        "Remaining recipients get nothing, and it cannot be resumed. To continue later, pause it instead."
        + (" Unsent codes return to the pool; codes in unknown messages are retired." if returns else ""),
        submit="Stop",
        back=distribution_url(run),
    )


@require_POST
@requires(PUBLISH)
def retry(request: HtmxHttpRequest, distribution_id: int) -> HttpResponse:
    """All that failed."""
    run = get_object_or_404(Distribution, pk=distribution_id)
    try:
        count = retry_failed.retry_failed(run, by=Actor.user(request.user))
    except NotPossible as refused:
        messages.info(request, str(refused))
    else:
        messages.success(request, f"{count:,} {'message' if count == 1 else 'messages'} will be retried.")
    return redirect(distribution_url(run))


@require_POST
@requires(PUBLISH)
def send_kept(request: HtmxHttpRequest, distribution_id: int) -> HttpResponse:
    """All that were kept here while there was no mail server."""
    run = get_object_or_404(Distribution, pk=distribution_id)
    try:
        count = retry_failed.send_kept(run, by=Actor.user(request.user))
    except NotPossible as refused:
        messages.info(request, str(refused))
    else:
        messages.success(request, f"{count:,} {'message' if count == 1 else 'messages'} will be sent now.")
    return redirect(distribution_url(run))


@require_POST
@requires(PUBLISH)
def duplicate(request: HtmxHttpRequest, distribution_id: int) -> HttpResponse:
    draft = duplicate_distribution(_find(distribution_id), by=Actor.user(request.user))
    messages.success(request, "This is the copy. Check each step, then start it.")
    return redirect("distributions:audience", distribution_id=draft.pk)


@require_POST
@requires(PUBLISH)
def resolve(request: HtmxHttpRequest, distribution_id: int, recipient_id: int) -> HttpResponse:
    """One whose message may have arrived or not: somebody has found out, and says so here."""
    recipient = get_object_or_404(
        Delivery.objects.select_related("distribution", "customer"),
        pk=recipient_id,
        distribution=distribution_id,
    )
    form = ResolveForm(request.POST)
    if form.is_valid():
        as_sent = form.cleaned_data["outcome"] == ResolveForm.SENT
        try:
            resolve_unknown(recipient, as_sent=as_sent, by=Actor.user(request.user))
        except NotPossible as late:
            messages.error(request, str(late))
        else:
            words = "Marked as arrived." if as_sent else "It will be sent again."
            messages.success(request, f"{recipient.customer}: {words}")
    else:
        messages.error(request, "Choose whether the message arrived or should be sent again.")
    return redirect(distribution_url(recipient.distribution))


def _find(distribution_id: int) -> Distribution:
    """A manual one."""
    return get_object_or_404(Distribution.objects.manual(), pk=distribution_id)


def _change(
    request: HtmxHttpRequest, distribution_id: int, verb: Callable, done: str, automatic: str = ""
) -> HttpResponseRedirect:
    """Of either kind: what cannot be done with one, its verb refuses. `automatic`: what is said beside of such a one."""
    run = get_object_or_404(Distribution, pk=distribution_id)
    try:
        verb(run, by=Actor.user(request.user))
    except NotPossible as late:
        messages.error(request, str(late))
    else:
        of_automatic = automatic if run.kind == Distribution.Kind.AUTOMATIC else ""
        messages.success(request, f"{done} {of_automatic}".strip())
    return redirect(distribution_url(run))


def _about(run: Distribution) -> dict:
    return {
        "title": run.name,
        "distribution": run,
        "listed": run.listed.count() if run.audience == Distribution.Audience.LIST else 0,
        "outbox": not settings.EMAIL_IS_SENT,
        "entries": AuditEntry.objects.filter(object_id=run.public_id).order_by("-created_at", "-pk")[:LATEST],
    }


def _looked_at_again(request: HtmxHttpRequest, run: Distribution) -> dict:
    """When it has come further than `was`, the list of recipients is drawn anew: at each stage, together with the
    reasons that it can be filtered by, and between them where nobody has narrowed the list or turned its pages.
    """
    progress = follow_run(run)
    state, list_url = _state(run, progress), request.htmx.current_url_abs_path or ""
    asked = QueryDict(urlsplit(list_url).query)
    was, now = request.GET.get("was", ""), state["seen"]
    new_stage = was.partition(".")[0] != now.partition(".")[0]
    untouched = not any(value for name, value in asked.items() if (name, value) != ("page", "1"))
    again = {"list_url": list_url, "new_stage": new_stage, "redraw": new_stage or (was != now and untouched)}
    if new_stage:
        reasons = _recipients(run, asked, lambda: progress).form["reason"]
        again |= _about(run) | {"reasons": reasons.as_widget(attrs={"hx-swap-oob": "true"})}
    return state | again


def _recipients(run: Distribution, asked: QueryDict, progress: Callable[[], Progress]) -> RecipientFilter:
    return RecipientFilter(
        asked,
        run.deliveries.order_by("pk"),
        reasons=lambda: [(reason, count) for _, reason, count in progress().reasons],
    )


def _state(run: Distribution, progress: Progress) -> dict:
    return {
        "distribution": run,
        "progress": progress,
        "reservation": Reservation.objects.filter(taker=run.pk).first() if run.status in RESERVING else None,
        "moving": run.status in MOVING,
        "is_sent": settings.EMAIL_IS_SENT,
        **(retry_failed.count_untold(run) if progress.left_out else {}),
        # The stage, and how many are in each state, for the next look to tell what has changed.
        "seen": f"{run.status}{'-listed' if run.audience_complete else ''}.{'-'.join(map(str, progress.counts.values()))}",
        "every": _how_often(run, progress),
    }


def _how_often(run: Distribution, progress: Progress) -> str:
    """So that whoever watches costs a twentieth of a processor at most: a large run takes long to count."""
    if run.status == Status.SCHEDULED and run.starts_at:
        return "1s" if run.starts_at - timezone.now() < timedelta(hours=1) else "60s"
    return f"{max(2, round(20 * progress.took))}s"
