"""Whether a call is served by the express lane or not, nobody can tell: by its answers, or by the rows that it leaves."""

import json
import random
import re
from collections import Counter
from itertools import chain

import pytest
from django.db import transaction

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.api import auth
from customers.models import Customer
from publications.actions import publish as publishing
from publications.lane.serve import serve
from publications.ledger import give as giving
from publications.models import Publication, PublishedVoucher
from tests.publications.lane.by_lane import PATH, ThroughTheLane, environ_of
from tests.support.api.calls import Api
from tests.support.factories import CampaignFactory, CustomerFactory, VoucherFactory

pytestmark = pytest.mark.django_db

CALLS = [
    [{"campaign": "Coffee", "customer": "known"}],
    [{"campaign": {"name": "Coffee", "count": 1}, "customer": {"source_id": "known", "email": ""}}],
    [{"campaign": "Coffee", "customer": {"source_id": "new", "name": "Zoë ✓", "metadata": {"a": [1, 2.5, None]}}}],
    [{"campaign": "Coffee", "customer": "known", "channel": "Till", "metadata": {"till": 7}, "surprise": 1}],
    [{"campaign": "Coffee", "customer": "known", "source_id": "order-1"}] * 2,
    [{"campaign": "Coffee", "customer": "known", "source_id": "o"}, {"campaign": "Tea", "customer": "known", "source_id": "o"}],
    [{"campaign": "Coffee", "customer": "known", "join_once": True}] * 2,
    [{"campaign": "Gift", "customer": "known"}],
    [{"campaign": "Tea", "customer": "known"}] * 3,  # which holds two
    [{"campaign": "Extends", "customer": "known"}] * 2,
    [{"campaign": "Lasts a day", "customer": "known"}],
    [{"campaign": "No such", "customer": "known"}],
    [{"campaign": "Coffee", "customer": "known", "metadata": "no object"}],
    [{"campaign": "Coffee"}],
    [{"campaign": "Coffee", "customer": {"source_id": "known", "email": "no address"}}],
]  # fmt: skip


@pytest.fixture
def shop():
    for name, codes, more in [
        ("Coffee", 9, {}), ("Tea", 2, {}), ("Extends", 0, {"auto_update": True}), ("Lasts a day", 1, {"activity_duration": "P1D"}),
        ("Gift", 1, {"kind": "GIFT_VOUCHERS", "discount_type": None, "discount_value": None, "gift_amount": 10}),
    ]:  # fmt: skip
        campaign = CampaignFactory(name=name, codes=codes, **more)
        if name == "Gift":
            campaign.vouchers.update(type="GIFT_VOUCHER")
    CustomerFactory(source_id="known")
    return Api()


def undone(work):
    """What `work()` finds, which leaves no trace."""
    for known in (giving._taken_up_to, publishing._known_short, publishing._known_empty, auth.calls.spans):
        known.clear()  # what the process remembers
    mark = transaction.savepoint()
    try:
        return work()
    finally:
        transaction.savepoint_rollback(mark)


def answers(shop, bodies):
    def plain(text):  # what is drawn anew each time
        return re.sub(
            r'"(?:pub|cust|v)_\w+"|"v-\w+"|\d{4}-\d\d-\d\dT[\d:.]+Z|"code":"[A-Z0-9]{8}"|/v1/vouchers/[A-Z0-9]{8}/',
            "…",
            text,
        )

    def call(body):
        response = shop.client.generic("POST", PATH, json.dumps(body), "application/json", headers=shop.headers)
        headers = {
            name: value for name, value in response.headers.items() if name not in ("X-Request-Id", "Content-Length")
        }
        return response.status_code, headers, plain(response.content.decode())

    return [call(body) for body in bodies]


@pytest.mark.parametrize("bodies", CALLS)
@pytest.mark.parametrize("origins", [[], ["https://shop.example.com"]])
def test_status_headers_and_bodies_are_the_same(shop, bodies, origins, settings, monkeypatch):
    settings.API_ORIGINS = origins
    if origins:
        shop.headers = shop.headers | {"Origin": origins[0]}
    ordinary = undone(lambda: answers(shop, bodies))

    with monkeypatch.context() as patched:
        lane = ThroughTheLane(patched)
        by_lane = undone(lambda: answers(shop, bodies))

    assert by_lane == ordinary
    assert lane.offered == len(bodies)


def rows():
    """All that publishing writes, but for what is drawn, and who of several got which code."""
    publications = Counter()
    for attempts, *row in Publication.objects.values_list(
        "attempts", "source_id", "campaign__name", "customer__source_id", "channel", "origin", "result", "failure_code",
        "request_hash", "metadata", "join_once", "voucher_count", "actor_kind", "actor_id", "actor_label",
    ):  # fmt: skip
        publications[tuple(bytes(value).hex() if isinstance(value, memoryview) else str(value) for value in row)] += (
            attempts
        )
    vouchers = Counter(
        (name, published is None, expires is None, withdrawn)
        for name, published, expires, withdrawn in Voucher.objects.values_list(
            "campaign__name", "published_at", "expiration_date", "withdrawn_why"
        )
    )
    customers = Counter(map(str, Customer.objects.values_list("source_id", "name", "email", "address", "metadata")))
    held = PublishedVoucher.objects.values_list("code", "voucher__code")
    assert all(text == code for text, code in held)
    return publications, vouchers, customers, len(set(held)), len(held)


def anything(dice):
    """A call that may come to anything; of two with one source_id each is the repeat of the other."""
    n = dice.randrange(12)
    body = {"campaign": dice.choice(["Coffee", "Coffee", "Milk", "Empty", "Extends", "No such"])}
    body["customer"] = dice.choice([f"c{n}", {"source_id": f"c{n}"}, {"source_id": f"c{n}", "name": f"Customer {n}"}])
    kind = dice.randrange(6)
    if kind == 0:
        body |= {"source_id": f"order-{n}", "campaign": "Coffee", "customer": f"c{n}"}
    if kind == 1:
        body |= {"join_once": True, "campaign": "Coffee"}
    if kind == 2:
        body |= {"channel": f"Till {n}", "metadata": {"till": n}}
    if kind == 3:
        body["campaign"] = {"name": body["campaign"], "count": dice.choice([1, 1, 2])}
    return body


@pytest.mark.parametrize("seed", range(20))
def test_a_random_mix_leaves_the_same_rows(shop, seed):
    CampaignFactory(name="Milk", codes=80)
    CampaignFactory(name="Empty")
    VoucherFactory.create_batch(70, campaign=Campaign.objects.get(name="Coffee"))
    dice = random.Random(seed)
    batches = [[anything(dice) for _ in range(dice.choice([1, 2, 4, 8, 16]))] for _ in range(3)]

    def one_by_one():
        for body in chain(*batches):
            shop.post("publications", body)
        return rows()

    def by_lane():
        served = 0
        for batch in batches:
            for body, answer in zip(batch, serve([environ_of(shop, body) for body in batch]), strict=True):
                served += answer is not None
                if answer is None:
                    shop.post("publications", body)
        assert served
        return rows()

    assert undone(by_lane) == undone(one_by_one)
