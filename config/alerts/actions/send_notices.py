"""Sends the notices that are due by e-mail: one message for each person, with all that is due to them.

Each notice is claimed, and that is committed, before the mail server hears of it. So it is sent at most once, whatever
is killed: one that died on its way becomes `unknown`, and stays in the bell.
"""

from __future__ import annotations

import smtplib
from contextlib import closing
from typing import Any, NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import connection

MOST = 500  # notices in one go
SHOWN = 20  # alerts that one message tells in full
# After so long nobody is at work on it any more.
LOST_AFTER = "10 minutes"

LOST = f"""
UPDATE alerts_notice SET email = 'unknown', email_at = now(), email_error = 'Interrupted while sending'
 WHERE email = 'sending' AND email_at < now() - interval '{LOST_AFTER}'
"""  # noqa: S608 - our own constant

# Who has no address any more, or may not sign in, is not written to.
CLAIM = f"""
WITH due AS MATERIALIZED (SELECT id FROM alerts_notice WHERE email = 'due' ORDER BY id LIMIT {MOST} FOR UPDATE SKIP LOCKED)
UPDATE alerts_notice n SET email = CASE WHEN u.is_active AND u.email <> '' THEN 'sending' ELSE 'none' END, email_at = now()
  FROM due, alerts_alert a, auth_user u
 WHERE n.id = due.id
   AND a.id = n.alert_id AND u.id = n.user_id
RETURNING n.id, n.email, u.email, a.title, a.text, a.url
"""  # noqa: S608 - our own constant

RECORD = """
UPDATE alerts_notice SET email = %s, email_at = now(), email_error = %s WHERE id = ANY (%s) AND email = 'sending'
"""


class Due(NamedTuple):
    key: int
    state: str
    address: str
    title: str
    text: str
    url: str


def send_notices() -> int:
    """How many people got a message. If the mail server cannot be reached, nothing changes: the notices stay due."""
    with connection.cursor() as cursor:
        cursor.execute(LOST)
        cursor.execute("SELECT EXISTS (SELECT FROM alerts_notice WHERE email = 'due')")
        (any_due,) = cursor.fetchone()
    if not any_due:
        return 0
    with closing(get_connection()) as server:
        server.open()  # raises before anything is claimed
        with connection.cursor() as cursor:
            cursor.execute(CLAIM)
            claimed = [Due(*row) for row in cursor.fetchall()]
        by_address: dict[str, list[Due]] = {}
        for due in sorted(claimed):
            if due.state == "sending":
                by_address.setdefault(due.address, []).append(due)
        for address, notices in by_address.items():
            _send(server, address, notices)
    return len(by_address)


def _send(server: Any, address: str, notices: list[Due]) -> None:
    """Tries once. Only a refusal by the server, or an invalid address, is known to have failed."""
    state, error = "sent", ""
    try:
        EmailMessage(_subject(notices), _text(notices), to=[address], connection=server).send()
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, UnicodeError, ValueError) as refused:
        state, error = "failed", str(refused)
    except OSError as lost:
        state, error = "unknown", f"The connection was lost: {lost}"
    with connection.cursor() as cursor:
        cursor.execute(RECORD, [state, error[:300], [notice.key for notice in notices]])


def _subject(notices: list[Due]) -> str:
    text = notices[0].title if len(notices) == 1 else f"{len(notices)} alerts"
    return f"Handout: {' '.join(text.split())}"


def _text(notices: list[Due]) -> str:
    parts = []
    for notice in notices[:SHOWN]:
        link = settings.SITE_URL.rstrip("/") + notice.url if settings.SITE_URL and notice.url else ""
        parts.append("\n".join(line for line in (notice.title, notice.text, link) if line))
    if len(notices) > SHOWN:
        parts.append(f"… and {len(notices) - SHOWN} more on the Alerts page.")
    parts.append("You receive this because of the alert settings in Handout, which a Manager can change.")
    return "\n\n".join(parts) + "\n"
