"""Hands the events of the outbox to the rules that wait for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Now

from config.events.event import Event
from config.events.kinds import (
    CUSTOMER_CREATED,
    PUBLICATION_FAILED,
    PUBLICATION_SUCCEEDED,
    REDEMPTION_FAILED,
    REFERRAL_CONVERTED,
    ROLLBACK_SUCCEEDED,
    VOUCHER_EXPIRED,
    VOUCHER_REDEEMED,
    VOUCHER_RELEASED,
)
from customers.actions.track_event import EVENT_TRACKED
from customers.models import Event as CustomerEvent
from customers.segments.actions.watch_segments import ENTERED, LEFT
from customers.segments.models import SegmentChange
from customers.segments.segment_filter import read_event_filter
from publications.automation.actions.fire import Candidate, fire, lock_rule
from publications.automation.models import Rule
from publications.distributions.audience import UNUSED_ROWS
from publications.models import Publication, PublishedVoucher
from publications.queries.holder import of_holder
from publications.redemptions.models import Redemption, Referral

T = Rule.Trigger
# What each trigger waits for in the outbox. A schedule waits for the clock, and so do codes that expire soon (walk_segments.py).
KINDS = {
    T.CUSTOMER_CREATED: CUSTOMER_CREATED,
    T.SEGMENT_ENTERED: ENTERED,
    T.SEGMENT_LEFT: LEFT,
    T.CODE_PUBLISHED: PUBLICATION_SUCCEEDED,
    T.CODE_REDEEMED: VOUCHER_REDEEMED,
    T.CODE_EXPIRED: VOUCHER_EXPIRED,
    T.CODE_RELEASED: VOUCHER_RELEASED,
    T.REDEMPTION_FAILED: REDEMPTION_FAILED,
    T.ROLLED_BACK: ROLLBACK_SUCCEEDED,
    T.PUBLICATION_FAILED: PUBLICATION_FAILED,
    T.EVENT: EVENT_TRACKED,
    T.REFERRER: REFERRAL_CONVERTED,
    T.REFEREE: REFERRAL_CONVERTED,
}


def fire_rules(events: Sequence[Event]) -> int:
    """For how many customers a rule fired. In the caller's transaction, which takes the events off the outbox."""
    kinds = {event.kind for event in events}
    waiting = [trigger for trigger, kind in KINDS.items() if kind in kinds]
    keys = Rule.objects.listening().filter(trigger__in=waiting).order_by("pk").values_list("pk", flat=True)
    fired = 0
    # In the order of their keys, as whoever else locks several.
    for key in list(keys) if waiting else []:
        if rule := lock_rule(key):
            since = rule.activated_at
            assert since is not None  # it listens
            # An event that is older than the rule is noted only because somebody else listened.
            of_rule = [e for e in events if e.kind == KINDS[T(rule.trigger)] and e.created_at > since]
            if of_rule:
                candidates = sorted(_candidates(rule, of_rule), key=lambda found: int(found.key.split()[1]))
                fired += fire(rule, candidates)
    _forget_changes(events)
    return fired


def _candidates(rule: Rule, events: Sequence[Event]) -> Iterator[Candidate]:
    """One for each event that the rule is about."""
    customers = dict(WHO[T(rule.trigger)](rule, [event.object_key for event in events]))
    for event in events:
        if event.object_key in customers:
            yield Candidate(f"event {event.key}", customers[event.object_key])


Found = Iterable[tuple[int, int | None]]  # (object key, customer's key)


def _customers(rule: Rule, keys: list[int]) -> Found:
    return [(key, key) for key in keys]


def _changes(rule: Rule, keys: list[int]) -> Found:
    return SegmentChange.objects.filter(pk__in=keys, segment=rule.segment).values_list("pk", "customer")


def _publications(rule: Rule, keys: list[int]) -> Found:
    """A file of codes is for nobody."""
    found = Publication.objects.filter(pk__in=keys, customer__isnull=False)
    return (found.filter(campaign=rule.campaign_id) if rule.campaign_id else found).values_list("pk", "customer")


def _redemptions(rule: Rule, keys: list[int]) -> Found:
    return _of_campaign(rule, Redemption.objects.filter(pk__in=keys))


def _failed_redemptions(rule: Rule, keys: list[int]) -> Found:
    """Who guesses names nobody, and would fill the log."""
    return _of_campaign(rule, Redemption.objects.filter(pk__in=keys, customer__isnull=False))


def _of_campaign(rule: Rule, found: QuerySet) -> Found:
    return (found.filter(campaign=rule.campaign_id) if rule.campaign_id else found).values_list("pk", "customer")


def _released(rule: Rule, keys: list[int]) -> Found:
    """Rows of the ledger; who had the code. Of a file that was not settled that is nobody."""
    return _held(rule, PublishedVoucher.objects.filter(pk__in=keys), "pk")


def _expired(rule: Rule, keys: list[int]) -> Found:
    """Codes, for whoever holds them now and can still not use them: of one that was extended, or used, meanwhile nobody."""
    live = PublishedVoucher.objects.filter(voucher__in=keys, released_at=None, **UNUSED_ROWS)
    last = Coalesce("voucher__expiration_date", "voucher__campaign__expiration_date")
    return _held(rule, live.alias(_last=last).filter(_last__lte=Now()), "voucher")


def _held(rule: Rule, rows: QuerySet[PublishedVoucher], key: str) -> Found:
    of_rule = rows.filter(voucher__campaign=rule.campaign_id) if rule.campaign_id else rows
    return of_rule.filter(Q(settled_to__isnull=False) | Q(publication__customer__isnull=False)).values_list(
        key, of_holder()
    )


def _events(rule: Rule, keys: list[int]) -> Found:
    found = CustomerEvent.objects.filter(pk__in=keys, name=rule.event_name)
    return found.filter(read_event_filter(rule.event_filter or {})).values_list("pk", "customer")


def _referrers(rule: Rule, keys: list[int]) -> Found:
    found = Referral.objects.filter(pk__in=keys, campaign=rule.campaign_id)
    return [(key, who) for key, who, number in found.values_list("pk", "referrer", "number") if not number % rule.every]


def _referees(rule: Rule, keys: list[int]) -> Found:
    return Referral.objects.filter(pk__in=keys, campaign=rule.campaign_id).values_list("pk", "referee")


WHO: dict[Rule.Trigger, Callable[[Rule, list[int]], Found]] = {
    T.CUSTOMER_CREATED: _customers,
    T.SEGMENT_ENTERED: _changes,
    T.SEGMENT_LEFT: _changes,
    T.CODE_PUBLISHED: _publications,
    T.CODE_REDEEMED: _redemptions,
    T.CODE_EXPIRED: _expired,
    T.CODE_RELEASED: _released,
    T.REDEMPTION_FAILED: _failed_redemptions,
    T.ROLLED_BACK: _redemptions,
    T.PUBLICATION_FAILED: _publications,
    T.EVENT: _events,
    T.REFERRER: _referrers,
    T.REFEREE: _referees,
}


def _forget_changes(events: Sequence[Event]) -> None:
    """Nobody reads them once they have been passed on."""
    if keys := [event.object_key for event in events if event.kind in (ENTERED, LEFT)]:
        SegmentChange.objects.filter(pk__in=keys).delete()
