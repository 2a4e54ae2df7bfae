"""Published codes that have expired are told to whoever listens, each once, by their own date or their campaign's."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.codes.actions import note_expired as noting
from campaigns.codes.actions.note_expired import note_expired
from campaigns.codes.models import ExpiryWalk, Voucher
from campaigns.models import Campaign
from config.events.models import Outbox
from config.events.note import listen, stop_listening
from publications.redemptions.actions.redeem import redeem
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published
from tests.support.plans import offer_only_indexes, plan

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def look():
    """What a look an hour ago would have left: what expires now is new."""
    note_expired()
    ExpiryWalk.objects.update(at=timezone.now() - HOUR)


def expired(*vouchers, minutes=5):
    Voucher.objects.filter(pk__in=[voucher.pk for voucher in vouchers]).update(
        expiration_date=timezone.now() - timedelta(minutes=minutes)
    )


def told():
    return Counter(Outbox.objects.filter(kind="voucher.expired").values_list("object_key", flat=True))


@pytest.fixture
def heard():
    listen("voucher.expired", owner="webhook 1")
    look()


def held(**of):
    return published(VoucherFactory(**of), CustomerFactory()).vouchers[0]


def test_each_is_told_once_and_only_if_somebody_could_have_used_it(heard):
    good, used, pool = held(), held(redemption_limit=1), VoucherFactory()
    redeem(used, by=STAFF)
    expired(good, used, pool)

    note_expired(), note_expired()

    assert told() == {good.pk: 1}


def test_codes_without_a_date_of_their_own_expire_with_their_campaign(heard, monkeypatch):
    monkeypatch.setattr(noting, "CAMPAIGNS_OWN", noting.CAMPAIGNS_OWN.replace(f"LIMIT {noting.BATCH}", "LIMIT 2"))
    monkeypatch.setattr(noting, "BATCH", 2)
    campaign = CampaignFactory(codes=1)
    codes = [held(campaign=campaign) for _ in range(5)]
    later = held(campaign=campaign, expiration_date=timezone.now() + HOUR)
    Campaign.objects.filter(pk=campaign.pk).update(expiration_date=timezone.now() - timedelta(minutes=5))

    note_expired(), note_expired()

    assert told() == dict.fromkeys([code.pk for code in codes], 1)
    assert later.pk not in told()


def test_extended_and_expired_again_it_is_told_again(heard):
    campaign = CampaignFactory()
    own, of_campaign = held(), held(campaign=campaign)
    for minutes in (30, 5):
        expired(own, minutes=minutes)
        end = timezone.now() - timedelta(minutes=minutes)
        Campaign.objects.filter(pk=campaign.pk).update(expiration_date=end)
        note_expired()

    assert told() == {own.pk: 2, of_campaign.pk: 2}


def test_a_thousand_codes_take_as_many_queries_as_one(heard):
    expired(held())
    with CaptureQueriesContext(connection) as few:
        note_expired()
    campaign = CampaignFactory()
    expired(*(held(campaign=campaign) for _ in range(30)), minutes=1)
    with CaptureQueriesContext(connection) as many:
        note_expired()

    assert len(told()) == 31
    assert len(few) == len(many)


def test_the_index_by_expiry_is_walked(heard):
    offer_only_indexes()

    found = plan(noting.OWN, {"at": timezone.now() - HOUR, "up_to": 0})

    assert "Backward using voucher_expiring" in found
    assert "Index Cond: ((ROW(expiration_date, id) >" in found


def test_nobody_listens_so_nothing_is_looked_at_and_what_passed_meanwhile_is_not_told():
    code = held()
    expired(code)
    with CaptureQueriesContext(connection) as idle:
        note_expired()
    assert "codes_voucher" not in str(idle.captured_queries)

    listen("voucher.expired", owner="webhook 1")
    note_expired()
    stop_listening(owner="webhook 1")
    note_expired()

    assert told() == {}
    assert not ExpiryWalk.objects.exists()
