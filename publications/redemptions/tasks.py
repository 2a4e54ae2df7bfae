"""What redemptions do in the background."""

from __future__ import annotations

from procrastinate.contrib.django import app

from publications.redemptions.actions import delete_old_failures as old_failures


@app.periodic(cron="50 3 * * *")
@app.task(name="redemptions.delete_old_failures", queueing_lock="delete_old_failures")
def delete_old_failures(timestamp: int) -> None:
    old_failures.delete_old_failures()
