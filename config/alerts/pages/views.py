"""The bell's page, for everybody; and who gets which alerts, for Managers."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.actor import Actor
from config.alerts.actions.change_rule import change_rule
from config.alerts.actions.mark_read import mark_read
from config.alerts.actions.send_test import CannotTest, send_test
from config.alerts.models import Kind
from config.alerts.pages.filters import NoticeFilter
from config.alerts.pages.forms import RuleForm
from config.alerts.pages.tables import NoticeTable
from config.alerts.queries import count_unread, notices_of, rule_of, rules_in_force
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import list_page
from config.staff.pages.dialogs import leave
from config.staff.roles import MANAGE, READ, requires


@require_safe
@requires(READ)
def alerts(request: HtmxHttpRequest) -> HttpResponse:
    filterset = NoticeFilter(request.GET, notices_of(request.user))
    return list_page(
        request,
        "alerts/list.html",
        NoticeTable(filterset.qs),
        lambda: {"title": "Alerts", "unread": count_unread(request.user)},
        filterset=filterset,
    )


@require_POST
@requires(READ)
def read_all(request: HtmxHttpRequest) -> HttpResponse:
    mark_read(request.user)
    return redirect("alerts:alerts")


@require_POST
@requires(READ)
def read_one(request: HtmxHttpRequest, notice_id: int) -> HttpResponse:
    mark_read(request.user, notice_id=notice_id)
    return redirect("alerts:alerts")


@require_safe
@requires(MANAGE)
def rules(request: HtmxHttpRequest) -> HttpResponse:
    context = {"title": "Alert settings", "rules": rules_in_force(), "sends": settings.EMAIL_IS_SENT}
    return render(request, "alerts/rules.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def edit_rule(request: HtmxHttpRequest, kind: str) -> HttpResponse:
    if kind not in Kind.values:
        raise Http404
    of_kind = Kind(kind)
    form = RuleForm(request.POST or None, instance=rule_of(of_kind))
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        by = Actor.user(request.user)
        change_rule(of_kind, form.values(), roles=chosen["roles"], people=chosen["people"], by=by)
        messages.success(request, "Saved. This applies to new alerts.")
        return leave(request, reverse("alerts:rules"))
    return render(request, "alerts/rule.html", {"title": of_kind.label, "form": form, "back": reverse("alerts:rules")})


@require_POST
@requires(MANAGE)
def test(request: HtmxHttpRequest) -> HttpResponse:
    try:
        address = send_test(request.user)
    except CannotTest as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, f"The mail server has accepted a test message to {address}.")
    return redirect("alerts:rules")
