"""Hands codes to a customer, exactly once: the one verb behind the API, the dashboard, the admin and the worker.

What must hold is decided by the database inside the one statement of `ledger/`; everything here is what follows from
its answer. The rules are docs/api.md's "Publish" and docs/design.md's "Taking codes from the pool".
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from django.db import transaction

from campaigns.codes.actions.extend_pool import CodeSpaceExhausted, extend_pool, make_code_to_take
from campaigns.codes.actions.reserve_codes import frees_more
from campaigns.codes.models import Voucher
from campaigns.codes.pool import left_in_pool, lock_pool
from campaigns.models import Campaign
from config.actor import Actor
from config.metadata import check_metadata
from customers.actions.upsert import CustomerNotFound, upsert_customer
from customers.models import Customer
from publications.actions.find_refusal import LIMITS, CampaignState, must_give, refusal_of_code, refusal_of_pool
from publications.actions.quarantine_guard import refuse_if_quarantined
from publications.actions.record_failure import record_failure
from publications.channels import API
from publications.ledger.give import give, give_one
from publications.ledger.limits import expects_limits, hold_first
from publications.ledger.requests import Codes, Given, LimitReached, PublishRequest
from publications.models import Publication
from publications.queries.find_repeat import find_by_join_once, find_by_source_id
from publications.refusals import (
    AlreadyJoined,
    CodesExhausted,
    DuplicateSourceId,
    NoVoucherSuitable,
    PublishRefused,
    TooManyVouchers,
)

# Another campaign of the same code space may lose codes, which tells this one's version nothing.
SECONDS_EXHAUSTED = 60


class Shortage(NamedTuple):
    """Under this version of the pool fewer than `wanted` codes were to be had, those that could be made included."""

    pool_version: int
    wanted: int
    until: float  # by time.monotonic()


# By the campaign's key, as a sure look found it. A hint of this process: it saves the costly second look, and any verb
# that adds codes raises the version and so ends it.
_known_short: dict[int, Shortage] = {}

# Of AUTO_UPDATE campaigns: the version of the pool that a sure look found empty. The next call makes its own code.
_known_empty: dict[int, int] = {}


def publish(
    campaign: Campaign,
    customer: Customer | Mapping[str, Any],
    *,
    count: int = 1,
    channel: str = API,
    origin: str,
    by: Actor,
    source_id: str | None = None,
    metadata: dict | None = None,
    join_once: bool = False,
    known: Customer | None = None,
) -> Publication:
    """Publishes `count` codes of the campaign's pool to the customer, or none.

    `customer` is a Customer, or the fields as sent, which are upserted once the call is known not to be a repeat; `known`
    is then who has their source_id, where the caller has just looked.
    The returned publication has `.vouchers` (ordered by id, `campaign` set) and `.repeated`: True where an earlier
    publication answers this call (same `source_id` and request; or join once and the customer holds a code).

    Raises PublishRefused (see refusals.py), CustomerNotFound (also for a customer erased meanwhile) and, for fields
    as sent, InvalidCustomer.
    A refusal that counts as an attempt is kept as a failed publication, in a transaction of its own: so this
    must not be called inside another one.
    """
    join_once = join_once or campaign.join_once
    # One code with a source_id is the API's rule (docs/api.md); the dashboard's form marks several with one, so that
    # pressing its button twice publishes them once.
    if count > 1 and (join_once or (source_id and origin == Publication.Origin.API)):
        raise TooManyVouchers()
    attempt = FromPool(
        campaign, quantity=count, channel=channel, origin=origin, by=by, source_id=source_id, metadata=metadata,
        join_once=join_once,
    )  # fmt: skip
    return attempt.carry_out(customer, known=known)


def publish_code(
    voucher: Voucher,
    customer: Customer | Mapping[str, Any],
    *,
    channel: str = API,
    origin: str,
    by: Actor,
    source_id: str | None = None,
    metadata: dict | None = None,
    join_once: bool = False,
) -> Publication:
    """Publishes this code to the customer. Arguments, result and errors as of `publish`.

    Without `source_id` or join once a repeat is refused, also for the same customer (docs/api.md, "Exactly once").
    """
    campaign = voucher.campaign
    attempt = OfCode(
        voucher, channel=channel, origin=origin, by=by, source_id=source_id, metadata=metadata,
        join_once=campaign is not None and (join_once or campaign.join_once),
    )  # fmt: skip
    return attempt.carry_out(customer)


class Attempt:
    """One call on its way: what was asked, and the steps that answer it, for a pool and for a named code alike."""

    voucher: Voucher | None = None  # the one that was asked for by name
    customer: Customer

    def __init__(self, campaign: Campaign | None, *, metadata: dict | None, **how: Any) -> None:
        self.campaign = campaign
        self.request = PublishRequest(
            campaign=campaign.pk if campaign else None,
            customer=None,
            metadata=check_metadata(metadata) or None,
            activity=(campaign.activity_duration or None) if campaign else None,
            **how,
        )

    def selector(self) -> Campaign | Voucher:
        raise NotImplementedError

    def take(self) -> Publication:
        """Publishes, or raises PublishRefused."""
        raise NotImplementedError

    def why_not(self) -> PublishRefused:
        """Why nothing was given. Raises PublishRefused where the campaign gives nothing at all."""
        raise NotImplementedError

    def carry_out(self, customer: Customer | Mapping[str, Any], *, known: Customer | None = None) -> Publication:
        # Before the customer is touched: a repeat must not update the profile, a misuse must not create one.
        if self.name_by(customer) and (earlier := self.earlier_by_source_id()):
            return earlier
        return self.publish_to(customer if isinstance(customer, Customer) else upsert_customer(customer, known=known))

    def name_by(self, customer: Customer | Mapping[str, Any]) -> bool:
        """Whether the call has a source_id; then its hash says from now on what it asked for."""
        if self.request.source_id is None:
            return False
        self.request = self.request._replace(request_hash=_hash(self.selector(), customer))
        return True

    def belong_to(self, customer: Customer) -> None:
        self.customer = customer
        self.request = self.request._replace(customer=customer.pk)

    def publish_to(self, customer: Customer) -> Publication:
        """A refusal that counts as an attempt is kept. Raises CustomerNotFound for one who was erased meanwhile."""
        self.belong_to(customer)
        try:
            return self.earlier_by_join_once() or self._take_within_limits()
        except PublishRefused as refused:
            lives = Customer.objects.live().filter(pk=self.customer.pk).exists
            if not (record_failure(self.request, refused, self.voucher) if refused.is_attempt else lives()):
                raise CustomerNotFound(self.customer.public_id) from None
            raise

    def _take_within_limits(self) -> Publication:
        try:
            return self.take()
        except LimitReached as reached:
            if earlier := self.earlier():  # the same call, sent twice, was faster
                return earlier
            raise LIMITS[reached.limit]() from None

    def give_named(self, voucher: int, codes: Codes = Codes.NAMED) -> Given | None:
        """This code, if it may be published; waits for whoever is taking it."""
        return give_one(self.request._replace(vouchers=(voucher,)), codes)

    def earlier(self) -> Publication | None:
        """The publication that answers this call already, if there is one. Raises DuplicateSourceId, AlreadyJoined."""
        return self.earlier_by_source_id() or self.earlier_by_join_once()

    def earlier_by_source_id(self) -> Publication | None:
        source_id = self.request.source_id
        earlier = find_by_source_id(source_id) if source_id is not None else None
        return self.repeat_of(earlier) if earlier else None

    def repeat_of(self, earlier: Publication) -> Publication:
        """One of the same source_id, if it was the same request. Raises DuplicateSourceId."""
        if earlier.voided_at or bytes(earlier.request_hash or b"") != self.request.request_hash:
            raise DuplicateSourceId(earlier.source_id or "", released=bool(earlier.voided_at))
        return self.as_repeat(earlier)

    def earlier_by_join_once(self) -> Publication | None:
        if not self.request.join_once or self.campaign is None:
            return None
        earlier = find_by_join_once(self.campaign, self.customer)
        if not earlier:
            return None
        repeat = self.as_repeat(earlier)
        if self.voucher and self.voucher.pk not in {voucher.pk for voucher in repeat.vouchers}:
            raise AlreadyJoined()
        return repeat

    def as_repeat(self, earlier: Publication) -> Publication:
        earlier.repeated = True
        if self.campaign and earlier.campaign_id == self.campaign.pk:
            earlier.campaign = self.campaign
            for voucher in earlier.vouchers:
                voucher.campaign = self.campaign
        return earlier

    def publication(self, given: Given) -> Publication:
        """The stored row as an object, made from what the statement returned instead of read again."""
        asked, by = self.request, self.request.by
        publication = Publication(
            id=given.publication, created_at=given.created_at, result="SUCCESS", campaign=self.campaign,
            customer=self.customer, voucher_count=given.quantity, channel=asked.channel, origin=asked.origin,
            source_id=asked.source_id, request_hash=asked.request_hash, metadata=asked.metadata,
            join_once=asked.join_once, actor_kind=by.kind, actor_id=by.id, actor_label=by.label,
        )  # fmt: skip
        publication._state.adding, publication._state.db = False, "default"
        publication.vouchers = given.vouchers
        for voucher in publication.vouchers:
            voucher.campaign = self.campaign
        publication.repeated = False
        return publication


class FromPool(Attempt):
    """Some codes of the campaign's pool, no matter which."""

    campaign: Campaign

    def selector(self) -> Campaign:
        return self.campaign

    def take(self) -> Publication:
        if given := self._take_at_once():
            return self.publication(given)
        if earlier := self.earlier():
            return earlier
        try:
            return self._take_for_sure()
        except NoVoucherSuitable:
            if earlier := self.earlier():  # the same call, sent twice, was faster
                return earlier
            raise

    def _take_at_once(self) -> Given | None:
        """Without waiting for anybody; None where that cannot be."""
        if self._is_known_short(self.campaign.pool_version):
            return None
        if self.request.quantity == 1 and self._is_known_empty():
            return self._make_and_take()
        return self._give_next(Codes.NEXT)

    def looks_served(self) -> bool:
        """Whether the pool holds codes and no limit is to be looked at, as far as this process knows."""
        short = self._is_known_short(self.campaign.pool_version) or self._is_known_empty()
        return not short and not expects_limits([self.request])

    def _give_next(self, codes: Codes) -> Given | None:
        if self.request.quantity == 1:
            return give_one(self.request, codes)
        (answer,) = give([self.request], codes, vouchers=True)
        if isinstance(answer, Given):
            return answer
        if answer in LIMITS:
            raise LimitReached(answer)
        return None

    def _make_and_take(self) -> Given | None:
        """AUTO_UPDATE with an empty pool: a code of one's own, which is not left behind where it may not be taken."""
        with suppress(CodeSpaceExhausted), transaction.atomic():
            given = self.give_named(make_code_to_take(self.campaign), Codes.MADE)
            if not given:
                transaction.set_rollback(True)
            return given
        return None

    def _take_for_sure(self) -> Publication:
        """The second look. A shortage seen through SKIP LOCKED can be false: the others may yet roll back. Nor may all be
        reserved any more that was when that was last worked out: then a third look is worth its while."""
        state = must_give(self.campaign)
        if self._is_known_short(state.pool_version):
            raise refusal_of_pool(self.campaign, state)
        given = self._look_for_sure(state)
        if not given and frees_more(self.campaign.pk, than=state.reserved_from):
            given = self._look_for_sure(must_give(self.campaign))
        if given:
            return self.publication(given)
        refuse_if_quarantined()
        raise refusal_of_pool(self.campaign, state)

    def _look_for_sure(self, state: CampaignState) -> Given | None:
        """One caller at a time for each campaign, waiting for every lock in the pool's way. Only what this look finds empty
        is empty."""
        campaign = self.campaign
        with transaction.atomic():
            hold_first([self.request])
            lock_pool(campaign)
            given = self._give_next(Codes.NEXT_FOR_SURE)
            if not given and state.auto_update:
                try:
                    given = self._extend_and_take(state)
                except CodeSpaceExhausted:
                    until = time.monotonic() + SECONDS_EXHAUSTED
                    _known_short[campaign.pk] = Shortage(state.pool_version, self.request.quantity, until)
                    raise CodesExhausted() from None
            if not given:
                # Nothing was taken, but for want of codes? A customer who was erased meanwhile is given none either.
                left = left_in_pool(campaign, up_to=self.request.quantity)
                if left < self.request.quantity and not state.auto_update:
                    _known_short[campaign.pk] = Shortage(state.pool_version, left + 1, math.inf)
                transaction.set_rollback(True)  # codes that were made for it are not left behind
            return given

    def why_not(self) -> PublishRefused:
        return refusal_of_pool(self.campaign, must_give(self.campaign))

    def _is_known_empty(self) -> bool:
        campaign = self.campaign
        return campaign.auto_update and _known_empty.get(campaign.pk) == campaign.pool_version

    def _is_known_short(self, pool_version: int) -> bool:
        known = _known_short.get(self.campaign.pk)
        return (
            known is not None
            and known.pool_version == pool_version
            and known.wanted <= self.request.quantity
            and time.monotonic() < known.until
        )

    def _extend_and_take(self, state: CampaignState) -> Given | None:
        """AUTO_UPDATE: makes what is missing, in the same transaction. Others may take of the rest meanwhile."""
        for _ in range(20):
            missing = self.request.quantity - left_in_pool(self.campaign, up_to=self.request.quantity)
            if missing == 1 == self.request.quantity:
                _known_empty[self.campaign.pk] = state.pool_version
                return self.give_named(make_code_to_take(self.campaign), Codes.MADE)
            if missing > 0:
                extend_pool(self.campaign, count=missing)
            if given := self._give_next(Codes.NEXT_FOR_SURE):
                return given
        return None


class OfCode(Attempt):
    """One code, by name."""

    voucher: Voucher

    def __init__(self, voucher: Voucher, **how: Any) -> None:
        super().__init__(voucher.campaign, **how)
        self.voucher = voucher

    def selector(self) -> Voucher:
        return self.voucher

    def take(self) -> Publication:
        if given := self.give_named(self.voucher.pk):
            return self.publication(given)
        if earlier := self.earlier():
            return earlier
        raise self.why_not()

    def why_not(self) -> PublishRefused:
        return refusal_of_code(self.voucher)


def _hash(selector: Campaign | Voucher, customer: Customer | Mapping[str, Any]) -> bytes:
    """What makes two requests with one source_id the same: voucher or campaign, and the customer as sent."""
    if isinstance(customer, Customer):
        identity: Any = customer.public_id
    else:
        identity = {
            key: customer[key] for key in ("id", "source_id", "email", "name", "phone") if customer.get(key) is not None
        }
    return hashlib.sha256(json.dumps([selector.public_id, identity], sort_keys=True).encode()).digest()
