"""Publishes a run's codes: up to a thousand recipients in one statement, each with a publication of their own.

    delivery: pending -> published     codes taken, publication, ledger, flags and the event: one transaction
              pending -> skipped       what the review would have said of them by now (a code from elsewhere, erased, ...)

Before the transaction nobody of the batch has anything, after it everybody has it all; killed in between, it has not
happened. One at a time for a run (the lock on its row), and for a campaign (an advisory lock), so that of two runs of
one campaign the second sees whom the first has served. Codes are taken as for every publication (take_codes.py).
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection, transaction
from django.db.models.functions import Now
from psycopg.types.json import Jsonb

from campaigns.extend_pool import CodeSpaceExhausted, extend_pool
from campaigns.models import Campaign
from config.actor import SYSTEM
from config.advisory_locks import Lock
from config.models import ProjectSettings
from customers.models import Customer
from publications.distributions.audience import HOLDS_A_CODE, why_left_out
from publications.distributions.change_run import record_of
from publications.distributions.models import Delivery, Distribution
from publications.hand_out import why_over
from publications.take_codes import EXPIRATION_BEFORE, NEXT, left_in_pool, lock_pool
from publications.webhooks.models import PUBLICATION_SUCCEEDED
from publications.webhooks.note_events import noting

AHEAD = 1_000  # recipients who have a code and whose message is due: so many codes may be taken before it is their turn
MOST_OUTSTANDING = 10_000  # with those whose mail server said "later"

# Where to look next, so that a long run does not scan what it has done: the last delivery, and the last code of a
# campaign, that this process has taken. Hints, as in take_codes.py: too high, and the next look starts at 0.
_done_up_to: dict[int, int] = {}
_taken_up_to: dict[int, int] = {}


class NotEnoughCodes(Exception):
    """Only for the roll-back of an extension that failed; the run is paused with this message."""


class _Batch(NamedTuple):
    settled: int  # recipients who are not pending any more
    short: bool  # there were too few codes, as far as could be seen past the locks of others


NOTHING = _Batch(0, False)

# %(each)s codes a recipient, who are numbered by customer; with too few codes the last recipients get none. The BETWEEN
# says nothing new, but keeps the planner from merging with the primary key from its very beginning.
PUBLISH = f"""
WITH batch AS MATERIALIZED (
    SELECT d.id, d.customer_id, row_number() OVER (ORDER BY d.customer_id, d.id) AS n
      FROM publications_delivery d WHERE d.id = ANY(%(deliveries)s) AND d.state = 'pending'
), taken AS MATERIALIZED (
    {NEXT} {{skip}}
), numbered AS MATERIALIZED (
    SELECT id, expiration_date, (row_number() OVER (ORDER BY id) - 1) / %(each)s + 1 AS n FROM taken
), drawn AS MATERIALIZED (
    SELECT b.id, b.customer_id, b.n, nextval('publications_publication_id_seq') AS publication_id
      FROM batch b WHERE b.n <= (SELECT count(*) FROM numbered) / %(each)s
), pub AS (
    INSERT INTO publications_publication (id, campaign_id, customer_id, voucher_count, channel, origin, metadata,
                                          join_once, actor_kind, actor_id, actor_label)
    SELECT publication_id, %(campaign)s::bigint, customer_id, %(each)s, %(channel)s::text, %(origin)s::text,
           %(metadata)s::jsonb, %(join_once)s::boolean, 'run', %(run)s::bigint, %(run_name)s::text
      FROM drawn ORDER BY customer_id
    ON CONFLICT DO NOTHING
    RETURNING id
), given AS (
    INSERT INTO publications_publishedvoucher (publication_id, voucher_id, expiration_given, expiration_before)
    SELECT pub.id, numbered.id, now() + %(activity)s::interval, {EXPIRATION_BEFORE}
      FROM pub JOIN drawn ON drawn.publication_id = pub.id JOIN numbered USING (n)
     ORDER BY numbered.id
    RETURNING voucher_id, expiration_given
), noted AS (
    {noting(PUBLICATION_SUCCEEDED, of="pub")}
), marked AS (
    UPDATE campaigns_voucher v
       SET published_at = now(), expiration_date = coalesce(given.expiration_given, v.expiration_date)
      FROM given
     WHERE v.id = given.voucher_id
       AND v.id BETWEEN (SELECT min(id) FROM taken) AND (SELECT max(id) FROM taken)
), done AS (
    UPDATE publications_delivery d SET state = 'published', publication_id = pub.id, state_at = now()
      FROM drawn JOIN pub ON pub.id = drawn.publication_id
     WHERE d.id = drawn.id
    RETURNING d.id
)
SELECT (SELECT count(*) FROM done), (SELECT count(*) FROM taken), (SELECT max(id) FROM taken),
       ARRAY(SELECT id FROM drawn WHERE id NOT IN (SELECT id FROM done))
