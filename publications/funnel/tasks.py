"""What is counted in the background."""

from __future__ import annotations

from procrastinate.contrib.django import app

from config.background import WEBHOOKS
from publications.funnel.actions import count_funnel as counting


# Counting leaves nothing behind, and takes its turn beside the webhooks rather than behind a long export.
@app.periodic(cron="* * * * * */20")
@app.task(name="funnel.count", queue=WEBHOOKS, queueing_lock="count_funnel", lock="count_funnel")
def count_funnel(timestamp: int) -> None:
    counting.count_funnel()
