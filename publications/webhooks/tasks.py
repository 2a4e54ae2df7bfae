"""What webhooks do in the background."""

from __future__ import annotations

from contextlib import suppress

from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from config.background import WEBHOOKS
from publications.webhooks.actions import delete_old_deliveries as old_deliveries
from publications.webhooks.actions.send_due import send_due, send_one


@app.task(name="webhooks.send_webhooks", queue=WEBHOOKS)
def send_webhooks(address_id: int) -> None:
    if send_due(address_id):
        _send_soon(address_id)  # behind the other addresses


@app.task(name="webhooks.send_webhook", queue=WEBHOOKS)
def send_webhook(delivery_id: int) -> None:
    send_one(delivery_id)


def _send_soon(address_id: int) -> None:
    """One job for an address waits and one runs, never more: a slow receiver occupies one place of the worker."""
    name = f"webhook address {address_id}"
    with suppress(AlreadyEnqueued):
        send_webhooks.configure(lock=name, queueing_lock=name).defer(address_id=address_id)


@app.periodic(cron="50 3 * * *")
@app.task(name="webhooks.delete_old_deliveries", queueing_lock="delete_old_deliveries")
def delete_old_deliveries(timestamp: int) -> None:
    old_deliveries.delete_old_deliveries()
