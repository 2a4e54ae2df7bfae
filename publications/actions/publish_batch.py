"""Publishes up to a thousand codes to as many customers by one call, each exactly once: `publish()` in sets.

The ledger gives a campaign's codes to all who ask for one in a single statement. What it declines takes the path of a
single call, which finds a repeat, waits for codes that others hold, or tells why there is none. (ADR 0035)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from django.db import OperationalError, connection, transaction

from campaigns.codes.actions.extend_pool import CodeSpaceExhausted, extend_pool
from campaigns.codes.actions.reserve_codes import move_border
from campaigns.codes.models import Voucher
from campaigns.codes.pool import left_in_pool, lock_pool
from campaigns.codes.queries.find import CampaignNotFound, VoucherNotFound, find_campaign, find_voucher, vouchers_to_see
from campaigns.models import Campaign
from config.actor import Actor
from config.metadata import MetadataRefused
from config.postgres.deadlocks import again_after_a_deadlock
from customers.actions.upsert import CustomerNotFound, InvalidCustomer
from customers.actions.upsert_many import upsert_customers
from customers.models import Customer
from publications.actions.find_refusal import LIMITS
from publications.actions.publish import Attempt, FromPool, OfCode
from publications.actions.quarantine_guard import keep_quarantine_away
from publications.actions.record_failure import record_failure
from publications.ledger.give import give
from publications.ledger.limits import hold_first
from publications.ledger.requests import Codes, Declined, Given
from publications.models import Publication
from publications.queries.find_repeat import find_by_source_ids
from publications.refusals import PublishRefused, TooManyVouchers

MOST = 1_000
REFUSALS = (PublishRefused, CustomerNotFound, InvalidCustomer, CampaignNotFound, VoucherNotFound, MetadataRefused)

Refusal = PublishRefused | CustomerNotFound | InvalidCustomer | CampaignNotFound | VoucherNotFound | MetadataRefused


class Item(NamedTuple):
    """One publication, as it is asked for: a code by name, or the next of a campaign's pool."""

    source_id: str
    customer: Mapping[str, Any]  # as upsert_customer() takes it
    campaign: str = ""
    voucher: str = ""
    quantity: int = 1
    channel: str = ""
    metadata: dict | None = None
    join_once: bool = False


class BatchRefused(Exception):
    """Nothing was published, since some of the items could not be. `refused`: why, by their places."""

    def __init__(self, refused: Mapping[int, Exception]) -> None:
        super().__init__(f"{len(refused)} of the items cannot be published")
        self.refused = refused


def publish_batch(
    items: Sequence[Item], *, channel: str, origin: str, by: Actor, atomic: bool = False
) -> list[Publication | Refusal]:
    """For each item, in its place, the publication (as of `publish()`), or why there is none.

    Each item has a source_id: the whole call may be repeated, and is answered with what was published before. Each item
    stands by itself, and what was published stays, whatever becomes of the others. `atomic`: all, or none; then it raises
    BatchRefused. (Customers are created and updated in any case, as by a single call that is refused.)

    Must not be called inside a transaction. Raises OperationalError as `publish()` does: then repeat it.
    """
    batch = _Batch(items, channel=channel, origin=origin, by=by)
    batch.find_selectors()
    batch.find_repeats()
    if atomic:
        batch.must_be_clean()
    batch.settle_customers()
    if atomic:
        batch.must_be_clean()
        again_after_a_deadlock(batch.give_all_or_none)
    else:
        again_after_a_deadlock(batch.give_in_sets)
        batch.give_one_by_one()
    return [batch.answers[place] for place in range(len(items))]


