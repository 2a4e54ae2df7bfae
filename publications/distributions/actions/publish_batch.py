"""Publishes a run's codes: up to a thousand recipients in one transaction, each with a publication of their own.

    delivery: pending -> published     codes taken, publication, ledger, flags and the event: one transaction
              pending -> skipped       what the review would have said of them by now (a code from elsewhere, erased, ...)

Before the transaction nobody of the batch has anything, after it everybody has it all; killed in between, it has not
happened. One at a time for a run (the lock on its row), and for a campaign (an advisory lock), so that of two runs of
one campaign the second sees whom the first has served. Codes are given as to everybody (publications/ledger).
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models.functions import Lower, Now

from campaigns.codes.actions.extend_pool import CodeSpaceExhausted, extend_pool
from campaigns.codes.actions.reserve_codes import lock_border_of, move_border, note_taken
from campaigns.codes.pool import BEYOND_ALL, left_in_pool, lock_pool
from campaigns.codes.queries.reserved import reserved_in
from campaigns.models import Campaign
from config.actor import Actor
from config.advisory_locks import Lock
from config.staff.models import ProjectSettings
from customers.models import Customer
from publications.actions.quarantine_guard import keep_quarantine_away
from publications.channels import AUTOMATION, DASHBOARD
from publications.distributions.actions.change_status import hold
from publications.distributions.actions.write_audience import walk_by_index
from publications.distributions.audience import one_each, why_left_out
from publications.distributions.models import Delivery, Distribution
from publications.distributions.queries.check_worth import why_campaign_is_dead
from publications.distributions.reasons import DeliveryReason, StatusReason
from publications.ledger.give import give
from publications.ledger.limits import hold_first
from publications.ledger.requests import Codes, Declined, Given, PublishRequest
from publications.models import Publication
from publications.refusals import Quarantined

AHEAD = 1_000  # recipients who have a code and whose message is due: so many codes may be taken before it is their turn
LOOKS_AGAIN = timedelta(minutes=5)  # after a limit of codes a day was met; no longer than the longest of RESTS
OF_THE_DAY = (Declined.CAMPAIGN_LIMIT, Declined.CHANNEL_LIMIT)
MOST_OUTSTANDING = 10_000  # with those whose mail server said "later"

State = Delivery.State

# The last delivery that this process has settled, so that a long run does not scan what it has done. A hint: too high,
# and the next look starts at 0.
_done_up_to: dict[int, int] = {}


class NotEnoughCodes(Exception):
    """Only for the roll-back of an extension that failed; the run is paused, and this message is the detail."""


class _Batch(NamedTuple):
    settled: int  # recipients who are not pending any more
    short: bool  # there were too few codes, as far as could be seen past the locks of others


NOTHING = _Batch(0, False)

SETTLE = """
UPDATE distributions_delivery d SET state = 'published', publication_id = served.publication, state_at = now()
  FROM unnest(%(deliveries)s::bigint[], %(publications)s::bigint[]) AS served (delivery, publication)
 WHERE d.id = served.delivery AND d.state = 'pending'
