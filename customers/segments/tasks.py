"""What segments do in the background."""

from __future__ import annotations

from procrastinate.contrib.django import app

from config.background import WEBHOOKS
from customers.segments.actions.watch_segments import look_at_segments


# Each one at a time: a million customers take minutes, and must not occupy the worker's other places.
@app.periodic(cron="* * * * * */5")
@app.task(name="segments.watch_segments", queue=WEBHOOKS, queueing_lock="watch_segments", lock="watch_segments")
def watch_segments(timestamp: int) -> None:
    look_at_segments()
