"""Reserving codes among those who publish: threads, a process that is killed, and nothing is lost or locked up for good."""

from contextlib import suppress
from datetime import timedelta
from threading import Event

import pytest
from django.db import transaction
from django.utils import timezone

from campaigns.codes.actions.extend_pool import extend_pool
from campaigns.codes.models import Reservation
from campaigns.models import Campaign
from publications.actions import publish as publish_verbs
from publications.actions.publish import publish
from publications.distributions.actions import publish_batch as batches
from publications.distributions.actions.change_status import NotPossible, cancel
from publications.distributions.actions.keep_reservations import keep_reservations
from publications.distributions.actions.publish_batch import publish_batch
from publications.distributions.actions.schedule import schedule
from publications.distributions.actions.start_due import start_due
from publications.distributions.actions.write_audience import write_audience
from publications.distributions.models import Distribution
from publications.models import Publication
from publications.refusals import CodesReserved, NoVoucherSuitable
from tests.publications.ledger.test_ledger_at_once import at_once, broken
from tests.support.distributions import draft
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory
from tests.support.processes.forked import fork

pytestmark = pytest.mark.django_db(transaction=True)

DIES_WITH_THE_POOL_IN_HAND = """
import os, signal
from campaigns.codes.actions import reserve_codes
from publications.distributions.actions.keep_reservations import keep_reservations
write = reserve_codes._write
def die(*what):
    write(*what)
    print("in hand", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
reserve_codes._write = die
keep_reservations()
"""


def campaign_of(codes: int) -> Campaign:
    campaign = CampaignFactory()
    with transaction.atomic():
        extend_pool(campaign, count=codes)
    return campaign


def scheduled(people: int, campaign: Campaign, **fields) -> Distribution:
    made = draft(people, campaign=campaign, message="none", **fields)
    schedule(made, at=timezone.now() + timedelta(days=1), by=STAFF)
    return made


def begin(run: Distribution) -> None:
    Distribution.objects.filter(pk=run.pk).update(starts_at=timezone.now() - timedelta(minutes=1))
    start_due()
    while write_audience(run.pk):
        pass


def drain(campaign: Campaign, customers) -> int:
    """Publishes until it is refused; how many."""
    given = 0
    with suppress(NoVoucherSuitable):
        for customer in customers:
            publish(campaign, customer, origin="api", by=STAFF)
            given += 1
    return given


def test_a_distribution_gets_all_that_was_reserved_however_many_publish_meanwhile():
    campaign, run_for = campaign_of(120), 60
    run = scheduled(run_for, campaign)
    keep_reservations()
    begin(run)
    crowds = [CustomerFactory.create_batch(40) for _ in range(3)]

    at_once(
        *(lambda crowd=crowd: drain(campaign, crowd) for crowd in crowds),
        lambda: publish_batch(run.pk),
        keep_reservations,
    )

    publish_batch(run.pk)  # what it has not got for want of a turn
    assert Publication.objects.filter(actor_kind="run", result="SUCCESS").count() == run_for
    assert Publication.objects.filter(result="SUCCESS").count() == 120  # and the others all the rest
    assert broken() == []


def test_reserving_and_cancelling_among_publishers_gives_no_code_twice_and_locks_none_up():
    campaign = campaign_of(90)
    runs = [scheduled(20, campaign, name=f"Run {n}") for n in range(3)]
    crowds = [CustomerFactory.create_batch(30) for _ in range(2)]

    def cancel_all():
        for run in runs:
            with suppress(NotPossible):
                cancel(run, by=STAFF)

    at_once(
        *(lambda crowd=crowd: drain(campaign, crowd) for crowd in crowds),
        keep_reservations,
        keep_reservations,
        cancel_all,
    )
    keep_reservations()

    campaign.refresh_from_db()
    assert (campaign.reserved_from, Reservation.objects.count()) == (None, 0)
    drain(campaign, CustomerFactory.create_batch(91))
    assert campaign.vouchers.filter(published_at=None).count() == 0
    assert broken() == []


def test_limits_are_held_before_a_reservation_whoever_comes_first(monkeypatch):
    """A call whose campaign makes codes holds the day's counter when it comes to the reservations; the distribution used
    to hold its reservation when it came to the counter. Each is let go where the other would be waited for."""
    campaign = CampaignFactory(auto_update=True, codes_per_day=50)
    with transaction.atomic():
        extend_pool(campaign, count=2)
    run, customer = scheduled(2, campaign), CustomerFactory()
    keep_reservations()
    begin(run)
    campaign.refresh_from_db()
    counter_held, border_held = Event(), Event()
    make, lock = publish_verbs.extend_pool, batches.lock_border_of

    def make_codes(*what, **options):
        counter_held.set()
        border_held.wait(0.5)  # which the distribution cannot have, by now
        return make(*what, **options)

    def lock_border(taker):
        below = lock(taker)
        border_held.set()
        return below

    def distribute():
        counter_held.wait(60)
        publish_batch(run.pk)

    monkeypatch.setattr(publish_verbs, "extend_pool", make_codes)
    monkeypatch.setattr(batches, "lock_border_of", lock_border)
    at_once(lambda: publish(campaign, customer, count=3, origin="api", by=STAFF), distribute)

    assert customer.publications.get().voucher_count == 3
    assert Publication.objects.filter(actor_kind="run", result="SUCCESS").count() == 2
    assert broken() == []


def test_a_look_that_is_killed_with_the_pool_in_hand_has_reserved_nothing_and_holds_up_nobody():
    campaign = campaign_of(4)
    run = scheduled(3, campaign)
    dying = fork(DIES_WITH_THE_POOL_IN_HAND)
    assert dying.communicate()[0] == "in hand\n"
    assert dying.wait() == -9

    campaign.refresh_from_db()
    assert (campaign.reserved_from, Reservation.objects.count()) == (None, 0)
    assert drain(campaign, CustomerFactory.create_batch(1)) == 1

    keep_reservations()
    with pytest.raises(CodesReserved):
        publish(campaign, CustomerFactory(), origin="api", by=STAFF)
    begin(run)
    publish_batch(run.pk)
    assert Publication.objects.filter(actor_kind="run").count() == 3
    assert broken() == []


def test_a_cancelled_one_has_given_back_its_codes_though_the_background_is_dead():
    campaign = campaign_of(3)
    run = scheduled(3, campaign)
    keep_reservations()
    assert drain(campaign, CustomerFactory.create_batch(1)) == 0

    cancel(run, by=STAFF)

    assert drain(Campaign.objects.get(pk=campaign.pk), CustomerFactory.create_batch(3)) == 3
