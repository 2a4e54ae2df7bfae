"""Limits of codes under 8 processes with 4 threads each, some of them killed in the middle: never one code more, never one less."""

import signal
import threading
from contextlib import suppress

import pytest
from django.db import connection

from campaigns.models import Campaign
from config.actor import Actor
from config.api.actions.create_api_key import create_api_key
from config.staff.day_limits import Kind, Use, use_today
from config.staff.models import ProjectSettings
from customers.models import Customer
from publications.actions.publish import publish
from publications.actions.publish_batch import Item, publish_batch
from publications.models import Publication, PublishedVoucher
from publications.refusals import PublishRefused
from tests.publications.ledger.test_ledger_at_once import at_once, broken
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory
from tests.support.processes.forked import fork

pytestmark = pytest.mark.django_db(transaction=True)

PROCESSES, THREADS, PEOPLE = 8, 4, 5
PROGRAM = "from tests.publications.ledger.test_limits_at_once import client; client({})"


def client(*, victim=False):
    """Asks until nothing is given any more, in a process of its own; a line for each answer. One that is to be killed begins again
    and again until it is."""

    def ask():
        try:
            ask_until_full(lambda: print("asked", flush=True))
            while victim:
                ask_until_full(lambda: print("asked", flush=True))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def ask_until_full(answered=lambda: None):
    campaigns = {campaign.name: campaign for campaign in Campaign.objects.all()}
    people = list(Customer.objects.order_by("pk"))
    key = Actor("api_key", int(campaigns["By key"].category), "Shop")
    ways = [
        *({"campaign": "Two each", "customer": person} for person in people),
        {"campaign": "Forty a day", "customer": people[0]},
        {"campaign": "By key", "customer": people[0], "by": key},
        {"campaign": "Free", "customer": people[0], "channel": "Till"},
    ]
    while ways:
        for way in list(ways):
            how = {"origin": "api", "by": STAFF, **way}
            try:
                publish(campaigns[how.pop("campaign")], how.pop("customer"), **how)
            except PublishRefused as refused:
                assert refused.key.endswith("_limit_reached"), refused
                ways.remove(way)
            answered()


def test_limits_hold_while_processes_are_killed():
    key, _ = create_api_key("Shop", codes_per_day=20, by=STAFF)
    two = CampaignFactory(codes=60, name="Two each", codes_per_customer=2)
    forty = CampaignFactory(codes=90, name="Forty a day", codes_per_day=40)
    by_key = CampaignFactory(codes=60, name="By key", category=str(key.pk))
    free = CampaignFactory(codes=60, name="Free")
    CustomerFactory.create_batch(PEOPLE)
    ProjectSettings.current()
    ProjectSettings.objects.update(channel_limits={"Till": 15})

    programs = [PROGRAM.format("victim=True")] * 3 + [PROGRAM.format("")] * (PROCESSES - 3)
    processes = [fork(program, DATABASE_POOL_SIZE=str(THREADS)) for program in programs]
    for process in processes[:3]:
        assert process.stdout.readline() == "asked\n"
        process.send_signal(signal.SIGKILL)
    ended = [process.wait(60) for process in processes]
    ask_until_full()  # what a killed one was about to ask for

    assert ended == [-signal.SIGKILL] * 3 + [0] * 5
    given = {
        campaign.name: PublishedVoucher.objects.filter(publication__campaign=campaign).count()
        for campaign in (two, forty, by_key, free)
    }
    assert given == {"Two each": 2 * PEOPLE, "Forty a day": 40, "By key": 20, "Free": 15}
    assert {
        person.publications.filter(campaign=two, result="SUCCESS").count() for person in Customer.objects.all()
    } == {2}
    assert use_today(Kind.CAMPAIGN, forty.pk) == Use(40, 40)
    assert use_today(Kind.API_KEY, key.pk) == Use(20, 20)
    assert use_today(Kind.CHANNEL, "Till") == Use(15, 15)
    assert broken() == []


def test_batches_and_single_calls_of_two_campaigns_share_a_keys_day():
    """Two atomic batches take their campaigns in different order; neither waits for the other in a circle."""
    key, _ = create_api_key("Shop", codes_per_day=45, by=STAFF)
    first, second = (CampaignFactory(codes=60, name=name, codes_per_day=30) for name in ("First", "Second"))
    how = {"channel": "API", "origin": "api", "by": Actor.api_key(key)}

    def batches(word, *, atomic, names):
        def work():
            for n in range(6):
                items = [Item(f"{word}-{n}-{m}", {"source_id": f"c{m}"}, campaign=names[m % 2]) for m in range(4)]
                with suppress(Exception if atomic else ()):
                    publish_batch(items, atomic=atomic, **how)

        return work

    def singles():
        for n in range(20):
            with suppress(PublishRefused):
                publish(second if n % 2 else first, {"source_id": f"c{n % 4}"}, **how)

    at_once(
        batches("a", atomic=True, names=["First", "Second"]),
        batches("b", atomic=True, names=["Second", "First"]),
        batches("c", atomic=False, names=["First", "Second"]),
        singles,
        singles,
    )

    of = {campaign.name: campaign.vouchers.exclude(published_at=None).count() for campaign in (first, second)}
    assert sum(of.values()) == Publication.objects.filter(result="SUCCESS").count() == 45
    assert use_today(Kind.API_KEY, key.pk) == Use(45, 45)
    assert {
        name: use_today(Kind.CAMPAIGN, campaign.pk).used for name, campaign in (("First", first), ("Second", second))
    } == of
    assert broken() == []
