"""The funnel stays exact while others write, while two count at a time, and when one that counts is killed."""

import threading
from functools import partial

import pytest
from django.db import connection, transaction

from publications.actions.publish import publish
from publications.actions.release import release
from publications.funnel.actions import count_funnel as counting
from publications.funnel.models import FunnelProgress, FunnelTally
from publications.models import PublishedVoucher
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.actions.roll_back import roll_back
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published
from tests.support.funnel import by_hand, count_all, disagreements, tallied
from tests.support.processes.forked import fork

pytestmark = pytest.mark.django_db(transaction=True)


def in_threads(*work):
    def run(what):
        try:
            what()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[what]) for what in work]
    for thread in threads:
        thread.start()
    return threads


def sell(campaign, shop, failed):
    """Of twenty codes each third use is rolled back, and each fourth code released."""
    try:
        for n in range(20):
            customer = {"source_id": f"{shop}-{n}"}
            (code,) = publish(campaign, customer, channel="API", origin="api", by=STAFF).vouchers
            use = redeem(code, order={"amount": 100 + n}, by=STAFF)
            if n % 3 == 0:
                roll_back(use, by=STAFF)
            if n % 4 == 0:
                release(code, by=STAFF, reason="Wrong person")
    except BaseException as error:
        failed.append(error)


def test_it_agrees_when_two_count_while_others_write(monkeypatch):
    monkeypatch.setattr(counting, "CHUNK", 7)
    campaign, over, failed = CampaignFactory(codes=100, redemption_limit=2), threading.Event(), []

    def count():
        while not over.is_set():
            counting.count_funnel()
            if found := disagreements():
                failed.append(f"{found} tallies were wrong while others wrote")

    counters = in_threads(count, count)
    for thread in in_threads(*(partial(sell, campaign, shop, failed) for shop in range(4))):
        thread.join()
    over.set()
    for thread in counters:
        thread.join()
    count_all()

    assert failed == []
    assert tallied() == by_hand()
    row = FunnelTally.objects.get(campaign_id=campaign.pk)
    assert (row.published, row.redeemed) == (60, 4 * (20 - 7 - 5 + 2))  # 0 and 12 were rolled back, and released


def test_one_that_is_killed_leaves_nothing_half_counted():
    codes = [published(VoucherFactory(campaign=campaign)).vouchers[0] for campaign in [CampaignFactory()] * 300]
    for code in codes[::2]:
        redeem(code, order={"amount": 500}, by=STAFF)
    first = PublishedVoucher.objects.earliest("pk").pk
    worker = fork(
        "from publications.funnel.actions import count_funnel as c; c.CHUNK = 1\nwhile True: c.count_funnel()"
    )
    while not (progress := FunnelProgress.objects.first()) or progress.ledger_up_to < first + 10:
        assert worker.poll() is None
    worker.kill()
    worker.wait()
    partly, agrees = FunnelTally.objects.get(campaign_id=codes[0].campaign_id).published, disagreements()

    count_all()

    assert 0 < partly < 300 and agrees == 0
    row = FunnelTally.objects.get(campaign_id=codes[0].campaign_id)
    assert (row.published, row.redeemed, row.amount, disagreements()) == (300, 150, 150 * 500, 0)


def test_what_is_not_committed_yet_holds_the_counting_up():
    """Its id was drawn, and may be followed by greater ones that are committed."""
    drawn, commit, customer, slow_code = threading.Event(), threading.Event(), CustomerFactory(), VoucherFactory()

    def publish_slowly():
        with transaction.atomic():
            published(slow_code, customer)
            drawn.set()
            commit.wait(60)

    (slow,) = in_threads(publish_slowly)
    drawn.wait(60)
    published(VoucherFactory())
    counting.count_funnel(), counting.count_funnel()
    while_open = FunnelProgress.objects.get()
    commit.set()
    slow.join()
    count_all()

    assert (while_open.ledger_up_to, while_open.as_of) == (0, None)
    assert tallied() == by_hand()
    assert FunnelTally.objects.get(campaign_id=0).published == 2
