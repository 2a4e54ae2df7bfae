"""Answers for load balancers and for `manage.py run`: does the process live, and can it do its work?"""

from __future__ import annotations

from functools import cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache


def probes(get_response):
    """Middleware, before all others: a probe speaks to an address, not a host name, and has neither session nor TLS."""
    views = {"/healthz": healthz, "/readyz": readyz}

    def answer(request: HttpRequest):
        view = views.get(request.path_info) if request.method in ("GET", "HEAD") else None
        return view(request) if view else get_response(request)

    return answer


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the process can answer at all. Touches no database, which a restart of this process would not mend."""
    return JsonResponse({"status": "ok"})


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, is migrated, and a worker was seen within a minute; else 503 and which failed."""
    checks = {}
    for name, check in (("database", _database), ("migrations", _migrations), ("worker", _worker)):
        try:
            checks[name] = check()
        except DatabaseError as problem:
            checks[name] = f"no answer: {' '.join(str(problem).split())[:200]}"
            break
    ready = len(checks) == 3 and all(result == "ok" for result in checks.values())
    response = JsonResponse(
        {"status": "ready" if ready else "not ready", "checks": checks}, status=200 if ready else 503
    )
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django would log an error at each probe; whoever probes has the answer
    return response


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _migrations() -> str:
    missing = sorted(_migrations_of_this_code() - MigrationRecorder(connection).applied_migrations().keys())
    return f"not applied: {', '.join('.'.join(key) for key in missing[:5])}" if missing else "ok"


@cache
def _migrations_of_this_code() -> set[tuple[str, str]]:
    return set(MigrationLoader(None).graph.nodes)


def _worker() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute')"
        )
        (seen,) = cursor.fetchone()
    return "ok" if seen else "no worker seen within a minute"
