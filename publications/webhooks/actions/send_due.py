"""Sends an address what is due to it, and decides what becomes of what did not arrive.

A delivery is claimed before it is sent: one statement counts the attempt and schedules the next. So a worker that is
killed has cost one attempt and the delivery comes again by itself, and two workers never send the same one at once. A
worker that is killed between the receiver's answer and its record sends once more: at least once (docs/adr/0011).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from psycopg.types.json import Jsonb

from config.api.door import iso
from config.clocks import CLOCKS_DIFFER
from config.staff.quarantine import open_one
from publications.webhooks.actions.deliver import Answer, deliver
from publications.webhooks.actions.pause_address import pause_failing
from publications.webhooks.models import TEST, WebhookAddress, WebhookDelivery
from publications.webhooks.sign import sign

# After the first attempt, the second, ...: twelve retries, then the address is paused (two days and eight hours).
RETRY_AFTER = [
    *(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 4, 8, 16, 24)),
]
MOST_ATTEMPTS = 1 + len(RETRY_AFTER)

AT_ONCE = 8  # requests to one address
TURN = 10  # seconds after which another address may have this worker
# A receiver that gives no answer at all costs a worker ten seconds: it is left alone for a while, whatever else is due.
REST = timedelta(minutes=1)

# The last attempt, too, schedules one more, for the case that its worker is killed. What is due is looked up once: a join
# may walk a subquery for each row of the other side, and its LIMIT would then count anew each time.
CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id FROM webhooks_webhookdelivery
     WHERE {which} AND status = 'waiting' AND next_attempt_at <= now()
     ORDER BY id + 0 LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
UPDATE webhooks_webhookdelivery d
   SET attempts = d.attempts + 1, attempted_at = now(),
       next_attempt_at = now() + (%(retry_after)s::interval[])[least(d.attempts + 1, array_length(%(retry_after)s::interval[], 1))]
  FROM due
 WHERE d.id = due.id
RETURNING d.*
"""

# `attempts`: what was claimed anew meanwhile is not ours to record.
RECORD = """
UPDATE webhooks_webhookdelivery
   SET status = %(status)s::text, next_attempt_at = CASE WHEN %(status)s::text = 'waiting' THEN next_attempt_at END,
       answer_status = %(answer_status)s, answer_body = %(answer_body)s, error = %(error)s, log = log || %(entry)s
 WHERE id = %(id)s AND attempts = %(attempts)s AND status = 'waiting'
"""


def send_due(address_id: int) -> bool:
    """Sends what is due, for one turn; returns whether there is more. Oldest first, several at once: no order is
    promised.
    """
    ends = time.monotonic() + TURN
    with ThreadPoolExecutor(AT_ONCE) as threads:
        while time.monotonic() < ends:
            address = _ready().filter(pk=address_id).first()
            claimed = _claim("address_id = %(key)s", address.pk, most=AT_ONCE) if address else []
            if not address or not claimed:
                return False
            requests = [_request(address, delivery) for delivery in claimed]
            answers = list(threads.map(lambda send: send(), requests))  # these threads touch no database
            for delivery, answer in zip(claimed, answers, strict=True):
                record_answer(delivery, answer)
            if any(answer.status is None for answer in answers):
                WebhookAddress.objects.filter(pk=address_id).update(rests_until=Now() + REST)
    return True


def send_one(delivery_id: int) -> None:
    """Sends one delivery by hand, even if its address is paused or resting."""
    for delivery in _claim("id = %(key)s", delivery_id, most=1):
        record_answer(delivery, _request(delivery.address, delivery)())


def addresses_due() -> list[int]:
    """The keys of addresses with something due."""
    due = WebhookDelivery.objects.filter(address=OuterRef("pk"), status="waiting", next_attempt_at__lte=Now())
    return list(_ready().filter(Exists(due)).values_list("pk", flat=True))


def _ready() -> QuerySet[WebhookAddress]:
    return (
        WebhookAddress.objects.active()
        .filter(~open_one())
        .exclude(rests_until__gt=Now(), rests_until__lte=Now() + REST + CLOCKS_DIFFER)
    )


def _claim(which: str, key: int, *, most: int) -> list[WebhookDelivery]:
    values = {"key": key, "most": most, "retry_after": RETRY_AFTER}
    return list(WebhookDelivery.objects.raw(CLAIM.format(which=which), values))


def _request(address: WebhookAddress, delivery: WebhookDelivery) -> Callable[[], Answer]:
    body = delivery.body.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Handout",
        "X-Voucherify-Signature": sign(body, secret=address.secret),
        "X-Handout-Event": delivery.kind,
        "X-Handout-Event-Id": delivery.event_id,  # the same at each attempt: by it a receiver knows what it has
        "X-Handout-Attempt": str(delivery.attempts),
    }
    return partial(deliver, address.url, body, headers=headers)


def record_answer(delivery: WebhookDelivery, answer: Answer) -> None:
    """Records how a claimed delivery went. When the last attempt fails, its address is paused."""
    is_test = delivery.kind == TEST
    if answer.delivered:
        status = WebhookDelivery.Status.DELIVERED
    elif is_test or delivery.attempts >= MOST_ATTEMPTS:
        status = WebhookDelivery.Status.FAILED
    else:
        status = WebhookDelivery.Status.WAITING
    entry = {
        "at": iso(delivery.attempted_at),
        "status": answer.status,
        "error": answer.error,
        "ms": answer.milliseconds,
    }
    values: dict[str, Any] = {
        "id": delivery.pk,
        "attempts": delivery.attempts,
        "status": status,
        "answer_status": answer.status,
        "answer_body": answer.body,
        "error": answer.error,
        "entry": Jsonb([entry]),
    }
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(RECORD, values)
            recorded = cursor.rowcount
        if recorded and status == WebhookDelivery.Status.FAILED and not is_test:
            pause_failing(delivery.address, after=answer.error)
