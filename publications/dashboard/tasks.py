"""What joins the rooms in the background."""

from __future__ import annotations

from procrastinate.contrib.django import app

from config.background import WEBHOOKS
from publications.dashboard.drain_outbox import drain_outbox
from publications.dashboard.put_clock_right import put_clock_right
from publications.webhooks.actions.send_due import addresses_due
from publications.webhooks.tasks import _send_soon


@app.periodic(cron="* * * * *")
@app.task(name="dashboard.mend_times", queueing_lock="put_clock_right", priority=100)
def mend_times(timestamp: int) -> None:
    put_clock_right()


@app.periodic(cron="* * * * * */5")  # the last field is seconds
@app.task(name="dashboard.pass_events_on", queue=WEBHOOKS, queueing_lock="pass_events_on")
def pass_events_on(timestamp: int) -> None:
    """Finds all that there is to do, so that nothing hangs on a job that was lost."""
    drain_outbox()
    for address_id in addresses_due():
        _send_soon(address_id)
