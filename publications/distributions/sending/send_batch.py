"""Sends the messages that are due, each at most once.

    delivery: published -> sending     committed before anything is said to the mail server
              sending   -> sent        it has taken the message
                        -> published   it certainly has not: later once more, after a growing pause
                        -> failed      for good: it refused, or all attempts were in vain
                        -> unknown     the connection died when it may have had it all
                        -> kept        there is no mail server, so it stays here

Killed before `sending` is committed, nothing was sent. Killed after it, the delivery stays `sending` and becomes
`unknown` (declare_unknown.py): a person decides, nothing is ever sent twice on its own. One message at a time for each
connection, so that a crash leaves one unknown message for each. After a few unknown ones in a row the run rests, and
after some more it is paused: a server that always dies at the end would otherwise make everybody's unknown.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import NamedTuple

from django.core.mail.utils import DNS_NAME
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F, Q
from django.db.models.functions import Mod, Now

from campaigns.codes.models import Voucher
from campaigns.codes.pool import CAMPAIGN_IS_GOOD
from config.staff.models import ProjectSettings
from config.staff.quarantine import NOT_OPEN
from customers.models import Customer
from publications.distributions.actions.change_status import hold
from publications.distributions.actions.unsubscribe import unsubscribe_url
from publications.distributions.audience import why_unreachable
from publications.distributions.compose import compose
from publications.distributions.models import Delivery, Distribution
from publications.distributions.queries.check_worth import CODE_IS_GOOD, why_campaign_is_dead, why_code_is_dead
from publications.distributions.reasons import DeliveryReason, StatusReason
from publications.distributions.sending.grant_emails import grant_emails
from publications.distributions.sending.hand_over import MailServer, WrittenEmail, post_message
from publications.distributions.sending.outcomes import Outcome, away, failed, to_be_mended
from publications.distributions.sending.webhook_message import webhook_message
from publications.distributions.states import AT_WORK_IN_SQL
from publications.models import PublishedVoucher

BATCH = 50  # deliveries that are looked up at once; each is claimed by itself

# Between the first attempt and the second, ...: then it has failed.
RETRY_AFTER = [
    *(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 4, 8)),
]
# When nobody can be sent anything. No attempt is counted for that.
RESTS = [timedelta(seconds=seconds) for seconds in (5, 10, 30, 60, 120, 300)]
RESTS_AFTER, PAUSES_AFTER = 3, 10  # unknown messages in a row
RECORDS_FOR = 60  # seconds in which the database may come back to be told of a message that was sent

State = Delivery.State

# Who claims looks once more at everything that would make the message worthless or unwanted: only this statement is sure.
CLAIM = f"""
UPDATE distributions_delivery d
   SET state = 'sending', attempts = d.attempts + 1, next_attempt_at = NULL, reason = '', detail = '', state_at = now(),
       email = CASE x.message WHEN 'email' THEN c.email ELSE '' END, claim = %(claim)s, worker = %(worker)s
  FROM distributions_distribution x LEFT JOIN campaigns_campaign k ON k.id = x.campaign_id, customers_customer c
 WHERE d.id = %(id)s AND d.state = 'published' AND (d.next_attempt_at IS NULL OR d.next_attempt_at <= now())
   AND x.id = d.distribution_id AND x.status IN {AT_WORK_IN_SQL} AND x.message <> 'none' AND {NOT_OPEN}
   AND c.id = d.customer_id AND c.erased_at IS NULL
   AND (x.message <> 'email'
        OR c.email <> '' AND NOT EXISTS (SELECT FROM distributions_unsubscribe u WHERE u.email = lower(c.email)))
   AND (k.id IS NULL OR {CAMPAIGN_IS_GOOD})
   AND (d.publication_id IS NULL
        OR (SELECT bool_and({CODE_IS_GOOD}) FROM publications_publishedvoucher l
              JOIN codes_voucher v ON v.id = l.voucher_id LEFT JOIN campaigns_campaign c ON c.id = v.campaign_id
             WHERE l.publication_id = d.publication_id AND l.released_at IS NULL))
RETURNING d.attempts, d.email
"""  # noqa: S608 - our own constants

# Of whoever does not know whether the database has taken the claim: nothing was sent by it.
UNCLAIM = """
UPDATE distributions_delivery
   SET state = 'published', attempts = attempts - 1, reason = '', state_at = now(), claim = NULL, worker = NULL
 WHERE id = %(id)s AND claim = %(claim)s AND state IN ('sending', 'unknown')
"""

# Not waiting for the disk: if the database dies now, the delivery is found `sending`, which is the safe side.
# `unknown`: it took so long that this was said of it meanwhile, but nobody has decided anything.
RECORD = """
WITH at_ease AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
UPDATE distributions_delivery d
   SET state = %(state)s, reason = %(reason)s, detail = %(detail)s, next_attempt_at = now() + %(pause)s::interval, state_at = now(),
       attempts = d.attempts - %(uncounted)s::int, claim = NULL, worker = NULL
  FROM at_ease, distributions_distribution x
 WHERE d.id = %(id)s AND d.claim = %(claim)s AND d.state IN ('sending', 'unknown') AND x.id = d.distribution_id