"""


def publish_batch(distribution_id: int) -> int:
    """Publishes to as many recipients as may be ahead of the sending; how many were settled (published or left out).

    0: there is nobody, or it is not their turn yet, or the run was paused since the pool is empty. Nobody is failed
    for that.
    """
    batch = _publish(distribution_id)
    if not batch.short:
        return batch.settled
    # Past the locks of others it looks empty, or too few are left above where this process took the last ones. Only a
    # look at all of it, in its turn, is sure.
    campaign = Distribution.objects.filter(pk=distribution_id).values_list("campaign", flat=True).first()
    if campaign:
        # In a transaction of its own: it locks the campaign's row, for which others wait who have locked codes.
        move_border(campaign)
    try:
        return batch.settled + _publish(distribution_id, for_sure=True).settled
    except NotEnoughCodes as problem:
        with transaction.atomic():
            if distribution := _lock(distribution_id):
                hold(distribution, StatusReason.NO_MORE_CODES, str(problem))
        return batch.settled


def _publish(distribution_id: int, *, for_sure: bool = False) -> _Batch:
    with transaction.atomic():
        with suppress(Quarantined):  # then there is nothing to lock
            keep_quarantine_away()
        distribution = _lock(distribution_id)
        count = _room(distribution) if distribution else 0
        if not distribution or not count:
            return NOTHING
        walk_by_index()
        campaign = distribution.campaign if distribution.publishes else None
        if campaign:
            _lock_runs_of(campaign)
        candidates = _pending(distribution_id, count)
        if not candidates:
            return NOTHING
        customers = [customer for _, customer in candidates]
        _hold(customers)
        left_out = _leave_out(distribution, candidates)
        waiting = [(delivery, customer) for delivery, customer in candidates if delivery not in left_out]
        if not campaign:
            Delivery.objects.filter(pk__in=[delivery for delivery, _ in waiting], state=State.PENDING).update(
                state=State.PUBLISHED, state_at=Now()
            )
            return _Batch(len(candidates), False)
        waiting.sort(key=lambda recipient: recipient[::-1])  # of customers; with too few codes the last ones wait
        requests = _requests(distribution, campaign, [customer for _, customer in waiting])
        hold_first(requests)
        if for_sure:
            below = _make_sure(distribution, campaign, len(waiting) * distribution.codes_each)
        else:
            below = lock_border_of(distribution.pk)
        settled, short = _take(distribution, waiting, requests, below=below, for_sure=for_sure)
        if short and for_sure:
            _hold_for_want_of_codes(distribution, campaign)
        return _Batch(len(left_out) + settled, short)


def _lock(distribution_id: int) -> Distribution | None:
    at_work = Distribution.objects.at_work().filter(pk=distribution_id)
    return at_work.select_related("campaign", "segment").select_for_update(no_key=True, of=("self",)).first()


def _room(distribution: Distribution) -> int:
    """How many more may have a code before those who have one were sent it."""
    if distribution.message == Distribution.Message.NONE:
        return AHEAD
    most = min(AHEAD, ProjectSettings.current().emails_per_minute or AHEAD)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FILTER (WHERE next_attempt_at IS NULL OR next_attempt_at <= now()), count(*)
                 FROM (SELECT next_attempt_at FROM distributions_delivery
                        WHERE distribution_id = %s AND state = 'published' LIMIT %s) AS outstanding""",
            [distribution.pk, MOST_OUTSTANDING],
        )
        due, outstanding = cursor.fetchone()
    # Half a batch at least, so that not each message that was sent makes a batch of one.
    return most - due if due <= most // 2 and outstanding < MOST_OUTSTANDING else 0


def _pending(distribution_id: int, count: int) -> list[tuple[int, int]]:
    """(delivery, customer), oldest first."""
    after = _done_up_to.get(distribution_id, 0)
    pending = Delivery.objects.filter(distribution=distribution_id, state=State.PENDING).order_by("pk")
    rows = list(pending.filter(pk__gt=after).values_list("pk", "customer")[:count])
    if len(rows) < count and after:
        rows = list(pending.values_list("pk", "customer")[:count])
    if rows:
        _done_up_to[distribution_id] = rows[0][0] - 1  # the last of them may have to wait for codes
    return rows


