"""After a clock that ran ahead was put right: no time that was written then is believed for longer than it could be true.

Who looked "in an hour", rests "until next week" or failed to sign in "tomorrow" would stand still until then. That the
clock was put back shows in the queue, which keeps for when it has ordered each periodic job.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from config.api.oauth.tokens import SECONDS as BEARER_SECONDS
from publications.distributions.sending.claims import RETRY_AFTER as MESSAGES_RETRY_AFTER
from publications.distributions.sending.send_batch import RESTS
from publications.webhooks.actions.send_due import REST
from publications.webhooks.actions.send_due import RETRY_AFTER as WEBHOOKS_RETRY_AFTER

PAST = timedelta(0)

WAS_PUT_BACK = """
DELETE FROM procrastinate_periodic_defers
 WHERE defer_timestamp > extract(epoch FROM now() + interval '2 minutes')"""  # so far the clocks of machines may differ


class Stored(NamedTuple):
    table: str
    column: str
    most: timedelta  # how far from now it may lie in the future
    where: str = "true"


STORED = [
    Stored("segments_watchedsegment", "looked_at", PAST),
    Stored("segments_watchedmember", "since", PAST),
    Stored("segments_firstmembers", "created_at", PAST),
    Stored("campaigns_campaigncount", "counted_at", PAST),
    Stored("api_apikey", "last_used_at", PAST),
    Stored("distributions_emailgrant", "at", PAST),
    Stored("automation_rule", "activated_at", PAST),
    Stored("automation_firing", "created_at", PAST),  # which counts for "at most so often"
    Stored("distributions_distribution", "rests_until", RESTS[-1]),
    Stored("webhooks_webhookaddress", "rests_until", REST),
    Stored("distributions_delivery", "state_at", PAST, "state = 'sending'"),
    Stored("distributions_delivery", "next_attempt_at", max(MESSAGES_RETRY_AFTER), "state = 'published'"),
    Stored("webhooks_webhookdelivery", "next_attempt_at", max(WEBHOOKS_RETRY_AFTER), "status = 'waiting'"),
    Stored("alerts_notice", "email_at", PAST, "email = 'sending'"),
    Stored("axes_accessattempt", "attempt_time", PAST),
    Stored("staff_staffsession", "expire_date", timedelta(seconds=settings.SESSION_COOKIE_AGE)),
    Stored("staff_staffsession", "last_used_at", PAST),
    Stored("otp_totp_totpdevice", "throttling_failure_timestamp", PAST),
    Stored("otp_static_staticdevice", "throttling_failure_timestamp", PAST),
    Stored("api_bearertoken", "expires_at", timedelta(seconds=BEARER_SECONDS)),
    Stored("procrastinate_workers", "last_heartbeat", PAST),
    Stored("procrastinate_jobs", "scheduled_at", timedelta(days=1), "status = 'todo'"),
]


def put_clock_right() -> int:
    """Looks whether the clock was put back, and if so mends what was written before: how many rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(WAS_PUT_BACK)
        return sum(_mend(cursor, stored) for stored in STORED) if cursor.rowcount else 0


def _mend(cursor: CursorWrapper, stored: Stored) -> int:
    cursor.execute(
        f"UPDATE {stored.table} SET {stored.column} = now() + %s::interval"  # noqa: S608 - our own names
        f" WHERE {stored.column} > now() + %s::interval AND {stored.where}",
        [stored.most, stored.most],  # type: ignore[list-item]  # psycopg takes a timedelta
    )
    return cursor.rowcount
