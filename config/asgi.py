"""What granian serves: the event loop waits for clients, threads answer (config/processes/buffered_wsgi.py)."""

import gc
import json
import resource
import threading
import time

from config.wsgi import application as wsgi  # sets Django up, which the others need

# isort: split
from django.conf import settings
from django.urls import get_resolver

from config.api.door import body_too_late, error_content, to_json
from config.api.limits.upload_limit import bytes_to_keep
from config.processes.buffered_wsgi import Answer, BufferedWSGI, Environ, Probe
from config.processes.pulse import pulse
from publications.lane.lane import Lane
from publications.lane.serve import serve

THREADS = 8  # each may hold one connection to the database
OPEN_FILES = 4096  # a connection is one, and so is a body that is too large for memory


def allow_open_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def load_and_keep() -> None:
    """Loads the views, for which the first request would wait, and lets the garbage collector leave all of it alone: it
    took 25 ms to find that nothing of it is garbage, each time in the midst of somebody's answer.
    """
    get_resolver().url_patterns  # noqa: B018 - what it loads is wanted, not what it is
    gc.collect()
    gc.freeze()


def too_late(environ: Environ) -> Answer:
    problem = body_too_late()
    if environ["PATH_INFO"].startswith("/v1/"):
        kind, body = b"application/json; charset=utf-8", to_json(error_content(problem))
    else:
        kind, body = b"text/plain; charset=utf-8", str(problem.content["details"]).encode()
    return Answer(408, [(b"content-type", kind), (b"cache-control", b"no-store"), (b"connection", b"close")], body)


def aside(environ: Environ) -> bool:
    """Where a password is checked, by whoever comes along."""
    return environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] == settings.LOGIN_URL


def healthz() -> Answer:
    """200 while this process can answer at all. Touches no database, which a restart of the process would not mend."""
    stuck = application.is_stuck()
    return _for_probes(503 if stuck else 200, {"status": "is not responding" if stuck else "ok"})


def not_ready() -> Answer:
    return _for_probes(503, {"status": "not ready", "checks": {"database": "no answer in time"}})


def _for_probes(status: int, content: dict) -> Answer:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"max-age=0, no-cache, no-store")]
    return Answer(status, headers, json.dumps(content).encode())


def tell_that_it_lives() -> None:
    """As long as the event loop goes round and a thread comes free now and then."""
    while True:
        if application.loop is None:  # nobody has asked anything yet
            pulse("web process")
        elif application.loop.is_running():
            application.loop.call_soon_threadsafe(_pulse_unless_stuck)
        time.sleep(2)


def _pulse_unless_stuck() -> None:
    if not application.is_stuck():
        pulse("web process")


allow_open_files()
load_and_keep()
application = BufferedWSGI(
    wsgi,
    threads=THREADS,
    patience=settings.CLIENT_PATIENCE_SECONDS,
    keep=bytes_to_keep,
    too_late=too_late,
    aside=aside,
    **({"express": Lane(serve).take} if settings.EXPRESS_LANE else {}),
    probes={"/healthz": Probe(healthz), "/readyz": Probe(not_ready, asks=True)},
)
threading.Thread(target=tell_that_it_lives, daemon=True).start()
