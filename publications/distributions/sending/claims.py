"""Claims deliveries before anything is said to a server, and records what became of them.

One statement claims for every connection that is free, one records for every connection that is done: a statement and
a commit for each message cost more than the message.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import InterfaceError, OperationalError, connection

from campaigns.codes.pool import CAMPAIGN_IS_GOOD
from config.staff.quarantine import NOT_OPEN
from publications.distributions.models import Delivery
from publications.distributions.queries.check_worth import CODE_IS_GOOD
from publications.distributions.reasons import DeliveryReason
from publications.distributions.reminders import MAY_BE_REMINDED
from publications.distributions.sending.outcomes import Outcome
from publications.distributions.states import AT_WORK_IN_SQL

# Between the first attempt and the second, ...: then it has failed.
RETRY_AFTER = [
    *(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 4, 8)),
]
RECORDS_FOR = 60  # seconds in which the database may come back to be told of a message that was sent

State = Delivery.State

# Who claims looks once more at everything that would make the message worthless or unwanted: only this statement is sure.
# What somebody else is claiming at this moment is theirs. Step by step from the keys, and the ledger without the
# condition of its partial index: a planner that takes these tables for small would look at all that are due, for each.
CLAIM = f"""
WITH free AS MATERIALIZED (
    SELECT d.id, d.distribution_id, d.customer_id, d.publication_id, d.reminds_id, d.expires_by FROM distributions_delivery d
     WHERE d.id = ANY(%(ids)s::bigint[]) AND d.state = 'published'
       AND (d.next_attempt_at IS NULL OR d.next_attempt_at <= now())
     ORDER BY d.id FOR NO KEY UPDATE SKIP LOCKED
), good AS MATERIALIZED (
    SELECT f.id, CASE x.message WHEN 'email' THEN c.email ELSE '' END AS email
      FROM free f JOIN distributions_distribution x ON x.id = f.distribution_id
      JOIN customers_customer c ON c.id = f.customer_id LEFT JOIN campaigns_campaign k ON k.id = x.campaign_id
     WHERE x.status IN {AT_WORK_IN_SQL} AND x.message <> 'none' AND {NOT_OPEN} AND c.erased_at IS NULL
       AND (x.message <> 'email'
            OR c.email <> '' AND NOT EXISTS (SELECT FROM distributions_unsubscribe u WHERE u.email = lower(c.email)))
       AND (k.id IS NULL OR CASE WHEN x.remind THEN k.active AND k.deleted_at IS NULL ELSE {CAMPAIGN_IS_GOOD} END)
       AND (f.reminds_id IS NULL OR {MAY_BE_REMINDED})
       AND (f.publication_id IS NULL
            OR (SELECT bool_and({CODE_IS_GOOD}) FILTER (WHERE l.released_at IS NULL) FROM publications_publishedvoucher l
                  JOIN codes_voucher v ON v.id = l.voucher_id LEFT JOIN campaigns_campaign c ON c.id = v.campaign_id
                 WHERE l.publication_id = f.publication_id))
)
UPDATE distributions_delivery d
   SET state = 'sending', attempts = d.attempts + 1, next_attempt_at = NULL, reason = '', detail = '', state_at = now(),
       email = good.email, claim = %(claim)s, worker = %(worker)s
  FROM good WHERE d.id = good.id AND d.id = ANY(%(ids)s::bigint[]) AND d.state = 'published'
RETURNING d.id, d.attempts, d.email
"""  # noqa: S608 - our own constants

# Of whoever does not know whether the database has taken the claim: nothing was sent by it.
UNCLAIM = """
UPDATE distributions_delivery
   SET state = 'published', attempts = attempts - 1, reason = '', state_at = now(), claim = NULL, worker = NULL
 WHERE id = ANY(%(ids)s::bigint[]) AND claim = %(claim)s AND state IN ('sending', 'unknown')
