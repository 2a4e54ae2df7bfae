"""However many workers pass events on at once, and whenever one of them dies: a trigger fires once."""

import threading

import pytest
from django.db import connection, transaction

from config.events.models import Outbox
from customers.models import Customer
from customers.segments.actions.create_segment import create_filter_segment
from customers.segments.actions.watch_segments import look_at_segments
from publications.automation.actions import fire_rules, walk_segments
from publications.automation.models import Firing
from publications.dashboard.drain_outbox import drain_outbox
from publications.distributions.models import Delivery
from publications.models import Publication
from publications.redemptions.actions.redeem import redeem
from tests.support.automations import automation, fired_for, pass_on, publish_all
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works, threads=6):
    """Each of them in `threads` threads; none may fail."""
    start, wrong = threading.Barrier(threads * len(works)), []

    def run(work):
        try:
            start.wait(60)
            work()
        except Exception as problem:
            wrong.append(problem)
        finally:
            connection.close()

    running = [threading.Thread(target=run, args=[work]) for work in works for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(60)
    assert wrong == []


def test_many_workers_and_many_events():
    rule = automation("customer_created", campaign=CampaignFactory(codes=300))

    def come():
        for _ in range(20):
            CustomerFactory(source_id=None)

    at_once(come, drain_outbox, publish_all, threads=5)
    pass_on()
    publish_all()

    everybody = list(Customer.objects.order_by("pk").values_list("pk", flat=True))
    assert len(everybody) == 100
    assert sorted(fired_for(rule)) == everybody
    assert sorted(Publication.objects.values_list("customer", flat=True)) == everybody


def test_once_a_customer_holds_while_many_workers_fire():
    rule = automation("code_redeemed", at_most=1)
    customers = CustomerFactory.create_batch(5)
    for _ in range(8):
        for customer in customers:
            redeem(VoucherFactory(), customer=customer, by=STAFF)

    at_once(drain_outbox)

    assert sorted(fired_for(rule)) == [customer.pk for customer in customers]
    assert Firing.objects.filter(outcome="skipped").count() == 35


def test_a_worker_that_dies_while_firing_has_fired_nothing(monkeypatch):
    automation("customer_created")
    CustomerFactory()

    def die(*_):
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(fire_rules, "_forget_changes", die)
        with pytest.raises(SystemExit):
            drain_outbox()
    before = Firing.objects.count(), Delivery.objects.count(), Outbox.objects.count()
    pass_on()

    assert before == (0, 0, 1)
    assert (Firing.objects.count(), Delivery.objects.count()) == (1, 1)


def test_a_segment_is_walked_through_once(monkeypatch):
    monkeypatch.setattr(walk_segments, "BATCH", 7)
    for _ in range(40):
        CustomerFactory(metadata={"tier": "gold"})
    segment = create_filter_segment("Gold", {"metadata.tier": {"conditions": {"$is": ["gold"]}}}, by=STAFF)
    with transaction.atomic():
        rule = automation("segment_entered", segment=segment, with_those_in_it=True)
    look_at_segments()

    at_once(walk_segments.walk_segments)

    assert fired_for(rule) == list(Customer.objects.order_by("pk").values_list("pk", flat=True))
