"""The page on which staff settle many unknown messages at once: which ones, what became of them, and a look before."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.roles import PUBLISH, requires
from publications.distributions.actions.change_status import NotPossible
from publications.distributions.actions.settle_unknown import Found, look_up, settle_unknown, unknown_of
from publications.distributions.models import Distribution
from publications.distributions.pages.filters import RecipientFilter
from publications.distributions.pages.tables import distribution_url
from publications.distributions.pages.unknown_forms import SettleForm


@require_http_methods(["GET", "HEAD", "POST"])
@requires(PUBLISH)
def unknown(request: HtmxHttpRequest, distribution_id: int) -> HttpResponse:
    """Of manual and automatic ones. With the filter of the list, it is about those that the list shows."""
    run = get_object_or_404(Distribution, pk=distribution_id)
    shown = RecipientFilter(request.GET, unknown_of(run)).qs
    context = {
        "title": "Unknown messages",
        "run": run,
        "count": shown.count(),
        "filtered": any(request.GET.get(name) for name in ("q", "reason")),
        "back": distribution_url(run),
    }
    form = SettleForm(request.POST or None, request.FILES or None, run=run, now=_now())
    if request.method == "POST" and form.is_valid():
        named = form.cleaned_data["named"]
        meant = RecipientFilter(request.GET, unknown_of(run, named)).qs
        if form.is_confirmed:
            return _settle(request, run, meant, form)
        meant = meant.filter(state_at__lte=form.cleaned_data["until"])
        found = look_up(run, named, form.foreign, meant) if named is not None else Found(0, meant.count(), 0, 0, 0)
        if found.settled:
            context |= {"left": context["count"] - found.settled}
            context |= {"found": found, "listed": named is not None, "as_sent": form.as_sent, "form": form.to_confirm()}
            return render(request, "distributions/unknown.html", context)
        form.say_nothing_fits(found)
    return render(request, "distributions/unknown.html", context | {"form": form})


def _settle(request: HtmxHttpRequest, run: Distribution, meant: QuerySet, form: SettleForm) -> HttpResponseRedirect:
    try:
        count = settle_unknown(
            run, meant, as_sent=form.as_sent, until=form.cleaned_data["until"], by=Actor.user(request.user)
        )
    except NotPossible as late:
        messages.error(request, str(late))
    else:
        many = f"{count:,} {'message' if count == 1 else 'messages'}"
        done = "marked as arrived" if form.as_sent else "to be sent again"
        messages.success(request, f"{many} {done}.")
    return redirect(distribution_url(run))


def _now() -> datetime:
    """By the clock that stamps the messages."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cursor.fetchone()[0]