"""

# Not waiting for the disk: if the database dies now, the deliveries are found `sending`, which is the safe side.
# `unknown`: it took so long that this was said of it meanwhile, but nobody has decided anything.
RECORD = """
WITH at_ease AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
UPDATE distributions_delivery d
   SET state = o.state, reason = o.reason, detail = o.detail, next_attempt_at = now() + o.pause, state_at = now(),
       attempts = d.attempts - o.uncounted, claim = NULL, worker = NULL
  FROM at_ease, distributions_distribution x,
       unnest(%(ids)s::bigint[], %(claims)s::bigint[], %(states)s::text[], %(reasons)s::text[], %(details)s::text[],
              %(pauses)s::interval[], %(uncounted)s::int[]) AS o (id, claim, state, reason, detail, pause, uncounted)
 WHERE d.id = o.id AND d.claim = o.claim AND d.state IN ('sending', 'unknown') AND x.id = d.distribution_id
RETURNING x.unknowns
"""

COUNT_UNKNOWN = """
UPDATE distributions_distribution SET unknowns = least(unknowns + 1, 30000) WHERE id = %(id)s RETURNING unknowns
"""


class Claim(NamedTuple):
    """A delivery that is `sending` for good. By its number alone it is told what became of this attempt."""

    delivery: int
    number: int  # drawn for this attempt
    attempts: int
    email: str


class Done(NamedTuple):
    claim: Claim
    outcome: Outcome
    counts: bool  # False: the attempt was nobody's fault among the recipients


def claim(deliveries: Sequence[Delivery], worker: int | None) -> dict[int, Claim]:
    """By the delivery's key; without those that somebody else has, or that may not be sent."""
    number = secrets.randbits(63)
    values: dict[str, Any] = {"ids": sorted(delivery.pk for delivery in deliveries), "claim": number, "worker": worker}
    try:
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, values)
            return {key: Claim(key, number, attempts, email) for key, attempts, email in cursor.fetchall()}
    except (OperationalError, InterfaceError):
        connection.close()
        _insist(lambda: _execute(UNCLAIM, values))
        return {}


def record(done: Sequence[Done]) -> int | None:
    """All of one distribution. How many unknown messages it had in a row before them; None where somebody has decided
    about all of them meanwhile.
    """
    rows = [_row(each) for each in sorted(done)]  # in one order, so that no two senders wait for each other
    names = ("ids", "claims", "states", "reasons", "details", "pauses", "uncounted")
    values = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    return _insist(lambda: _execute(RECORD, values))


def count_unknown(distribution_id: int) -> int | None:
    """How many there are in a row by now; None where the distribution is gone."""
    return _insist(lambda: _execute(COUNT_UNKNOWN, {"id": distribution_id}))


def _row(done: Done) -> tuple[int, int, str, str, str, timedelta | None, int]:
    claimed, outcome, counts = done
    state, reason, pause = outcome.state, outcome.reason, None
    if state == State.PUBLISHED and counts:
        if claimed.attempts > len(RETRY_AFTER):
            state, reason = State.FAILED, DeliveryReason.EVERY_ATTEMPT_FAILED
        else:
            pause = RETRY_AFTER[claimed.attempts - 1]
    # Servers like to repeat the address, which must be gone when the customer is erased.
    detail = outcome.detail.replace(claimed.email, "the address") if claimed.email else outcome.detail
    return (
        *(claimed.delivery, claimed.number, str(state), reason.value if reason else ""),
        *(detail[:300] if reason else "", pause, int(not counts)),
    )


def _execute(statement: str, values: dict) -> int | None:
    """The number that it returns first, if it returns one."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def _insist(step: Callable[[], int | None]) -> int | None:
    """The database may be starting anew; what is known of a message is worth waiting for. Raises after a minute."""
    give_up = time.monotonic() + RECORDS_FOR
    while True:
        try:
            return step()
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > give_up:
                raise
            time.sleep(0.2)
