"""The pages of automatic distributions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.forms import BaseForm
from django.http import HttpResponse
from django.http.response import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.paging import COUNT_UP_TO
from config.staff.lists.tables import list_page
from config.staff.models import AuditEntry
from config.staff.pages.dialogs import confirm, leave
from config.staff.roles import PUBLISH, READ, requires
from customers.segments.actions.watch_segments import is_getting_ready
from customers.segments.pages.condition_forms import Conditions, in_words
from customers.segments.segment_filter import read_event_filter
from publications.automation.actions.activate import activate as activate_rule
from publications.automation.actions.create_automation import change_automation, create_automation, discard_automation
from publications.automation.models import Firing, Rule
from publications.automation.pages.filters import AutomationFilter, FiringFilter
from publications.automation.pages.forms import RuleForm
from publications.automation.pages.tables import AutomationTable, FiringTable
from publications.distributions.actions import change_status
from publications.distributions.actions.change_status import NotPossible
from publications.distributions.actions.retry_failed import count_untold
from publications.distributions.actions.schedule import NotReady, what_is_missing
from publications.distributions.models import Delivery, Distribution
from publications.distributions.pages.drafts import message_page
from publications.distributions.pages.forms import CodesForm, MessageForm
from publications.distributions.states import Act

LATEST = 20
RELATED = ("segment", "campaign", "only_segment", "only_holders_of", "only_without")
form_page = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@requires(READ)
def automations(request: HtmxHttpRequest) -> HttpResponse:
    filterset = AutomationFilter(request.GET, Distribution.objects.automatic())
    return list_page(
        request,
        "automation/list.html",
        AutomationTable(filterset.qs, user=request.user),
        {"title": "Distributions", "outbox": not settings.EMAIL_IS_SENT},
        filterset=filterset,
    )


@require_safe
@requires(READ)
def automation(request: HtmxHttpRequest, distribution_id: int) -> HttpResponse:
    run = _find(distribution_id)
    found = FiringFilter(request.GET, run.firings.all())
    return list_page(
        request,
        "automation/automation.html",
        FiringTable(found.qs, run=run, user=request.user),
        lambda: {
            "title": run.name,
            "distribution": run,
            "rule": run.rule,
            "properties": in_words(run.rule.event_filter, of_event=True),
            "at_rest": _is_at_rest(run),
            "getting_ready": run.rule.segment_id is not None and is_getting_ready(run.rule.segment_id),
            "missing": what_is_missing(run) if _is_at_rest(run) else [],
            "fired": _count(run, Firing.Outcome.FIRED),
            "left_out": _count(run, Firing.Outcome.SKIPPED),
            "count_up_to": COUNT_UP_TO,
            **_in_need(run),
            "is_sent": settings.EMAIL_IS_SENT,
            **count_untold(run),
            "entries": AuditEntry.objects.filter(object_id=run.public_id).order_by("-created_at", "-pk")[:LATEST],
        },
        filterset=found,
    )


@form_page
@requires(PUBLISH)
def create(request: HtmxHttpRequest) -> HttpResponse:
    return _rule_page(request, None)


@form_page
@requires(PUBLISH)
def rule(request: HtmxHttpRequest, distribution_id: int) -> HttpResponse:
    return _rule_page(request, _find(distribution_id))


def _rule_page(request: HtmxHttpRequest, run: Distribution | None) -> HttpResponse:
    """What starts it. The buttons that add and remove a condition send the form as well, and save nothing."""
    sent = request.POST if request.method == "POST" else None
    form = RuleForm(sent, rule=run.rule if run else None, name=run.name if run else "")
    conditions = Conditions(sent, stored=run.rule.event_filter if run else None, read=read_event_filter, of_event=True)
    if sent is not None and "add" in sent:
        conditions.add()
    elif sent is not None and "remove" in sent:
        conditions.remove(sent["remove"])
    elif sent is not None and "redraw" not in sent and all([form.is_valid(), conditions.is_valid(required=False)]):
        is_event = form.cleaned_data["trigger"] == Rule.Trigger.EVENT
        fields = form.rule() | {"event_filter": (conditions.filter or None) if is_event else None}
        by, name = Actor.user(request.user), form.cleaned_data["name"]
        try:
            if run is None:
                run = create_automation(name, rule=fields, by=by, **form.action())
                return redirect(_address("message" if run.remind else "codes", run))
            change_automation(run, rule=fields, name=name, by=by, **_action(form, run))
        except NotPossible as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Saved.")
            return redirect(_address("automation", run))
    is_part = request.htmx.target == "conditions"
    response = render(
        request,
        "segments/_conditions.html" if is_part else "automation/rule.html",
        {
            "form": form,
            "conditions": conditions,
            "distribution": run,
            "title": "Trigger" if run else "New automatic distribution",
        },
    )
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@form_page
@requires(PUBLISH)
def codes(request: HtmxHttpRequest, distribution_id: int) -> HttpResponse:
    run = _find(distribution_id)
    if run.remind:  # the trigger says which codes
        return redirect(_address("rule", run))
    form = CodesForm(request.POST or None, draft=run)
    if request.method == "POST" and form.is_valid() and _saved(request, form, run, form.changes()):
        return redirect(_address("automation" if _is_complete(run) else "message", run))
    return render(request, "automation/codes.html", {"form": form, "distribution": run, "title": "Codes"})


@form_page
@requires(PUBLISH)
def message(request: HtmxHttpRequest, distribution_id: int) -> HttpResponse:
    run = _find(distribution_id)

    def save(form: MessageForm) -> HttpResponseRedirect | None:
        return redirect(_address("automation", run)) if _saved(request, form, run, form.changes()) else None

    def page(form: BaseForm, **context: Any) -> HttpResponse:
        context |= {"form": form, "distribution": run, "title": "Message"}
        return render(request, "automation/message.html", context)

    return message_page(request, run, save=save, page=page)


@require_POST
@requires(PUBLISH)
def activate(request: HtmxHttpRequest, distribution_id: int) -> HttpResponse:
    return _change(request, distribution_id, activate_rule, "The distribution is active.")


@form_page
@requires(PUBLISH)
def archive(request: HtmxHttpRequest, distribution_id: int) -> HttpResponse:
    run = _find(distribution_id)
    if request.method == "POST":
        _change(request, distribution_id, change_status.archive, "Archived. Its log is kept.")
        return leave(request, _address("automation", run))
    return confirm(
        request,
        "Archive this distribution",
        f"“{run}” will never be triggered again, and customers still waiting for its codes get none. Its history is kept.",
        submit="Archive",
        back=_address("automation", run),
    )


@form_page
@requires(PUBLISH)
def discard(request: HtmxHttpRequest, distribution_id: int) -> HttpResponse:
    run = _find(distribution_id)
    if request.method == "POST":
        try:
            discard_automation(run, by=Actor.user(request.user))
        except NotPossible as refused:
            messages.error(request, str(refused))
            return leave(request, _address("automation", run))
        messages.success(request, "The draft has been discarded.")
        return leave(request, reverse("automation:list"))
    return confirm(
        request,
        "Discard draft",
        f"“{run}” will be deleted with its message. It was never triggered.",
        submit="Discard",
        back=_address("automation", run),
    )


def _action(form: RuleForm, run: Distribution) -> dict[str, Any]:
    """Of a reminder that becomes another distribution nobody has said which codes it gives."""
    action = form.action()
    if run.remind and not action["remind"]:
        return action | {"campaign_id": None}
    if action["remind"] and run.message == Distribution.Message.NONE:
        return action | {"message": Distribution.Message.EMAIL}
    return action


def _in_need(run: Distribution) -> dict[str, int]:
    """How many messages somebody should do something about, by their state."""
    states = [Delivery.State.FAILED, Delivery.State.UNKNOWN, Delivery.State.KEPT]
    counted = run.deliveries.filter(state__in=states).order_by().values_list("state").annotate(Count("pk"))
    return {state.value: 0 for state in states} | dict(counted)


def _find(distribution_id: int) -> Distribution:
    automatic = Distribution.objects.automatic().select_related(
        "campaign", "webhook", *(f"rule__{of}" for of in RELATED)
    )
    return get_object_or_404(automatic, pk=distribution_id)


def _is_at_rest(run: Distribution) -> bool:
    """Whether what it is made of may be changed."""
    return Act.CHANGE in run.acts


def _count(run: Distribution, outcome: str) -> int:
    """No further than lists count."""
    return run.firings.filter(outcome=outcome).order_by()[: COUNT_UP_TO + 1].count()


def _is_complete(run: Distribution) -> bool:
    return not what_is_missing(run)


def _saved(request: HtmxHttpRequest, form: BaseForm, run: Distribution, changes: dict) -> bool:
    try:
        change_automation(run, by=Actor.user(request.user), **changes)
    except NotPossible as refused:
        form.add_error(None, str(refused))
        return False
    messages.success(request, "Saved.")
    return True


def _change(request: HtmxHttpRequest, distribution_id: int, verb: Callable, done: str) -> HttpResponseRedirect:
    run = _find(distribution_id)
    try:
        verb(run, by=Actor.user(request.user))
    except NotReady as refused:
        for problem in refused.problems:
            messages.error(request, problem)
    except NotPossible as late:
        messages.error(request, str(late))
    else:
        messages.success(request, done)
    return redirect(_address("automation", run))


def _address(page: str, run: Distribution) -> str:
    return reverse(f"automation:{page}", kwargs={"distribution_id": run.pk})
