"""The page Status."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.server.check_health import State, check_health
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.roles import READ, requires

TONES = {State.GOOD: "good", State.WARNING: "warn", State.BAD: "bad"}


@require_safe
@never_cache
@requires(READ)
def status(request: HtmxHttpRequest) -> HttpResponse:
    checks = check_health()
    context = {
        "checks": [check._asdict() | {"tone": TONES[check.state]} for check in checks],
        "bad": [check for check in checks if check.state == State.BAD],
        "warnings": [check for check in checks if check.state == State.WARNING],
        "title": "Status",
    }
    return render(request, "server/status.html", context)
