"""Several express lanes at once, with ordinary calls and people who hold rows: nothing twice, nobody waits in a circle, and
who is held up holds up nobody else."""

import random
import threading
import time
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from campaigns.codes.models import Voucher
from customers.models import Customer
from publications.dashboard.verify import verify
from publications.ledger.give import give
from publications.ledger.requests import Codes, PublishRequest
from publications.models import Publication, PublishedVoucher
from tests.publications.lane.by_lane import publish_together
from tests.publications.ledger.test_ledger_at_once import at_once
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop():
    return Api()


def body(customer, campaign="Coffee", **more):
    return {"campaign": campaign, "customer": customer} | more


def broken():
    """Settings of the test's own server aside."""
    return [found.name for found in verify() if found.violations and "survives a crash" not in found.name]


def carry_out(shop, *bodies):
    """As the web process does: by the lane, and what that leaves by the ordinary way."""
    answers = publish_together(shop, *bodies)
    for sent, answer in zip(bodies, answers, strict=True):
        assert answer is None or answer["status"] == 200
        if answer is None:
            assert shop.post("publications", sent).status == 200


def test_crossed_source_ids_and_customers_who_join_once_wait_in_no_circle(shop):
    CampaignFactory(name="Coffee", codes=2000)
    people, rounds = 12, 12

    def batches(seed):
        dice = random.Random(seed)

        def work():
            for round_ in range(rounds):
                people_now = dice.sample(range(people), 8)
                # In one of two unique indexes these come in the one order, in the other one in the other.
                carry_out(shop, *(
                    body(f"c{n}", source_id=f"order-{round_}-{n}", join_once=True, channel=f"{people - n:02}") for n in people_now
                ))  # fmt: skip
                carry_out(shop, *(body(f"c{n}", source_id=f"twice-{round_}-{n}") for n in people_now))

        return work

    def distribution():
        """As one publishes: in the order of customers, and all in a transaction."""
        campaign = Voucher.objects.first().campaign
        for _ in range(rounds):
            keys = sorted(Customer.objects.values_list("pk", flat=True))
            with transaction.atomic():
                requests = [
                    PublishRequest(campaign.pk, key, "Dashboard", "dashboard", STAFF, join_once=True) for key in keys
                ]
                give(requests, Codes.NEXT, only_active=True)

    at_once(*(batches(seed) for seed in range(4)), distribution)

    joined = Publication.objects.filter(join_once=True)
    assert joined.count() == joined.values("customer").distinct().count() <= people
    told = Publication.objects.exclude(source_id=None)
    assert told.count() == told.values("source_id").distinct().count()
    assert broken() == []


@pytest.mark.parametrize("pools", [1, 4])
def test_the_last_codes_of_a_pool_go_to_one_each(shop, pools):
    """Of one campaign, and of several that a batch asks for one code each."""
    for n in range(pools):
        CampaignFactory(name=f"Coffee {n}", codes=100 // pools)
    given = []

    def batches():
        for n in range(20):
            bodies = [body(f"c{n}-{m}", f"Coffee {m % pools}") for m in range(4)]
            answers = publish_together(shop, *bodies)
            given.extend(answer["voucher"]["code"] for answer in answers if answer)
            for sent, answer in zip(bodies, answers, strict=True):
                if answer is None and (answer := shop.post("publications", sent)).status == 200:
                    given.append(answer.json["voucher"]["code"])

    # Of four campaigns each gives 25; three times 20 batches ask for 60 of each.
    at_once(batches, batches, batches)

    assert len(given) == len(set(given)) == 100
    assert not Voucher.objects.filter(published_at=None).exists()
    assert broken() == []


@contextmanager
def held(statement, parameters):
    """Somebody else has this row, and takes their time."""
    begun, over = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            begun.set()
            over.wait(60)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert begun.wait(60)
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_customer_who_is_being_erased_holds_nobody_up(shop):
    CampaignFactory(name="Coffee", codes=9)
    CustomerFactory(source_id="a"), CustomerFactory(source_id="b")

    with held("SELECT FROM customers_customer WHERE source_id = %s FOR UPDATE", ["a"]):
        alone = publish_together(shop, body("a"))
        both = publish_together(shop, body("a"), body("b"))

    assert [bool(answer) for answer in [*alone, *both]] == [False, False, True]


ADDS_CUSTOMER = "INSERT INTO customers_customer (source_id, address, metadata) VALUES (%s, '{}', '{}')"
PUBLISHES = """INSERT INTO publications_publication (source_id, campaign_id, customer_id, voucher_count, channel, origin, join_once)
               SELECT %s, k.id, c.id, 1, 'API', 'api', false FROM campaigns_campaign k, customers_customer c LIMIT 1"""


@pytest.mark.parametrize(("statement", "value"), [(ADDS_CUSTOMER, "new"), (PUBLISHES, "order-1")])
def test_who_inserts_the_same_and_takes_their_time_is_left_to_the_ordinary_way(shop, statement, value):
    CampaignFactory(name="Coffee", codes=9)
    CustomerFactory(source_id="a"), CustomerFactory(source_id="b")

    with held(statement, [value]):
        started = time.monotonic()
        answers = publish_together(shop, body("new"), body("a", source_id="order-1"), body("b"))
        took = time.monotonic() - started

    assert answers == [None] * 3  # all of the batch, each of which the ordinary way serves alone
    assert took < 30  # a quarter of a second, on a machine that is not busy
    assert shop.post("publications", body("b")).status == 200
    assert Publication.objects.filter(source_id=None).count() == 1
    assert PublishedVoucher.objects.count() == 1
