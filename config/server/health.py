"""Answers for load balancers and for `manage.py run`: does the process live, and can it do its work?"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from config.server.check_health import State, check_health


def probes(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse | JsonResponse]:
    """Middleware, before all others: a probe speaks to an address, not a host name, and has neither session nor TLS."""
    views = {"/healthz": healthz, "/readyz": readyz}

    def answer(request: HttpRequest) -> HttpResponse | JsonResponse:
        view = views.get(request.path_info) if request.method in ("GET", "HEAD") else None
        return view(request) if view else get_response(request)

    return answer


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the process can answer at all. Touches no database, which a restart of this process would not mend."""
    return JsonResponse({"status": "ok"})


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when codes can be given and jobs are done (config/server/check_health.py); else 503 and what is missing."""
    checks = check_health()
    ready = all(check.state != State.BAD for check in checks)
    response = JsonResponse(
        {"status": "ready" if ready else "not ready", "checks": {check.name: check.short for check in checks}},
        status=200 if ready else 503,
    )
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django would log an error at each probe; whoever probes has the answer
    return response