def _hold(customers: list[int]) -> None:
    """Until the commit: whoever erases one of them waits, and then clears what this batch has written, too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM customers_customer WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE", [customers])


def _leave_out(distribution: Distribution, candidates: list[tuple[int, int]]) -> set[int]:
    """Those of whom the reasons for being left out hold by now. Their customers are locked."""
    people = Customer.objects.filter(pk__in=[customer for _, customer in candidates])
    judged = people.annotate(_mail=Lower("email"), _reason=why_left_out(distribution))
    told = {customer: (mail, reason) for customer, mail, reason in judged.values_list("pk", "_mail", "_reason")}
    by_reason: dict[str, list[int]] = {}
    served: set[str] = set()  # of this batch, by address: whom earlier batches served, why_left_out knows
    for delivery, customer in candidates:
        mail, reason = told[customer]
        if not reason and mail and one_each(distribution):
            reason = DeliveryReason.SAME_EMAIL if mail in served else ""
            served.add(mail)
        if reason:
            by_reason.setdefault(reason, []).append(delivery)
    for reason, deliveries in by_reason.items():
        _skip(deliveries, reason)
    return {delivery for deliveries in by_reason.values() for delivery in deliveries}


def _skip(deliveries: list[int], reason: str) -> int:
    pending = Delivery.objects.filter(pk__in=deliveries, state=State.PENDING)
    return pending.update(state=State.SKIPPED, reason=reason, state_at=Now())


def _requests(distribution: Distribution, campaign: Campaign, customers: list[int]) -> list[PublishRequest]:
    """One for each customer, in their order."""
    automatic = distribution.kind == Distribution.Kind.AUTOMATIC
    request = PublishRequest(
        campaign=campaign.pk, customer=None, quantity=distribution.codes_each,
        channel=distribution.channel or (AUTOMATION if automatic else DASHBOARD),
        origin=Publication.Origin.AUTOMATION if automatic else Publication.Origin.DASHBOARD,
        by=Actor("run", distribution.pk, distribution.name), metadata=metadata_of(distribution),
        join_once=campaign.join_once, activity=campaign.activity_duration or None,
    )  # fmt: skip
    return [request._replace(customer=customer) for customer in customers]


def _take(
    distribution: Distribution,
    waiting: list[tuple[int, int]],
    requests: list[PublishRequest],
    *,
    below: int | None,
    for_sure: bool,
) -> tuple[int, bool]:
    """How many of the recipients (delivery, customer) were settled, and whether codes were missing for others. `below`: the
    border of its reservation, which is locked, if it has one."""
    if not waiting:
        return 0, False
    answers = give(
        requests,
        Codes.NEXT_FOR_SURE if for_sure else Codes.NEXT,
        only_active=True,
        below=below,
    )
    served, refused, full = [], [], []
    for (delivery, _), answer in zip(waiting, answers, strict=True):
        if isinstance(answer, Given):
            served.append((delivery, answer.publication))
        elif answer is Declined.REPEAT:
            refused.append(delivery)
        elif answer is Declined.CUSTOMER_LIMIT:
            full.append(delivery)
    if distribution.status_reason == StatusReason.LIMIT_REACHED:
        _go_on(distribution)
    with connection.cursor() as cursor:
        deliveries, publications = zip(*served, strict=True) if served else ((), ())
        cursor.execute(SETTLE, {"deliveries": list(deliveries), "publications": list(publications)})
    if below is not None and served:
        note_taken(distribution.pk, len(served) * distribution.codes_each)
    # Only join once refuses: somebody published to them at this very moment. Their codes stay in the pool.
    _skip(refused, DeliveryReason.HOLDS_A_CODE)
    _skip(full, DeliveryReason.HOLDS_TOO_MANY)
    if any(answer in OF_THE_DAY for answer in answers):
        _rest_until_there_is_room(distribution)
    return len(served) + len(refused) + len(full), Declined.NO_CODES in answers


def _rest_until_there_is_room(distribution: Distribution) -> None:
    """Nobody is left out for a limit a day. It looks again in a while, and until then sends to whom it has published."""
    to_send = Delivery.objects.filter(distribution=distribution, state=State.PUBLISHED)
    resting: dict[str, Any] = {"status_reason": StatusReason.LIMIT_REACHED, "status_detail": ""}
    if distribution.message == Distribution.Message.NONE or not to_send.exists():
        resting["rests_until"] = Now() + LOOKS_AGAIN
    Distribution.objects.at_work().filter(pk=distribution.pk).update(**resting)


def _go_on(distribution: Distribution) -> None:
    """Takes back that it rests for a limit, if it does."""
    resting = Distribution.objects.filter(pk=distribution.pk, status_reason=StatusReason.LIMIT_REACHED)
    resting.update(rests_until=None, status_reason="", status_detail="")


def metadata_of(distribution: Distribution) -> dict[str, str]:
    """What a publication of the run carries, as Voucherify's do."""
    return {
        "source_type": "distribution",
        "source_id": distribution.public_id,
        "distribution_id": distribution.public_id,
    }


def _lock_runs_of(campaign: Campaign) -> None:
    Lock.RUNS.hold(campaign.pk)


def _make_sure(distribution: Distribution, campaign: Campaign, wanted: int) -> int | None:
    """Waits for whoever else looks for sure; makes the missing codes where the campaign does that. The border of its own
    reservation, if it has one."""
    lock_pool(campaign)
    below = lock_border_of(distribution.pk)
    if (
        campaign.auto_update
        and not why_campaign_is_dead(campaign)
        and (missing := wanted - left_in_pool(campaign, up_to=wanted, below=below)) > 0
    ):
        try:
            extend_pool(campaign, count=missing)
        except CodeSpaceExhausted as exhausted:
            raise NotEnoughCodes(str(exhausted)) from None
        below = lock_border_of(distribution.pk)
    return below


def _hold_for_want_of_codes(distribution: Distribution, campaign: Campaign) -> None:
    if dead := why_campaign_is_dead(campaign):
        hold(distribution, dead)
    elif left_in_pool(campaign, up_to=1, below=BEYOND_ALL):
        hold(distribution, StatusReason.CODES_RESERVED, reserved_in(campaign, but=distribution.pk).in_words())
    else:
        hold(distribution, StatusReason.POOL_EMPTY)
