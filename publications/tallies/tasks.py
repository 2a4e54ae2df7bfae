"""What is counted in the background."""

from __future__ import annotations

from procrastinate.contrib.django import app

from config.background import WEBHOOKS
from publications.tallies.count_campaigns import count_campaigns
from publications.tallies.count_publications import count_publications


# Counting, too, leaves nothing behind, and takes its turn beside the webhooks rather than behind a long export.
@app.periodic(cron="* * * * * */20")
@app.task(
    name="tallies.tally_publications", queue=WEBHOOKS, queueing_lock="tally_publications", lock="tally_publications"
)
def tally_publications(timestamp: int) -> None:
    count_publications()


@app.periodic(cron="* * * * *")
@app.task(name="tallies.tally_campaigns", queue=WEBHOOKS, queueing_lock="tally_campaigns", lock="tally_campaigns")
def tally_campaigns(timestamp: int) -> None:
    count_campaigns()