RETURNING x.unknowns
"""

COUNT_UNKNOWN = """
UPDATE distributions_distribution SET unknowns = least(unknowns + 1, 30000) WHERE id = %(id)s RETURNING unknowns
"""


class _Claim(NamedTuple):
    key: int  # drawn for this attempt
    attempts: int
    email: str


class _Due(NamedTuple):
    delivery: Delivery
    customer: Customer
    codes: list[Voucher]


def send_batch(
    distribution: Distribution,
    server: MailServer,
    *,
    share: int = 0,
    of: int = 1,
    stopping: Callable[[], bool] = lambda: False,
    worker: int | None = None,
) -> int:
    """How many messages were tried; 0 where none is due, or none may be sent now. Once `stopping`, none is claimed.

    Several may send for one run: each begins with its own share of the deliveries, so that they do not ask for the
    same ones, and helps with the others when it is done. `worker`: by whose sign of life it is told whether we live.
    """
    if distribution.message == Distribution.Message.NONE:
        return 0
    by_email = distribution.message == Distribution.Message.EMAIL
    due = _due(distribution, share, of)
    if not due:
        return 0
    if trouble := _trouble(distribution, server if by_email else None):
        _settle_trouble(distribution, trouble)
        return 0
    allowed = grant_emails(len(due)) if by_email else len(due)
    project = ProjectSettings.current()
    tried = 0
    for each in due:
        if tried >= allowed or stopping():
            break
        # Written before it is claimed: who is killed while writing has claimed nothing, and leaves nothing unknown.
        expected = each.delivery.attempts + 1, each.customer.email if by_email else ""
        hand_over = _write(distribution, each, expected[0], project)
        claimed = _claim(each.delivery, worker)
        if not claimed:
            continue
        if claimed[1:] != expected:  # the address was changed a moment ago
            each.customer.email = claimed.email
            hand_over = _write(distribution, each, claimed.attempts, project)
        tried += 1
        outcome = hand_over(server)
        # The first to meet a server that hangs up may be the cause: the others go first, and its attempt counts. Of those
        # behind it, none does: the server does the same to all.
        blamed = outcome.rest == StatusReason.SERVER_HANGS_UP and not distribution.rests
        unknowns = _record(each.delivery, claimed, outcome, counts=blamed or not outcome.stops_all)
        if trouble := _trouble_of(distribution, outcome):
            _settle_trouble(distribution, trouble)
            break
        if outcome.state in (State.SENT, State.KEPT) and (unknowns or distribution.rests):
            _went_well(distribution)
            distribution.rests = 0
    return tried


def _trouble(distribution: Distribution, server: MailServer | None) -> Outcome | None:
    """Why nothing can be sent to anybody, before a message is claimed."""
    if distribution.campaign and (dead := why_campaign_is_dead(distribution.campaign)):
        return to_be_mended(dead)
    if server is not None:
        return server.ready()
    address = distribution.webhook
    return None if address and not address.deleted_at else to_be_mended(StatusReason.WEBHOOK_DELETED)


def _trouble_of(distribution: Distribution, outcome: Outcome) -> Outcome | None:
    """What an attempt tells of those to come; None where they may go on."""
    if outcome.state != State.UNKNOWN:
        return outcome if outcome.stops_all else None
    in_a_row = _insist(lambda: _execute(COUNT_UNKNOWN, {"id": distribution.pk}))
    if in_a_row is None or in_a_row < RESTS_AFTER:
        return None
    if in_a_row < PAUSES_AFTER:
        return away(StatusReason.ANSWERS_LOST, outcome.detail)
    return to_be_mended(StatusReason.UNKNOWN_IN_A_ROW, outcome.detail)


def _due(distribution: Distribution, share: int, of: int) -> list[_Due]:
    """Read only. Those to whom nothing may be sent any more are left out for good on the way."""
    ready = Delivery.objects.filter(Q(next_attempt_at=None) | Q(next_attempt_at__lte=Now()), state=State.PUBLISHED)
    ready = ready.filter(distribution=distribution).order_by("pk")
    own = ready.annotate(_share=Mod(F("pk"), of)).filter(_share=share) if of > 1 else ready
    deliveries = list(own.select_related("customer", "publication")[:BATCH])
    if not deliveries and of > 1:
        deliveries = list(ready.select_related("customer", "publication")[:BATCH])
    if not deliveries:
        return []
    people = Customer.objects.filter(pk__in=[delivery.customer_id for delivery in deliveries])
    why = dict(people.annotate(_why=why_unreachable(distribution)).exclude(_why="").values_list("pk", "_why"))
    codes = _codes_of([delivery.publication_id for delivery in deliveries if delivery.publication_id])
    due = []
    for delivery in deliveries:
        held = codes.get(delivery.publication_id or 0, [])
        reason = why.get(delivery.customer_id) or (_why_worthless(held) if delivery.publication_id else None)
        if reason:
            Delivery.objects.filter(pk=delivery.pk, state=State.PUBLISHED).update(
                state=State.SKIPPED, reason=reason, detail="", state_at=Now()
            )
        else:
            due.append(_Due(delivery, delivery.customer, held))
    return due


def _why_worthless(codes: Sequence[Voucher]) -> DeliveryReason | None:
    if not codes:
        return DeliveryReason.CODE_RELEASED
    return next(filter(None, map(why_code_is_dead, codes)), None)


def _codes_of(publications: Sequence[int]) -> dict[int, list[Voucher]]:
    codes: dict[int, list[Voucher]] = {}
    rows = PublishedVoucher.objects.filter(publication__in=publications, released_at=None).select_related(
        "voucher__campaign"
    )
    for row in rows.order_by("voucher_id"):
        codes.setdefault(row.publication_id, []).append(row.voucher)
    return codes


def _claim(delivery: Delivery, worker: int | None) -> _Claim | None:
    """Once the delivery is `sending` for good; None where somebody else has it, or it may not be sent."""
    key = secrets.randbits(63)
    values = {"id": delivery.pk, "claim": key, "worker": worker}
    try:
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, values)
            row = cursor.fetchone()
    except (OperationalError, InterfaceError):
        connection.close()
        _insist(lambda: _execute(UNCLAIM, values))
        return None
    return _Claim(key, *row) if row else None


def _write(
    distribution: Distribution, each: _Due, attempt: int, project: ProjectSettings
) -> Callable[[MailServer], Outcome]:
    """The message, ready to be handed over."""
    try:
        if address := distribution.webhook if distribution.message == Distribution.Message.WEBHOOK else None:
            body = webhook_message(distribution, each.delivery, each.customer, each.codes)
            return lambda _: post_message(address, body, delivery_id=each.delivery.pk, attempt=attempt)
        link = unsubscribe_url(each.delivery)
        message = compose(distribution, each.customer, each.codes, link, project=project)
        email = WrittenEmail(
            message,
            to=each.customer.email,
            headers={
                "List-Unsubscribe": f"<{link}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "Message-ID": f"<{distribution.public_id}.{each.delivery.pk}.{attempt}@{DNS_NAME}>",
            },
        )
        email.delivery_id, email.customer_id = each.delivery.pk, each.customer.pk
    except Exception as problem:  # the run must not be held up by one recipient
        outcome = failed(DeliveryReason.NOT_WRITTEN, type(problem).__name__)
        return lambda _: outcome
    return lambda server: server.send(email)


def _record(delivery: Delivery, claim: _Claim, outcome: Outcome, *, counts: bool) -> int | None:
    """How many unknown messages went before it in a row; None where somebody has decided about it meanwhile."""
    state, reason, pause = outcome.state, outcome.reason, None
    if state == State.PUBLISHED and counts:
        if claim.attempts > len(RETRY_AFTER):
            state, reason = State.FAILED, DeliveryReason.EVERY_ATTEMPT_FAILED
        else:
            pause = RETRY_AFTER[claim.attempts - 1]
    # Servers like to repeat the address, which must be gone when the customer is erased.
    detail = outcome.detail.replace(claim.email, "the address") if claim.email else outcome.detail
    values = {
        "id": delivery.pk,
        "claim": claim.key,
        "state": state,
        "detail": detail[:300] if reason else "",
        "reason": reason.value if reason else "",
        "pause": pause,
        "uncounted": int(not counts),
    }
    return _insist(lambda: _execute(RECORD, values))


def _execute(statement: str, values: dict) -> int | None:
    """The number that it returns, if it returns one."""
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


def _settle_trouble(distribution: Distribution, trouble: Outcome) -> None:
    """The run rests, each time longer, or is paused for staff to put something right."""
    if trouble.pause:
        hold(distribution, trouble.pause, trouble.detail)
        return
    # Of several senders who meet the same trouble one makes the run rest.
    rest = RESTS[min(distribution.rests, len(RESTS) - 1)]
    at_work = Distribution.objects.at_work().filter(pk=distribution.pk)
    at_work.filter(Q(rests_until=None) | Q(rests_until__lte=Now())).update(
        rests=F("rests") + 1, rests_until=Now() + rest, status_reason=trouble.rest, status_detail=trouble.detail
    )


def _went_well(distribution: Distribution) -> None:
    Distribution.objects.at_work().filter(Q(rests__gt=0) | Q(unknowns__gt=0), pk=distribution.pk).update(
        rests=0, rests_until=None, unknowns=0, status_reason="", status_detail=""
    )
