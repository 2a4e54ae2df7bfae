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
    """200 when the database answers, is migrated, and every queue has a worker; else 503 and what is missing."""
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


# Each queue has a job that is due every minute or more often. Busy is not missing: who works through a long backlog, or
# has all hands full, has a job of that queue in hand.
LEFT_LYING = """
    SELECT DISTINCT job.queue_name FROM procrastinate_jobs job
     WHERE job.status = 'todo'
       AND greatest(job.scheduled_at, (SELECT max(at) FROM procrastinate_events event WHERE event.job_id = job.id))
           < now() - interval '1 minute'
       AND NOT EXISTS (
           SELECT FROM procrastinate_jobs busy JOIN procrastinate_workers worker ON worker.id = busy.worker_id
            WHERE busy.status = 'doing' AND busy.queue_name = job.queue_name
              AND worker.last_heartbeat > now() - interval '1 minute')
     ORDER BY 1"""


def _worker() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute')"
        )
        (seen,) = cursor.fetchone()
        if not seen:
            return "no worker seen within a minute"
        cursor.execute(LEFT_LYING)
        missing = [queue for (queue,) in cursor]
    return f"no worker takes the jobs of: {', '.join(missing)}" if missing else "ok"
