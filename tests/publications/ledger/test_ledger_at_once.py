"""Many at a time ask the ledger, each in its way, for the same codes, customers and source ids: nobody gets what is another's."""

import random
import threading
from collections import Counter
from contextlib import suppress

import pytest
from django.db import connection, transaction

from campaigns.codes.models import Voucher
from campaigns.codes.pool import lock_pool
from publications.actions.release import NotPublished, release
from publications.dashboard.verify import verify
from publications.ledger.give import give, give_one
from publications.ledger.requests import Codes, Given, PublishRequest
from publications.models import Publication, PublishedVoucher
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works):
    """Each in a thread with a connection of its own, all let go together. What one raises is raised here."""
    gate, errors = threading.Barrier(len(works)), []

    def run(work):
        try:
            gate.wait()
            work()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert errors == []


def broken():
    """Settings of the test's own server aside."""
    return [found.name for found in verify() if found.violations and "survives a crash" not in found.name]


def request(campaign, customer, **more):
    return PublishRequest(campaign.pk, customer.pk, **{"channel": "API", "origin": "api", "by": STAFF} | more)


def test_batches_singles_names_and_releases_share_one_pool():  # noqa: C901 - one story of four who take and give at once
    campaign, customers = CampaignFactory(codes=240), CustomerFactory.create_batch(20)
    vouchers = list(campaign.vouchers.values_list("pk", flat=True))
    answers: list[Given] = []

    def keep(*given):
        answers.extend(answer for answer in given if isinstance(answer, Given))

    def batches():
        for _ in range(8):
            keep(*give([request(campaign, customer) for customer in customers[:10]], Codes.NEXT))

    def for_sure():
        for _ in range(8):
            with transaction.atomic():
                lock_pool(campaign)
                given = give([request(campaign, who, quantity=2) for who in customers[:3]], Codes.NEXT_FOR_SURE)
            keep(*given)

    def singles():
        for n in range(60):
            keep(give_one(request(campaign, customers[n % 20]), Codes.NEXT))

    def by_name(seed):
        dice = random.Random(seed)
        for _ in range(12):
            some = dice.sample(vouchers, 4)
            requests = [request(campaign, customers[n], vouchers=(key,)) for n, key in enumerate(some)]
            keep(*give(requests, Codes.NAMED), give_one(requests[0], Codes.NAMED))

    def releases():
        dice = random.Random(7)
        for _ in range(40):
            if held := list(Voucher.objects.exclude(published_at=None)):
                with suppress(NotPublished):
                    release(dice.choice(held), by=STAFF, reason="Test", back_to_pool=True)

    at_once(batches, for_sure, singles, singles, lambda: by_name(1), lambda: by_name(2), releases)

    live = PublishedVoucher.objects.filter(released_at=None)
    assert live.count() == Voucher.objects.exclude(published_at=None).count() > 0
    assert set(Publication.objects.values_list("pk", flat=True)) == {answer.publication for answer in answers}
    assert PublishedVoucher.objects.count() == sum(answer.quantity for answer in answers)
    assert broken() == []


def test_of_the_same_source_ids_each_is_given_once_whoever_asks():
    campaign, customer = CampaignFactory(codes=200), CustomerFactory()
    orders = [f"order-{n}" for n in range(30)]

    def batch(seed):
        def work():
            some = random.Random(seed).sample(orders, 30)
            give([request(campaign, customer, source_id=order) for order in some], Codes.NEXT)

        return work

    def singles():
        for order in reversed(orders):
            give_one(request(campaign, customer, source_id=order), Codes.NEXT)

    at_once(batch(1), batch(2), batch(3), singles, singles)

    assert Counter(Publication.objects.values_list("source_id", flat=True)) == dict.fromkeys(orders, 1)
    assert campaign.vouchers.exclude(published_at=None).count() == 30
    assert broken() == []


def test_of_the_same_join_once_customers_each_is_given_one_whoever_asks():
    campaign, customers = CampaignFactory(codes=200, join_once=True), CustomerFactory.create_batch(25)

    def batch(seed):
        def work():
            some = random.Random(seed).sample(customers, 25)
            give([request(campaign, customer, join_once=True) for customer in some], Codes.NEXT)

        return work

    def singles():
        for customer in customers:
            give_one(request(campaign, customer, join_once=True), Codes.NEXT)

    at_once(batch(1), batch(2), batch(3), singles, singles)

    assert Counter(Publication.objects.values_list("customer", flat=True)) == {one.pk: 1 for one in customers}
    assert campaign.vouchers.exclude(published_at=None).count() == 25


def test_of_a_code_asked_for_by_many_one_gets_it():
    campaign, customers = CampaignFactory(codes=12), CustomerFactory.create_batch(6)
    vouchers = list(campaign.vouchers.values_list("pk", flat=True))
    given = []

    def ask(customer):
        def work():
            some = random.Random(customer.pk).sample(vouchers, 12)
            asked = [request(campaign, customer, vouchers=(key,)) for key in some]
            given.extend(give(asked, Codes.PAST if customer.pk % 2 else Codes.NAMED, noted=False))

        return work

    at_once(*map(ask, customers))

    assert sum(isinstance(answer, Given) for answer in given) == 12
    assert PublishedVoucher.objects.values("voucher").distinct().count() == PublishedVoucher.objects.count() == 12


def test_what_a_rolled_back_batch_had_taken_is_given_to_others():
    campaign, customer = CampaignFactory(codes=5), CustomerFactory()
    taken, tried = threading.Event(), threading.Event()
    seen = []

    def rolled_back():
        with transaction.atomic():
            give([request(campaign, customer, quantity=5)], Codes.NEXT)
            taken.set()
            tried.wait(60)
            transaction.set_rollback(True)

    def other():
        taken.wait(60)
        seen.extend(give([request(campaign, customer)], Codes.NEXT))
        tried.set()
        with transaction.atomic():
            lock_pool(campaign)
            seen.extend(give([request(campaign, customer, quantity=5)], Codes.NEXT_FOR_SURE))

    at_once(rolled_back, other)

    assert [isinstance(answer, Given) for answer in seen] == [False, True]
    assert Publication.objects.get().voucher_count == 5
    assert broken() == []
