"""What rules do in the background."""

from __future__ import annotations

from procrastinate.contrib.django import app

from config.background import WEBHOOKS
from publications.automation.actions.activate import let_go_of_idle_rules
from publications.automation.actions.walk_segments import walk_segments


@app.periodic(cron="* * * * * */5")
@app.task(
    name="automation.fire_for_segments", queue=WEBHOOKS, queueing_lock="fire_for_segments", lock="fire_for_segments"
)
def fire_for_segments(timestamp: int) -> None:
    """At the set times of automatic distributions, and for those who are in a segment already."""
    let_go_of_idle_rules()
    walk_segments()
