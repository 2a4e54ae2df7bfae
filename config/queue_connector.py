"""How a worker speaks with the queue: over connections that are looked after, and so that a standstill is noticed."""

from __future__ import annotations

from contextlib import asynccontextmanager

from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.utils import connector_params

from config.postgres.lines import AsyncLine
from config.runtime.pulse import pulse


class WorkerConnector(PsycopgConnector):
    @asynccontextmanager
    async def _get_cursor(self, connection=None):
        """Each word with the queue is a sign of life: a worker looks for jobs, and says every ten seconds that it lives."""
        try:
            async with super()._get_cursor(connection) as cursor:
                yield cursor
        finally:
            pulse("worker")


class Connector(DjangoConnector):
    def get_worker_connector(self) -> WorkerConnector:
        return WorkerConnector(kwargs=connector_params(self.alias), connection_class=AsyncLine)


def use(app: App) -> None:
    """Called when Procrastinate is ready (PROCRASTINATE_ON_APP_READY)."""
    app.connector = Connector(alias=app.connector.alias)  # type: ignore[attr-defined]