"""  # noqa: S608 - our own constants


def publish_batch(distribution_id: int) -> int:
    """Publishes to as many recipients as may be ahead of the sending; how many were settled (published or left out).

    0: there is nobody, or it is not their turn yet, or the run was paused since the pool is empty. Nobody is failed
    for that.
    """
    batch = _publish(distribution_id)
    if not batch.short:
        return batch.settled
    # Past the locks of others it looks empty, or the hint was too high. Only a look at all of it, in its turn, is sure.
    _taken_up_to.clear()
    try:
        return batch.settled + _publish(distribution_id, for_sure=True).settled
    except NotEnoughCodes as problem:
        with transaction.atomic():
            if distribution := _lock(distribution_id):
                _pause(distribution, str(problem))
        return batch.settled


def _publish(distribution_id: int, *, for_sure: bool = False) -> _Batch:
    with transaction.atomic():
        distribution = _lock(distribution_id)
        count = _room(distribution) if distribution else 0
        if not distribution or not count:
            return NOTHING
        campaign = distribution.campaign
        if campaign:
            _lock_runs_of(campaign)
        candidates = _pending(distribution_id, count)
        if not candidates:
            return NOTHING
        customers = [customer for _, customer in candidates]
        _hold(customers)
        left_out = _leave_out(distribution, candidates)
        deliveries = [delivery for delivery, _ in candidates if delivery not in left_out]
        if not campaign:
            Delivery.objects.filter(pk__in=deliveries, state=Delivery.State.PENDING).update(
                state=Delivery.State.PUBLISHED, state_at=Now()
            )
            return _Batch(len(candidates), False)
        if for_sure:
            _make_sure(campaign, len(deliveries) * distribution.codes_each)
        published, short = _take(distribution, campaign, deliveries, for_sure=for_sure)
        if short and for_sure:
            waiting = Delivery.objects.filter(distribution=distribution, state=Delivery.State.PENDING).count()
            _pause(distribution, _why_short(campaign, waiting))
        return _Batch(len(left_out) + published, short)


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
                 FROM (SELECT next_attempt_at FROM publications_delivery
                        WHERE distribution_id = %s AND state = 'published' LIMIT %s) AS outstanding""",
            [distribution.pk, MOST_OUTSTANDING],
        )
        due, outstanding = cursor.fetchone()
    # Half a batch at least, so that not each message that was sent makes a batch of one.
    return most - due if due <= most // 2 and outstanding < MOST_OUTSTANDING else 0


def _pending(distribution_id: int, count: int) -> list[tuple[int, int]]:
    """(delivery, customer), oldest first."""
    after = _done_up_to.get(distribution_id, 0)
    pending = Delivery.objects.filter(distribution=distribution_id, state=Delivery.State.PENDING).order_by("pk")
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
    reasons = dict(people.annotate(_reason=why_left_out(distribution)).exclude(_reason="").values_list("pk", "_reason"))
    by_reason: dict[str, list[int]] = {}
    for delivery, customer in candidates:
        if customer in reasons:
            by_reason.setdefault(reasons[customer], []).append(delivery)
    for reason, deliveries in by_reason.items():
        _skip(deliveries, reason)
    return {delivery for deliveries in by_reason.values() for delivery in deliveries}


def _skip(deliveries: list[int], reason: str) -> int:
    pending = Delivery.objects.filter(pk__in=deliveries, state=Delivery.State.PENDING)
    return pending.update(state=Delivery.State.SKIPPED, reason=reason, state_at=Now())


def _take(distribution: Distribution, campaign: Campaign, deliveries: list[int], *, for_sure: bool) -> tuple[int, bool]:
    """How many recipients were settled, and whether codes were missing for others."""
    if not deliveries:
        return 0, False
    automatic = distribution.kind == Distribution.Kind.AUTOMATIC
    wanted = len(deliveries) * distribution.codes_each
    with connection.cursor() as cursor:
        cursor.execute(
            PUBLISH.format(skip="" if for_sure else "SKIP LOCKED"),
            {
                "deliveries": deliveries,
                "campaign": campaign.pk,
                "after": 0 if for_sure else _taken_up_to.get(campaign.pk, 0),
                "count": wanted,
                "each": distribution.codes_each,
                "channel": "Automation" if automatic else "Dashboard",
                "origin": "automation" if automatic else "dashboard",
                "metadata": Jsonb(metadata_of(distribution)),
                "join_once": campaign.join_once,
                "run": distribution.pk,
                "run_name": distribution.name,
                "activity": campaign.activity_duration or None,
            },
        )
        published, taken, last, refused = cursor.fetchone()
    if last:
        _taken_up_to[campaign.pk] = last
    # Only join once refuses: somebody published to them at this very moment.
    refused_count = _skip(refused, HOLDS_A_CODE) if refused else 0
    return published + refused_count, taken < wanted


def metadata_of(distribution: Distribution) -> dict[str, str]:
    """What a publication of the run carries, as Voucherify's do."""
    return {
        "source_type": "distribution",
        "source_id": distribution.public_id,
        "distribution_id": distribution.public_id,
    }


def _lock_runs_of(campaign: Campaign) -> None:
    Lock.RUNS.hold(campaign.pk)


def _make_sure(campaign: Campaign, wanted: int) -> None:
    """Waits for whoever else looks for sure; makes the missing codes where the campaign does that."""
    lock_pool(campaign)
    if (
        campaign.auto_update
        and not why_over(campaign)
        and (missing := wanted - left_in_pool(campaign, up_to=wanted)) > 0
    ):
        try:
            extend_pool(campaign, count=missing)
        except CodeSpaceExhausted as exhausted:
            raise NotEnoughCodes(f"No more codes can be made: {exhausted}") from None


def _why_short(campaign: Campaign, waiting: int) -> str:
    wait = f"{waiting:,} recipients wait" if waiting != 1 else "1 recipient waits"
    if over := why_over(campaign):
        return f"{over.split('.')[0]}: {wait}. Stop the run, or move the date and resume it."
    return f"The pool is empty: {wait}. Add codes, then resume."


def _pause(distribution: Distribution, reason: str) -> None:
    changed = Distribution.objects.at_work().filter(pk=distribution.pk)
    if changed.update(status=Distribution.Status.PAUSED, status_reason=reason, updated_at=Now()):
        record_of(distribution, "paused", by=SYSTEM, reason=reason)
