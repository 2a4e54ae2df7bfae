"""Batches and single calls at once, for the same orders and the same customers: each is given once, and none waits for ever."""

import random
from collections import Counter

import pytest

from campaigns.codes.models import Voucher
from publications.actions.publish import publish
from publications.actions.publish_batch import BatchRefused, Item, publish_batch
from publications.models import Publication, PublishedVoucher
from publications.refusals import PublishRefused
from tests.publications.ledger.test_ledger_at_once import at_once, broken
from tests.support.factories import STAFF, CampaignFactory

pytestmark = pytest.mark.django_db(transaction=True)
HOW = {"channel": "API", "origin": "api", "by": STAFF}


def items(campaigns, numbers, dice, **more):
    asked = [
        Item(f"order-{n}", {"source_id": f"shop-{n % 20}"}, campaigns[n % len(campaigns)].name, **more) for n in numbers
    ]
    return dice.sample(asked, len(asked))


def test_batches_and_single_calls_of_the_same_orders():
    campaigns = [CampaignFactory(codes=30), CampaignFactory(auto_update=True)]
    told: list[Publication] = []

    def keep(answers):
        told.extend(answer for answer in answers if isinstance(answer, Publication))

    def batches(seed, *, atomic):
        def work():
            dice = random.Random(seed)
            for _ in range(3):
                try:
                    keep(publish_batch(items(campaigns, range(40), dice), atomic=atomic, **HOW))
                except BatchRefused as refused:
                    pytest.fail(repr(refused.refused))

        return work

    def singles():
        for n in range(0, 40, 3):
            where = campaigns[n % 2]
            keep([publish(where, {"source_id": f"shop-{n % 20}"}, source_id=f"order-{n}", origin="api", by=STAFF)])

    at_once(batches(1, atomic=False), batches(2, atomic=True), batches(3, atomic=False), singles)

    assert Counter(Publication.objects.values_list("source_id", flat=True)) == {f"order-{n}": 1 for n in range(40)}
    assert len({(one.source_id, one.vouchers[0].code) for one in told}) == 40
    assert Voucher.objects.exclude(published_at=None).count() == PublishedVoucher.objects.count() == 40
    assert broken() == []


def test_of_the_same_join_once_customers_each_is_given_one():
    campaign = CampaignFactory(codes=60, join_once=True)
    told: set[tuple] = set()

    def batches(seed, *, atomic):
        def work():
            dice = random.Random(seed)
            for turn in range(3):
                asked = [Item(f"{seed}-{turn}-{n}", {"source_id": f"shop-{n}"}, campaign.name) for n in range(20)]
                answers = publish_batch(dice.sample(asked, 20), atomic=atomic, **HOW)
                assert all(isinstance(answer, Publication) for answer in answers), answers
                told.update((answer.customer_id, answer.vouchers[0].code) for answer in answers)

        return work

    at_once(batches(1, atomic=False), batches(2, atomic=True), batches(3, atomic=False), batches(4, atomic=True))

    assert len(told) == Publication.objects.count() == 20
    assert campaign.vouchers.exclude(published_at=None).count() == 20
    assert broken() == []


def test_an_atomic_batch_takes_nothing_that_it_does_not_give():
    campaign = CampaignFactory(codes=50)
    given = []

    def batches(seed):
        def work():
            for turn in range(4):
                asked = [Item(f"{seed}-{turn}-{n}", {"source_id": f"shop-{n}"}, campaign.name) for n in range(7)]
                try:
                    given.extend(publish_batch(asked, atomic=True, **HOW))
                except BatchRefused as refused:
                    assert all(isinstance(problem, PublishRefused) for problem in refused.refused.values())

        return work

    at_once(*map(batches, range(4)))

    assert len(given) == 49
    assert campaign.vouchers.filter(published_at=None).count() == 1
    assert PublishedVoucher.objects.count() == 49
    assert broken() == []
