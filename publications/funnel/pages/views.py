"""The funnel: how many of the published codes were delivered and redeemed, and after how long."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from campaigns.models import Campaign
from config.public_ids import DISTRIBUTION, public_id
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.roles import READ, requires
from publications.distributions.models import Distribution
from publications.funnel.models import STANDALONE, FunnelTally, FunnelTime
from publications.funnel.pages.filters import FunnelFilter
from publications.funnel.queries.read_funnel import Funnel, Line, counted_at, read_funnel

GROUPS = {"week": "By week", "campaign": "By campaign", "channel": "By channel", "distribution": "By distribution"}
BARS = ("messages", "delivered", "redeemed")
SUGGESTIONS = 8


class Named(NamedTuple):
    """A line and what it is called; `url` leads to the funnel of that alone."""

    line: Line
    name: Any
    url: str


@require_safe
@requires(READ)
def funnel(request: HtmxHttpRequest) -> HttpResponse:
    by = request.GET.get("by", "")
    by = by if by in GROUPS else "week"
    asked = FunnelFilter(request.GET, FunnelTally.objects.all())
    as_of = counted_at()
    context: dict[str, Any] = {
        "title": "Funnel",
        "filter": asked,
        "as_of": as_of,
        "by": by,
        "tabs": [(label, f"?{_query(request, by=name)}", name == by) for name, label in GROUPS.items()],
        "query": _query(request, by=None),
    }
    if as_of and not asked.errors:
        found = read_funnel(
            by,
            rows=asked.of_what(FunnelTally.objects.all()),
            times=asked.of_what(FunnelTime.objects.all()),
            each=asked.of_what(FunnelTally.objects.all(), each=by in ("campaign", "distribution")),
            each_time=asked.of_what(FunnelTime.objects.all(), each=by in ("campaign", "distribution")),
            weeks=asked.mondays,
        )
        context |= {
            "funnel": found,
            "total": found.total,
            "lines": _named(request, by, found),
            "chart": chart(found),
            "period": asked.period,
            "bars": {name: _width(getattr(found.total.counts, name), found) for name in BARS},
        }
    return render(request, "funnel/funnel.html", context)


def chart(found: Funnel) -> dict[str, Any]:
    """For {% stacked_bars %}: the codes of each week, by whether they are redeemed by now."""
    weeks = found.weeks.values()
    return {
        "labels": list(found.weeks),
        "called": "Week of",
        "series": [
            {"name": "Redeemed", "n": 2, "values": [counts.redeemed for counts in weeks]},
            {"name": "Not redeemed", "n": 5, "values": [counts.published - counts.redeemed for counts in weeks]},
        ],
    }


def _width(codes: int, found: Funnel) -> str:
    return f"{100 * codes / (found.total.counts.published or 1):.2f}%"


def _named(request: HtmxHttpRequest, by: str, found: Funnel) -> list[Named]:
    keys = [line.key for line in found.lines]
    names: dict[Any, Any] = {}
    if by == "campaign":
        names = {STANDALONE: "Codes without a campaign", **Campaign.objects.in_bulk(keys)}
    if by == "distribution":
        names = {0: "Not by a distribution", **Distribution.objects.in_bulk(keys)}
    return [Named(line, names.get(line.key, line.key), _url(request, by, line.key)) for line in found.lines]


def _url(request: HtmxHttpRequest, by: str, key: Any) -> str:
    if by == "week" or key in (STANDALONE, 0):
        return ""
    if by == "campaign":
        return f"?{_query(request, by=None, campaign=Campaign(pk=key).public_id)}"
    return f"?{_query(request, by=None, **{by: public_id(DISTRIBUTION, key) if by == 'distribution' else key})}"


def _query(request: HtmxHttpRequest, **changed: str | None) -> str:
    """The address's own query with some of it changed; None takes out."""
    asked = {name: request.GET.get(name, "") for name in (*FunnelFilter.base_filters, "by")} | changed
    return urlencode({name: value for name, value in asked.items() if value})


@require_safe
@requires(READ)
def suggest(request: HtmxHttpRequest) -> HttpResponse:
    """What a type-ahead for distributions is answered with: their names, the newest first, each once."""
    text = " ".join(request.GET.get("q", "").replace("\x00", " ").split())
    found = (
        Distribution.objects.filter(name__icontains=text).exclude(campaign=None)
        if text
        else Distribution.objects.none()
    )
    by_name = {
        each.name: each for each in reversed(found.select_related("campaign").order_by("-pk")[: 4 * SUGGESTIONS])
    }
    options = [{"value": name, "label": name, "sub": str(each.campaign)} for name, each in reversed(by_name.items())][
        :SUGGESTIONS
    ]
    return render(request, "partials/_options.html", {"options": options})
