"""What alerts do in the background. The looking is done by those who know what to look for."""

from __future__ import annotations

from procrastinate.contrib.django import app

from config.alerts.actions import delete_old_alerts as old_alerts
from config.alerts.actions import send_notices as notices


@app.periodic(cron="* * * * *")
@app.task(name="alerts.send_notices", queueing_lock="send_notices", lock="send_notices")
def send_notices(timestamp: int) -> None:
    notices.send_notices()


@app.periodic(cron="40 3 * * *")
@app.task(name="alerts.delete_old_alerts", queueing_lock="delete_old_alerts")
def delete_old_alerts(timestamp: int) -> None:
    old_alerts.delete_old_alerts()
