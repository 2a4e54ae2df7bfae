"""What is looked at in the background."""

from __future__ import annotations

from procrastinate.contrib.django import app

from config.background import WEBHOOKS
from publications.watch.actions import forecast_pools as forecasts
from publications.watch.actions.look_around import look_around


# They leave nothing behind, and take their turn beside the webhooks rather than behind a long export.
@app.periodic(cron="*/5 * * * *")
@app.task(name="watch.forecast_pools", queue=WEBHOOKS, queueing_lock="forecast_pools", lock="forecast_pools")
def forecast_pools(timestamp: int) -> None:
    forecasts.forecast_pools()


@app.periodic(cron="* * * * *")
@app.task(name="watch.look", queue=WEBHOOKS, queueing_lock="watch_look", lock="watch_look")
def look(timestamp: int) -> None:
    look_around()