class _Batch:
    """`answers`: what is settled, by place. `attempts`: of all whose selector is good. `open`: places still to be served."""

    def __init__(self, items: Sequence[Item], *, channel: str, origin: str, by: Actor) -> None:
        self.items, self.how = items, {"channel": channel, "origin": origin, "by": by}
        self.answers: dict[int, Publication | Refusal] = {}
        self.attempts: dict[int, Attempt] = {}
        self.limited: dict[int, PublishRefused] = {}

    @property
    def open(self) -> list[int]:
        return [place for place in self.attempts if place not in self.answers]

    def find_selectors(self) -> None:
        campaigns: dict[str, Campaign] = {}
        codes = [item.voucher for item in self.items if item.voucher]
        vouchers = {voucher.code: voucher for voucher in vouchers_to_see().filter(code__in=codes)} if codes else {}
        for place, item in enumerate(self.items):
            try:
                if item.voucher:
                    selector: Voucher | Campaign = vouchers.get(item.voucher) or find_voucher(item.voucher)
                else:
                    selector = campaigns.get(item.campaign) or find_campaign(item.campaign)
                    campaigns[item.campaign] = selector
                self.attempts[place] = self._attempt(item, selector)
            except REFUSALS as refused:
                self.answers[place] = refused

    def _attempt(self, item: Item, selector: Voucher | Campaign) -> Attempt:
        if item.quantity != 1:
            raise TooManyVouchers()
        campaign = selector if isinstance(selector, Campaign) else selector.campaign
        how: dict[str, Any] = {
            **self.how,
            **({"channel": item.channel} if item.channel else {}),
            "source_id": item.source_id,
            "metadata": item.metadata,
            "join_once": campaign is not None and (item.join_once or campaign.join_once),
        }
        attempt = FromPool(selector, **how) if isinstance(selector, Campaign) else OfCode(selector, **how)
        attempt.name_by(item.customer)
        return attempt

    def find_repeats(self) -> None:
        """Before the customers are touched, as by a single call."""
        earlier = find_by_source_ids([self.items[place].source_id for place in self.open])
        for place in self.open:
            if found := earlier.get(self.items[place].source_id):
                self._keep(place, lambda attempt, found=found: attempt.repeat_of(found))

    def settle_customers(self) -> None:
        places = self.open
        customers = upsert_customers([self.items[place].customer for place in places])
        for place, customer in zip(places, customers, strict=True):
            if isinstance(customer, Customer):
                self.attempts[place].belong_to(customer)
            else:
                self.answers[place] = customer

    def must_be_clean(self) -> None:
        refused = {place: answer for place, answer in self.answers.items() if isinstance(answer, Exception)}
        if refused:
            raise BatchRefused(dict(sorted(refused.items())))

    def give_in_sets(self) -> None:
        """Each statement commits by itself. Whoever is declined stays open."""
        for places in self._sets():
            attempt = self.attempts[places[0]]
            with transaction.atomic():
                self._wait_for_joining(places)
                short = self._give(places, Codes.NAMED if isinstance(attempt, OfCode) else Codes.NEXT)
            if isinstance(attempt, FromPool) and short:
                with transaction.atomic():
                    hold_first([self.attempts[place].request for place in short])
                    self._give_for_sure(attempt.campaign, short)

    def give_one_by_one(self) -> None:
        for place in self.open:
            self._keep(place, lambda attempt: attempt.earlier_by_source_id() or attempt.publish_to(attempt.customer))

    def give_all_or_none(self) -> None:
        """In one transaction. Raises BatchRefused after it was rolled back, and keeps what was tried in the history."""
        settled, self.limited = dict(self.answers), {}
        refused: dict[int, Refusal] = {}
        try:
            with transaction.atomic():
                keep_quarantine_away()
                self._wait_for_joining(self.open)
                # Of all campaigns at once: two batches with the same key would wait for each other in a circle.
                asked = [self.attempts[place].request for place in self.open]
                hold_first(asked)
                for places in self._sets():
                    attempt = self.attempts[places[0]]
                    short = self._give(places, Codes.NAMED if isinstance(attempt, OfCode) else Codes.NEXT)
                    if isinstance(attempt, FromPool) and short:
                        self._give_for_sure(attempt.campaign, short)
                for place in self.open:
                    self._keep(place, partial(self._earlier_or_refused, limit=self.limited.get(place)))
                refused = {place: answer for place, answer in self.answers.items() if isinstance(answer, REFUSALS)}
                transaction.set_rollback(bool(refused))
        except OperationalError:
            self.answers = settled
            raise
        if refused:
            for place, problem in refused.items():
                attempt = self.attempts[place]
                if isinstance(problem, PublishRefused) and problem.is_attempt:
                    record_failure(attempt.request, problem, attempt.voucher)
            raise BatchRefused(dict(sorted(refused.items())))

    @staticmethod
    def _earlier_or_refused(attempt: Attempt, *, limit: PublishRefused | None) -> Publication:
        if earlier := attempt.earlier():
            return earlier
        if not Customer.objects.live().filter(pk=attempt.customer.pk).exists():
            raise CustomerNotFound(attempt.customer.public_id)
        raise limit or attempt.why_not()

    def _sets(self) -> list[list[int]]:
        """Places that one statement can serve: of a campaign's pool, or of codes by name, each named once."""
        sets: dict[int, list[int]] = {}
        named: dict[int, int] = {}
        seen: set[str] = set()
        for place in self.open:
            attempt, source_id = self.attempts[place], self.items[place].source_id
            if source_id in seen:  # the same order twice: the second is a repeat of the first, and looked at after it
                continue
            seen.add(source_id)
            if isinstance(attempt, OfCode):
                named.setdefault(attempt.voucher.pk, place)
            elif attempt.campaign:
                sets.setdefault(attempt.campaign.pk, []).append(place)
        return [sets[key] for key in sorted(sets)] + ([sorted(named.values())] if named else [])

    def _wait_for_joining(self, places: Sequence[int]) -> None:
        """Two batches for the same customers of a join-once campaign would wait for each other in a circle."""
        joining = [self.attempts[place].customer.pk for place in places if self.attempts[place].request.join_once]
        if joining:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT FROM customers_customer WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [joining]
                )

    def _give(self, places: Sequence[int], codes: Codes) -> list[int]:
        """Those for whom there was no code."""
        attempts = [self.attempts[place] for place in places]
        asked = [
            attempt.request._replace(vouchers=(attempt.voucher.pk,)) if attempt.voucher else attempt.request
            for attempt in attempts
        ]
        short = []
        for place, attempt, answer in zip(places, attempts, give(asked, codes, vouchers=True), strict=True):
            if isinstance(answer, Given):
                self.answers[place] = attempt.publication(answer)
            elif answer in LIMITS:
                self.limited[place] = LIMITS[answer]()
            elif answer is Declined.NO_CODES:
                short.append(place)
        return short

    def _give_for_sure(self, campaign: Campaign, places: Sequence[int]) -> None:
        """The second look (publish.py), for all of them; an AUTO_UPDATE campaign makes what is missing."""
        lock_pool(campaign)
        if campaign.auto_update:
            missing = len(places) - left_in_pool(campaign, up_to=len(places))
            try:
                with transaction.atomic():
                    if missing > 0:
                        extend_pool(campaign, count=missing)
            except CodeSpaceExhausted:
                pass  # there may be some left; who gets none is told
        if campaign.reserved_from is not None:
            move_border(campaign.pk)
        self._give(places, Codes.NEXT_FOR_SURE)

    def _keep(self, place: int, work: Any) -> None:
        try:
            self.answers[place] = work(self.attempts[place])
        except REFUSALS as refused:
            self.answers[place] = refused
