"""What the API does in the background."""

from __future__ import annotations

from procrastinate.contrib.django import app

from config.api.actions import delete_old_calls as old_calls
from config.api.actions import delete_old_idempotent_calls as old_keys
from config.api.actions import warn_of_expiry as expiry
from config.api.oauth import tokens


@app.periodic(cron="25 3 * * *")
@app.task(name="api.delete_old_calls", queueing_lock="delete_old_calls")
def delete_old_calls(timestamp: int) -> None:
    old_calls.delete_old_calls()


@app.periodic(cron="35 3 * * *")
@app.task(name="api.delete_old_tokens", queueing_lock="delete_old_tokens")
def delete_old_tokens(timestamp: int) -> None:
    tokens.delete_old_tokens()


@app.periodic(cron="15 * * * *")
@app.task(name="api.delete_old_idempotent_calls", queueing_lock="delete_old_idempotent_calls")
def delete_old_idempotent_calls(timestamp: int) -> None:
    old_keys.delete_old_idempotent_calls()


@app.periodic(cron="0 7 * * *")
@app.task(name="api.warn_of_expiry", queueing_lock="warn_of_expiry", lock="warn_of_expiry")
def warn_of_expiry(timestamp: int) -> None:
    expiry.warn_of_expiry()
