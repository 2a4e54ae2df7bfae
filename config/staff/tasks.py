"""The queue's own housekeeping. What the apps do in the background is in their own tasks.py."""

from __future__ import annotations

from procrastinate.contrib.django import app

from config.staff.sign_in import delete_old_sign_ins as old_sign_ins


@app.periodic(cron="30 3 * * *")
@app.task(name="staff.delete_old_sign_ins", queueing_lock="delete_old_sign_ins")
def delete_old_sign_ins(timestamp: int) -> None:
    old_sign_ins.delete_old_sign_ins()
