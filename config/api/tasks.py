"""What the API does in the background."""

from __future__ import annotations

from procrastinate.contrib.django import app

from config.api.actions import delete_old_calls as old_calls


@app.periodic(cron="25 3 * * *")
@app.task(name="api.delete_old_calls", queueing_lock="delete_old_calls")
def delete_old_calls(timestamp: int) -> None:
    old_calls.delete_old_calls()
