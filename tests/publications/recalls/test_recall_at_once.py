"""Recalls beside redemptions, publications and releases, two workers at one, and one that is killed. Real threads and processes."""

import signal
import time

import pytest
from django.db import connection, transaction

from campaigns.codes.models import Voucher
from config.events.models import Listener, Outbox
from publications.actions.publish import publish
from publications.actions.release import release
from publications.ledger.give import give
from publications.ledger.requests import Codes, PublishRequest
from publications.models import Publication, PublishedVoucher
from publications.recalls.actions.carry_out import carry_out
from publications.recalls.models import Recall, RecalledCode
from publications.redemptions.actions.redeem import redeem
from tests.publications.recalls.recalling import broken, outcomes, queued_recall
from tests.publications.test_settle_at_once import at_once
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory
from tests.support.processes.forked import fork

pytestmark = pytest.mark.django_db(transaction=True)


def published_to_many(campaign, count):
    """Codes of the campaign's pool, each with a holder of its own."""
    customers = CustomerFactory.create_batch(count)
    return [publish(campaign, customer, channel="API", origin="api", by=STAFF).vouchers[0] for customer in customers]


def swallowing(verb, *arguments, **options):
    """Refused by who was first: that is what these tests count."""

    def run():
        for argument in arguments:
            try:
                verb(argument, **options)
            except Exception as refused:
                if "deadlock" in str(refused):
                    raise

    return run


def test_each_code_is_redeemed_released_or_replaced_but_never_two_of_it(monkeypatch):
    monkeypatch.setattr("publications.recalls.actions.draft_recall.BATCH", 10)
    campaign = CampaignFactory(codes=140, redemption_limit=1)
    held = published_to_many(campaign, 60)
    queued = queued_recall("replace", held)

    errors = at_once(
        lambda: carry_out(queued.pk),
        lambda: carry_out(queued.pk),
        swallowing(redeem, *held[::-2], by=STAFF),
        swallowing(release, *held[::7], by=STAFF, reason="Beside it"),
    )

    queued.refresh_from_db()
    became = outcomes(queued)
    replaced = {key for key, outcome in became.items() if outcome == "done"}
    redeemed = set(Voucher.objects.filter(redeemed_quantity=1).values_list("pk", flat=True))
    assert errors == []
    assert (queued.status, queued.done, len(became)) == ("done", 60, 60)
    assert replaced.isdisjoint(redeemed)
    assert Publication.objects.filter(replaces__recall=queued).count() == len(replaced) == queued.changed
    assert broken() == []


def test_a_code_that_is_just_being_published_is_retired_with_its_publication():
    campaign = CampaignFactory(codes=30)
    vouchers = list(campaign.vouchers.all())
    queued = queued_recall("retire", vouchers)
    customers = CustomerFactory.create_batch(15)

    errors = at_once(
        lambda: carry_out(queued.pk),
        swallowing(lambda to: publish(campaign, to, channel="API", origin="api", by=STAFF), *customers),
    )

    assert errors == []
    assert set(outcomes(queued).values()) == {"done"}
    assert not PublishedVoucher.objects.filter(released_at=None).exists()
    assert campaign.vouchers.filter(withdrawn_at=None).count() == 0
    assert broken() == []


def test_killed_in_the_middle_it_goes_on_where_it_was(monkeypatch):
    monkeypatch.setattr("publications.recalls.actions.draft_recall.BATCH", 25)
    count = 1_500
    campaign = CampaignFactory(codes=count * 2)
    Listener.objects.create(kind="voucher.disabled", owner="webhook 1")
    vouchers = list(campaign.vouchers.order_by("pk")[:count])
    give_all(campaign, vouchers)
    queued = queued_recall("replace", vouchers)

    process = fork(f"from publications.recalls.actions.carry_out import carry_out; carry_out({queued.pk})")
    deadline = time.monotonic() + 60
    while not Recall.objects.get(pk=queued.pk).done:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    with transaction.atomic():  # it cannot commit its next batch while we hold the row
        between = Recall.objects.select_for_update().get(pk=queued.pk)
        process.send_signal(signal.SIGKILL)
        process.wait()
        dealt_with = RecalledCode.objects.filter(recall=queued).count()
    carry_out(queued.pk)

    queued.refresh_from_db()
    assert (between.status, between.done) == ("running", dealt_with)
    assert 0 < between.done < count
    assert (queued.status, queued.done, queued.changed) == ("done", count, count)
    assert Voucher.objects.filter(active=False).count() == count
    assert Outbox.objects.filter(kind="voucher.disabled").count() == count
    assert PublishedVoucher.objects.filter(released_at=None).count() == count
    assert Publication.objects.filter(replaces__recall=queued).count() == count
    assert broken() == []


def give_all(campaign, vouchers):
    customers = CustomerFactory.create_batch(50)
    request = PublishRequest(campaign=campaign.pk, customer=None, channel="API", origin="api", by=STAFF)
    with transaction.atomic():
        given = give(
            [
                request._replace(customer=customers[n % 50].pk, vouchers=[voucher.pk])
                for n, voucher in enumerate(vouchers)
            ],
            Codes.NAMED,
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE publications_publishedvoucher")
    return given
