"""How we speak with the queue: so that a database that is away is not an error of its own kind, over connections that are
looked after, and so that a worker that stands still is noticed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
from django.db import OperationalError
from procrastinate import App, PsycopgConnector, periodic
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException

from config.postgres.base import PASSING
from config.postgres.lines import AsyncLine
from config.postgres.steady_deferrer import SteadyDeferrer
from config.processes.pulse import pulse

INSISTS_FOR = 60  # seconds, on telling the queue what became of a job

AWAY = (psycopg.OperationalError, psycopg.InterfaceError, *PASSING)


@contextmanager
def _as_django_says() -> Iterator[None]:
    """Whoever orders a job (a call of the API, another job) treats the queue's trouble as that of any other statement."""
    try:
        yield
    except ConnectorException as problem:
        if isinstance(problem.__cause__, AWAY):
            raise OperationalError(str(problem.__cause__)) from problem
        raise


class _Orders:
    """The methods by which jobs are ordered, besides those that a worker awaits."""

    def execute_query(self, *query: Any, **arguments: Any) -> Any:
        with _as_django_says():
            return super().execute_query(*query, **arguments)  # type: ignore[misc]

    def execute_query_one(self, *query: Any, **arguments: Any) -> Any:
        with _as_django_says():
            return super().execute_query_one(*query, **arguments)  # type: ignore[misc]

    def execute_query_all(self, *query: Any, **arguments: Any) -> Any:
        with _as_django_says():
            return super().execute_query_all(*query, **arguments)  # type: ignore[misc]


class WorkerConnector(_Orders, PsycopgConnector):
    @asynccontextmanager
    async def _get_cursor(self, connection: Any = None) -> Any:
        """Each word with the queue is a sign of life: a worker looks for jobs, and says every ten seconds that it lives."""
        try:
            async with super()._get_cursor(connection) as cursor:
                yield cursor
        finally:
            pulse("worker")

    async def execute_query_async(self, *query: Any, **arguments: Any) -> Any:
        """What has no answer (how a job ended, that the worker lives) is said again while the database starts anew: nobody
        would take up a job that its living worker is thought to be at.
        """
        give_up = time.monotonic() + INSISTS_FOR
        while True:
            try:
                return await super().execute_query_async(*query, **arguments)
            except ConnectorException as problem:
                if not isinstance(problem.__cause__, AWAY) or time.monotonic() > give_up:
                    raise
            await asyncio.sleep(0.5)


class Connector(_Orders, DjangoConnector):
    def get_worker_connector(self) -> WorkerConnector:
        return WorkerConnector(kwargs=connector_params(self.alias), connection_class=AsyncLine)


def use(app: App) -> None:
    """Called when Procrastinate is ready (PROCRASTINATE_ON_APP_READY)."""
    periodic.PeriodicDeferrer = SteadyDeferrer  # type: ignore[misc]  # where the worker looks it up
    app.connector = app.job_manager.connector = Connector(alias=app.connector.alias)  # type: ignore[attr-defined]
