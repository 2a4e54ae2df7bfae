"""Limits of codes: a customer of a campaign; a day of a campaign, an API key, a channel. Each is decided where codes are given."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from config.actor import Actor
from config.api.actions.create_api_key import create_api_key
from config.staff.day_limits import Kind, Use, use_today
from config.staff.models import Limit, ProjectSettings
from customers.actions.upsert import CustomerNotFound
from publications.actions.publish import publish, publish_code
from publications.actions.publish_batch import BatchRefused, Item, publish_batch
from publications.actions.release import release
from publications.dashboard.erase_customer import erase_customer
from publications.ledger.give import give, give_one
from publications.ledger.requests import Codes, Declined, Given, PublishRequest
from publications.models import Publication
from publications.queries.day_use import day_use
from publications.refusals import (
    CampaignLimitReached,
    ChannelLimitReached,
    CustomerLimitReached,
    KeyLimitReached,
)
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory

pytestmark = pytest.mark.django_db(transaction=True)


def request(campaign, customer=None, **more):
    customer = customer or CustomerFactory()
    return PublishRequest(campaign.pk, customer.pk, **{"channel": "API", "origin": "api", "by": STAFF} | more)


def give_to(campaign, customer=None, **more):
    return publish(campaign, customer or CustomerFactory(), **{"origin": "api", "by": STAFF} | more)


def limit_channel(**limits):
    ProjectSettings.current()
    ProjectSettings.objects.update(channel_limits=limits)


@pytest.fixture
def key():
    key, _ = create_api_key("Shop", codes_per_day=2, by=STAFF)
    return key


def test_a_customer_gets_so_many_codes_of_a_campaign_and_a_release_makes_room():
    campaign, ada = CampaignFactory(codes=9, codes_per_customer=2), CustomerFactory()
    first = give_to(campaign, ada)
    give_to(campaign, ada)

    with pytest.raises(CustomerLimitReached):
        give_to(campaign, ada)
    assert give_to(campaign).voucher_count == 1  # somebody else
    assert give_to(CampaignFactory(codes=1), ada).voucher_count == 1  # another campaign
    release(first.vouchers[0], by=STAFF, reason="Returned")
    assert give_to(campaign, ada).voucher_count == 1
    with pytest.raises(CustomerLimitReached):
        give_to(campaign, ada)

    failed = Publication.objects.filter(result="FAILURE").latest("id")
    assert (failed.customer, failed.failure_code, failed.failure_reason, failed.attempts) == (
        ada,
        "customer_limit_reached",
        "customer_limit",
        2,
    )


def test_several_codes_at_once_count_each_and_all_or_none_are_given():
    campaign, ada = CampaignFactory(codes=9, codes_per_customer=3), CustomerFactory()
    give_to(campaign, ada, count=2)

    with pytest.raises(CustomerLimitReached):
        give_to(campaign, ada, count=2)
    assert give_to(campaign, ada).voucher_count == 1


def test_a_code_by_name_meets_the_limits_of_its_campaign():
    campaign, ada = CampaignFactory(codes=1, codes_per_customer=1), CustomerFactory()
    give_to(campaign, ada)

    with pytest.raises(CustomerLimitReached):
        publish_code(VoucherFactory(campaign=campaign), ada, origin="api", by=STAFF)


def test_what_was_held_before_the_limit_was_set_counts():
    campaign, ada = CampaignFactory(codes=9), CustomerFactory()
    give_to(campaign, ada, count=3)
    campaign.codes_per_customer, campaign.codes_per_day = 3, 4
    campaign.save()

    with pytest.raises(CustomerLimitReached):
        give_to(campaign, ada)
    assert day_use(campaign) == Use(3, 4)  # counted, though no code has counted it
    give_to(campaign)
    with pytest.raises(CampaignLimitReached):
        give_to(campaign)


def test_who_was_erased_gets_nothing_and_whoever_has_the_source_id_next_begins_at_none():
    campaign = CampaignFactory(codes=9, codes_per_customer=1, codes_per_day=3)
    ada = CustomerFactory(source_id="shop-1")
    give_to(campaign, ada)
    erase_customer(ada, by=STAFF)

    with pytest.raises(CustomerNotFound):
        give_to(campaign, ada)
    bob = CustomerFactory(source_id="shop-1")
    assert give_to(campaign, bob).voucher_count == 1
    with pytest.raises(CustomerLimitReached):
        give_to(campaign, bob)
    campaign.codes_per_day = 2
    campaign.save()
    assert day_use(campaign) == Use(2, 2)  # the code of the erased customer was given today
    with pytest.raises(CampaignLimitReached):
        give_to(campaign)


@pytest.mark.parametrize("limited", ["campaign", "key", "channel"])
def test_a_day_has_so_many_codes(limited, key):
    campaign = CampaignFactory(codes=9, codes_per_day=2 if limited == "campaign" else None)
    limit_channel(**({"Till": 2} if limited == "channel" else {}))
    how = {"by": Actor.api_key(key) if limited == "key" else STAFF, "channel": "Till"}
    kind, subject, refused = {
        "campaign": (Kind.CAMPAIGN, campaign.pk, CampaignLimitReached),
        "key": (Kind.API_KEY, key.pk, KeyLimitReached),
        "channel": (Kind.CHANNEL, "Till", ChannelLimitReached),
    }[limited]

    given = give_to(campaign, **how)
    give_to(campaign, **how)
    with pytest.raises(refused):
        give_to(campaign, **how)
    release(given.vouchers[0], by=STAFF, reason="Returned")
    with pytest.raises(refused):  # given is given
        give_to(campaign, **how)

    assert use_today(kind, subject) == Use(2, 2)
    failed = Publication.objects.filter(result="FAILURE").values_list("failure_code", "failure_reason")
    assert list(failed) == [(refused.key, refused.reason)] * 2


def test_the_next_day_begins_anew():
    campaign = CampaignFactory(codes=9, codes_per_day=1)
    give_to(campaign)
    yesterday = timezone.now() - timedelta(days=1)
    Publication.objects.update(created_at=yesterday)
    Limit.objects.update(day=yesterday.date())

    assert use_today(Kind.CAMPAIGN, campaign.pk) == Use(0, 1)
    assert give_to(campaign).voucher_count == 1
    assert use_today(Kind.CAMPAIGN, campaign.pk) == Use(1, 1)


def test_a_limit_that_is_changed_or_taken_away_counts_the_day_anew():
    campaign = CampaignFactory(codes=9, codes_per_day=1)
    give_to(campaign)
    for most in (None, 3):
        campaign.codes_per_day = most
        campaign.save()
        give_to(campaign)

    assert use_today(Kind.CAMPAIGN, campaign.pk) == Use(3, 3)
    with pytest.raises(CampaignLimitReached):
        give_to(campaign)


def test_a_repeated_call_is_answered_whatever_the_limit_says():
    campaign, ada = CampaignFactory(codes=9, codes_per_customer=1, codes_per_day=1), CustomerFactory()
    first = give_to(campaign, ada, source_id="order-1")

    again = give_to(campaign, ada, source_id="order-1")

    assert (again.pk, again.repeated) == (first.pk, True)


def test_a_code_that_could_not_be_given_is_not_counted():
    campaign = CampaignFactory(codes=1, codes_per_day=5)
    give_to(campaign)
    with pytest.raises(Exception, match="suitable"):
        give_to(campaign)

    assert use_today(Kind.CAMPAIGN, campaign.pk) == Use(1, 5)


def test_a_pool_that_extends_itself_is_not_extended_for_a_call_that_is_refused():
    campaign = CampaignFactory(codes=1, auto_update=True, codes_per_day=1)
    give_to(campaign)

    with pytest.raises(CampaignLimitReached):
        give_to(campaign)
    assert campaign.vouchers.count() == 1


def test_in_a_set_each_request_is_given_as_long_as_there_is_room():
    campaign, ada = CampaignFactory(codes=9, codes_per_customer=1, codes_per_day=3), CustomerFactory()

    answers = give([request(campaign, who) for who in (ada, ada, None, None, None)], Codes.NEXT)

    assert [answer if isinstance(answer, Declined) else answer.quantity for answer in answers] == [
        1,
        Declined.CUSTOMER_LIMIT,
        1,
        1,
        Declined.CAMPAIGN_LIMIT,
    ]
    assert use_today(Kind.CAMPAIGN, campaign.pk) == Use(3, 3)


def test_a_hand_out_takes_what_is_left_of_the_day():
    campaign = CampaignFactory(codes=9, codes_per_day=4)
    file = PublishRequest(campaign.pk, None, "CSV", "csv", STAFF, quantity=6, at_least=1)

    (some,) = give([file], Codes.NEXT_FOR_SURE)
    (none,) = give([file], Codes.NEXT_FOR_SURE)

    assert (some.quantity, none) == (4, Declined.CAMPAIGN_LIMIT)


def test_what_was_published_elsewhere_is_recorded_and_fills_the_customers_places():
    campaign, ada = CampaignFactory(codes=1, codes_per_customer=1, codes_per_day=1), CustomerFactory()
    past = [VoucherFactory(campaign=campaign) for _ in range(2)]

    answers = give(
        [request(campaign, ada, vouchers=(code.pk,), origin="import") for code in past], Codes.PAST, noted=False
    )

    assert [type(answer) for answer in answers] == [Given, Given]
    with pytest.raises(CustomerLimitReached):
        give_to(campaign, ada)
    assert give_to(campaign).voucher_count == 1  # imports are not of this day


def test_who_would_not_wait_is_told_that_there_is_a_limit(key):
    campaign, shop = CampaignFactory(codes=9, codes_per_day=5), Actor.api_key(key)

    assert give([request(campaign)], Codes.NEXT, vouchers=True, waits=False) == [Declined.LIMITED]
    assert give_one(request(campaign), Codes.NEXT, waits=False) is None
    free = CampaignFactory(codes=9)
    one, other = give([request(free), request(free, by=shop)], Codes.NEXT, vouchers=True, waits=False)
    assert (type(one), other) == (Given, Declined.LIMITED)
    assert campaign.publications.count() == 0


def test_of_a_batch_each_item_is_told_its_limit_and_of_an_atomic_one_none_is_given():
    campaign = CampaignFactory(codes=9, codes_per_day=2, name="Spring")
    items = [Item(f"order-{n}", {"source_id": f"c{n}"}, campaign="Spring") for n in range(3)]
    how = {"channel": "API", "origin": "api", "by": STAFF}

    with pytest.raises(BatchRefused) as refused:
        publish_batch(items, atomic=True, **how)
    assert {place: type(problem) for place, problem in refused.value.refused.items()} == {2: CampaignLimitReached}
    assert campaign.vouchers.exclude(published_at=None).count() == 0

    answers = publish_batch(items, **how)
    assert [type(answer) for answer in answers] == [Publication, Publication, CampaignLimitReached]
    assert use_today(Kind.CAMPAIGN, campaign.pk) == Use(2, 2)


def test_a_rolled_back_transaction_gives_its_part_of_the_day_back():
    campaign = CampaignFactory(codes=9, codes_per_day=1)
    with transaction.atomic():
        give([request(campaign)], Codes.NEXT)
        transaction.set_rollback(True)

    assert give_to(campaign).voucher_count == 1


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("UPDATE campaigns_campaign SET codes_per_customer = 0", "campaign_codes_per_customer_positive"),
        ("UPDATE campaigns_campaign SET codes_per_day = 0", "campaign_codes_per_day_positive"),
        ("UPDATE api_apikey SET codes_per_day = 0", "api_key_codes_per_day_positive"),
        ("INSERT INTO staff_limit (subject, most) VALUES ('shop:1', 1)", "limit_kind_known"),
        ("INSERT INTO staff_limit (subject, most) VALUES ('channel:a', 0)", "limit_positive"),
    ],
)
def test_the_database_refuses_limits_that_are_none(statement, name, key):
    CampaignFactory()
    with pytest.raises(IntegrityError, match=name), connection.cursor() as cursor:
        cursor.execute(statement)
