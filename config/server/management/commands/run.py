from __future__ import annotations

import errno
import os
import signal
import socket
import sys
from contextlib import ExitStack, closing
from typing import Any
from urllib.request import urlopen

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from procrastinate.contrib.django import app as queue

from config.environment import Environment, SettingRefused
from config.processes.pulse import Pulses
from config.server.collect_static import collect_static
from config.server.data_folder import DataFolderInUse, hold
from config.server.embedded_postgres import DatabaseUnavailable, Server
from config.server.prepare_database import (
    DatabaseRefused,
    alone,
    create_first_administrator,
    load_demo_data,
    prepare_database,
)
from config.server.supervise import Child, Stopped, Supervised, stop, stop_on_signals, supervise
from config.server.take_up_stalled_jobs import declare_workers_dead, take_up_stalled_jobs


class PortInUse(Exception):
    pass


class Command(BaseCommand):
    help = "Runs Handout: its database (unless DATABASE_URL is set), the web server and the background worker."
    requires_system_checks = []  # each costs time at every start; `make check` runs them

    def handle(self, **options: Any) -> None:
        stop_on_signals()
        try:
            with ExitStack() as stack:
                self.run(stack)
        except Stopped:
            self.say("Stopped.")
        except (PortInUse, DataFolderInUse, DatabaseUnavailable, DatabaseRefused, SettingRefused) as problem:
            self.stderr.write(str(problem))
            sys.exit(1)

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def run(self, stack: ExitStack) -> None:
        host, port = os.environ.get("HOST") or "127.0.0.1", Environment().int("PORT", default=8000, least=1, most=65535)
        parts = [_web(host, port), *_workers()]
        stack.enter_context(hold(settings.HANDOUT_DATA))
        _refuse_taken_port(host, port)

        children: list[Supervised] = []
        if settings.EMBEDDED_DATABASE:
            server = Server(settings.HANDOUT_DATA, say=self.say)
            stack.callback(server.stop)
            server.start()
            children.append(server)
        with alone(say=self.say):
            prepare_database(say=self.say)
            load_demo_data(say=self.say)
            create_first_administrator(say=self.say)
        collect_static(say=self.say)
        if settings.EMBEDDED_DATABASE:
            declare_workers_dead()  # the folder is ours alone, so whoever worked in it is gone
            async_to_sync(take_up_stalled_jobs)(queue)
            os.environ["SENDING_ALONE"] = "1"  # told to our worker
        connection.close_pool()  # type: ignore[attr-defined]  # the supervisor itself needs the database no more

        pulses = stack.enter_context(closing(Pulses(say=self.say)))
        stack.callback(stop, parts)
        for part in parts:
            part.start()
        self.watch([*children, *parts], pulses, f"http://{_reachable(host)}:{port}/")

    def watch(self, children: list[Supervised], pulses: Pulses, address: str) -> None:
        ready = False
        for _ in supervise(children, say=self.say):
            pulses.kill_the_still()
            if not ready and (ready := _is_ready(address)):
                self.say(f"\nHandout is ready: {settings.SITE_URL or address}")
                self.say("Sign in as admin. (Password forgotten? .venv/bin/python manage.py changepassword admin)")
                self.say("Ctrl-C stops everything.\n")


def _refuse_taken_port(host: str, port: int) -> None:
    """Before anything is started, and kindly; the web server's own complaint would come late and in a traceback."""
    try:
        socket.create_server((host, port), family=_family(host)).close()
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"Port {port} is in use by another program. Choose another: make run PORT={port + 1}"
            ) from None
        raise PortInUse(f"Handout cannot listen on {host}, port {port}: {problem.strerror}.") from None


def _web(host: str, port: int) -> Child:
    workers = Environment().int("WORKERS", default=min(max(os.cpu_count() or 1, 2), 8), least=1, most=128)
    options = {
        "interface": "asginl",
        "http": "1",  # with 2 in the choice, a connection on which nothing is said is held for ever
        "http1-header-read-timeout": str(min(settings.CLIENT_PATIENCE_SECONDS, 60) * 1000),
        "backpressure": "512",  # connections of each process
        "host": host,
        "port": str(port),
        "workers": str(workers),
        "workers-kill-timeout": "3",
        "log-level": "error",
    }
    arguments = [argument for name, value in options.items() for argument in (f"--{name}", value)]
    return Child(
        "web server",
        [sys.executable, "-m", "granian", *arguments, "--no-ws", "--respawn-failed-workers", "config.asgi:application"],
        folder=settings.BASE_DIR,
    )


def _workers() -> list[Child]:
    return [
        # A file of a million rows may take longer on a busy machine, but nobody waits for a page because of it.
        _worker("worker", queue="default", concurrency=4, gives_way=True),
        # Nobody reads what these jobs, one every few seconds, left behind; how a delivery went stands on its row.
        _worker("webhook worker", "--delete-jobs", "successful", queue="webhooks", concurrency=6),
        # Asked to stop, it claims no further message. Those on their way are given time: of each that is cut off nobody
        # knows whether it arrived.
        _worker(*("message worker", "--delete-jobs", "successful"), queue="messages", concurrency=8, stop_seconds=30),
    ]


def _worker(name: str, *options: str, queue: str, concurrency: int, **how: Any) -> Child:
    return Child(
        name,
        [
            # As for `run` itself: `make check` has made Django's checks, which are a third of what a start costs.
            *(sys.executable, "manage.py", "procrastinate", "--skip-checks", "worker"),
            *("--queues", queue, "--concurrency", str(concurrency), *options),
            # A job that takes up its own work again waits for its lock, and nothing tells the worker that this is free.
            *("--fetch-job-polling-interval", "0.5"),
        ],
        folder=settings.BASE_DIR,
        death_signal=signal.SIGKILL,  # asked kindly it would first finish its jobs, however long they are
        **how,
    )


def _is_ready(address: str) -> bool:
    try:
        with urlopen(f"{address}readyz", timeout=2):  # noqa: S310
            return True
    except OSError:  # refused, timed out, or answered 503
        return False


def _reachable(host: str) -> str:
    """The address by which this machine itself reaches a server that listens on `host`."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"[{here}]" if ":" in here else here


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
