"""What recalls do in the background."""

from __future__ import annotations

from procrastinate.contrib.django import app

from config.background import UNTIL_THE_DATABASE_ANSWERS
from publications.recalls.actions import carry_out as recalls
from publications.recalls.actions import start_recall


@app.task(name="recalls.carry_out", retry=UNTIL_THE_DATABASE_ANSWERS)
def carry_out(recall_id: int) -> None:
    recalls.carry_out(recall_id)


@app.periodic(cron="50 3 * * *")
@app.task(name="recalls.delete_old_drafts", queueing_lock="delete_old_recall_drafts")
def delete_old_drafts(timestamp: int) -> None:
    start_recall.delete_old_drafts()
