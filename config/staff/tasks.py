"""The queue's own housekeeping. What the apps do in the background is in their own tasks.py."""

from __future__ import annotations

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from config.actor import Actor
from config.staff.sign_in import delete_old_sign_ins as old_sign_ins
from config.staff.sign_in.links import FORGOTTEN, INVITATION, send_link

RETRY = RetryStrategy(max_attempts=5, exponential_wait=30)
LOCK = "sign_in_links"  # one after the other, so that nobody gets more than their number an hour


@app.task(name="staff.send_password_links", lock=LOCK, retry=RETRY)
def send_password_links(user_ids: list[int], site: str) -> None:
    """Ordered for every address that somebody types, so that nothing tells whether there is such a user."""
    for user_id in user_ids:
        send_link(user_id, FORGOTTEN, site=site)


@app.task(name="staff.send_invitation", lock=LOCK, retry=RETRY)
def send_invitation(user_id: int, site: str, by: list) -> None:
    send_link(user_id, INVITATION, site=site, by=Actor(*by))


@app.periodic(cron="30 3 * * *")
@app.task(name="staff.delete_old_sign_ins", queueing_lock="delete_old_sign_ins")
def delete_old_sign_ins(timestamp: int) -> None:
    old_sign_ins.delete_old_sign_ins()
