"""A referral program: codes for referrers, referees who redeem them, and what both get for it, once."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.actions.create_campaign import create_campaign
from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.events.models import Outbox
from customers.segments.actions.create_segment import create_static_segment
from customers.segments.actions.fill_segment import fill_segment
from customers.segments.actions.watch_segments import look_at_segments
from customers.segments.models import WatchedMember, WatchedSegment
from publications.automation.actions.walk_segments import walk_segments
from publications.automation.models import Rule
from publications.dashboard.drain_outbox import drain_outbox
from publications.models import Publication
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.models import Redemption, Referral
from publications.redemptions.refusals import ReferrerNotPermitted
from publications.referrals.actions.set_up_program import NoProgram, set_up_program
from publications.referrals.models import ReferralProgram
from tests.support.api.calls import Api
from tests.support.automations import pass_on, publish_all
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published


def program(**rewards) -> Campaign:
    campaign = CampaignFactory(name="Friends", kind="REFERRAL_PROGRAM", join_once=True, redemption_limit=None, codes=20)
    if rewards:
        set_up_program(campaign, **rewards, by=STAFF)
        look_at_segments()
        a_minute_ago = timezone.now() - timedelta(minutes=1)  # within a test's one transaction no time passes
        Rule.objects.update(activated_at=a_minute_ago)
        WatchedMember.objects.update(since=a_minute_ago)
    return campaign


def referral_code(campaign, referrer) -> Voucher:
    return published(VoucherFactory(campaign=campaign, redemption_limit=None), referrer).vouchers[0]


def reward():
    return CampaignFactory(name="Reward", codes=200)


def all_passed_on():
    pass_on()
    pass_on()
    publish_all()


def codes_of(customer, campaign) -> int:
    return Publication.objects.filter(customer=customer, campaign=campaign, result="SUCCESS").count()


@pytest.mark.django_db
def test_a_referee_brings_the_referrer_a_reward_and_gets_one_too():
    thanks, welcome = reward(), CampaignFactory(codes=5)
    campaign = program(reward=thanks, referee_reward=welcome)
    ada, bob = CustomerFactory(), CustomerFactory()

    redemption = redeem(referral_code(campaign, ada), customer=bob, by=STAFF)
    all_passed_on()

    referral = Referral.objects.get()
    assert (referral.referrer, referral.referee, referral.redemption, referral.number) == (ada, bob, redemption, 1)
    assert (codes_of(ada, thanks), codes_of(bob, thanks)) == (1, 0)
    assert (codes_of(ada, welcome), codes_of(bob, welcome)) == (0, 1)
    assert Publication.objects.get(customer=ada, campaign=thanks).channel == "Automation"


@pytest.mark.django_db
def test_a_use_that_was_rolled_back_before_it_was_counted_is_no_referral():
    thanks = reward()
    campaign = program(reward=thanks)
    ada, bob = CustomerFactory(), CustomerFactory()
    code = referral_code(campaign, ada)

    roll_back(redeem(code, customer=bob, by=STAFF), by=STAFF)
    all_passed_on()
    at_first = (Referral.objects.count(), codes_of(ada, thanks))
    redeem(Voucher.objects.get(pk=code.pk), customer=bob, by=STAFF)
    all_passed_on()

    assert (at_first, Referral.objects.count(), codes_of(ada, thanks)) == ((0, 0), 1, 1)


@pytest.mark.django_db
def test_a_referee_counts_once():
    thanks = reward()
    campaign = program(reward=thanks)
    ada, bob, carl = (CustomerFactory() for _ in range(3))
    code, other = referral_code(campaign, ada), referral_code(campaign, carl)

    for voucher in (code, code, other):
        redeem(Voucher.objects.get(pk=voucher.pk), customer=bob, by=STAFF)
    all_passed_on()

    assert Referral.objects.count() == 1
    assert (codes_of(ada, thanks), codes_of(carl, thanks)) == (1, 0)


@pytest.mark.django_db
def test_the_referrer_cannot_redeem_their_own_code():
    campaign, ada = program(), CustomerFactory()
    code = referral_code(campaign, ada)

    with pytest.raises(ReferrerNotPermitted) as refused:
        redeem(code, customer=ada, by=STAFF)

    assert refused.value.key == "referrer_not_permitted_to_redeem"
    assert Redemption.objects.get().failure_code == "referrer_not_permitted_to_redeem"
    code.refresh_from_db()
    assert code.redeemed_quantity == 0


@pytest.mark.django_db
def test_who_redeems_without_a_name_is_nobodys_referee():
    campaign = program(reward=reward())

    redeem(referral_code(campaign, CustomerFactory()), by=STAFF)
    all_passed_on()

    assert Referral.objects.count() == 0


@pytest.mark.django_db
def test_every_third_referee_is_rewarded():
    thanks = reward()
    campaign, ada = program(reward=thanks, every=3), CustomerFactory()
    code = referral_code(campaign, ada)
    counts = []

    for _ in range(7):
        redeem(Voucher.objects.get(pk=code.pk), customer=CustomerFactory(), by=STAFF)
        all_passed_on()
        counts.append(codes_of(ada, thanks))

    assert counts == [0, 0, 1, 1, 1, 2, 2]


@pytest.mark.django_db
def test_everybody_in_the_segment_is_invited_once():
    ada, bob = CustomerFactory(), CustomerFactory()
    segment = create_static_segment("Regulars", [ada.public_id], by=STAFF)
    campaign = program(invite=segment)
    walk_segments()
    publish_all()
    fill_segment(segment, [bob.public_id], by=STAFF)
    WatchedSegment.objects.update(looked_at="2000-01-01T00:00Z")
    look_at_segments()
    all_passed_on()

    assert (codes_of(ada, campaign), codes_of(bob, campaign)) == (1, 1)


@pytest.mark.django_db
def test_a_program_is_changed_without_losing_what_waits():
    thanks, more = reward(), CampaignFactory(name="More", codes=9)
    campaign, ada = program(reward=thanks), CustomerFactory()
    redeem(referral_code(campaign, ada), customer=CustomerFactory(), by=STAFF)

    changed = set_up_program(campaign, reward=more, by=STAFF)
    all_passed_on()

    assert (codes_of(ada, thanks), codes_of(ada, more)) == (0, 1)
    assert changed.reward_referrer.status == "active"
    assert changed.invite is None


@pytest.mark.django_db
def test_a_part_that_is_left_out_ends():
    campaign = program(reward=reward())
    part = ReferralProgram.objects.get().reward_referrer

    set_up_program(campaign, by=STAFF)

    part.refresh_from_db()
    assert part.status == "archived"


@pytest.mark.django_db
def test_only_a_referral_program_is_one_and_its_own_codes_are_no_reward():
    campaign = program()

    with pytest.raises(NoProgram):
        set_up_program(reward(), by=STAFF)
    with pytest.raises(NoProgram):
        set_up_program(campaign, reward=campaign, by=STAFF)


@pytest.mark.django_db
def test_a_referral_program_is_joined_once():
    made = create_campaign({"name": "Friends", "kind": "REFERRAL_PROGRAM"}, by=STAFF)

    assert made.join_once


@pytest.mark.django_db(transaction=True)
def test_many_redemptions_and_workers_at_once_count_each_referee_once():
    thanks = reward()
    campaign, ada = program(reward=thanks), CustomerFactory()
    code = referral_code(campaign, ada)
    friends = CustomerFactory.create_batch(10)
    start, wrong = threading.Barrier(8), []

    def work(number):
        try:
            start.wait(60)
            for friend in friends:
                redeem(code, customer=friend, by=STAFF)
                if number % 2:
                    drain_outbox()
        except Exception as problem:
            wrong.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    all_passed_on()

    assert wrong == []
    assert Redemption.objects.count() == 80
    assert sorted(Referral.objects.values_list("number", flat=True)) == list(range(1, 11))
    assert codes_of(ada, thanks) == 10
    assert Outbox.objects.count() == 0


@pytest.mark.django_db
def test_the_api_tells_of_referrals():
    campaign, shop = program(), Api()
    ada, bob = CustomerFactory(), CustomerFactory()
    code = referral_code(campaign, ada)

    own = shop.post(f"vouchers/{code.code}/redemption", {"customer": {"source_id": ada.source_id}})
    order = {"customer": {"source_id": bob.source_id}, "order": {"amount": 2000}}
    redeemed = shop.post(f"vouchers/{code.code}/redemption", order).json
    pass_on()
    referee, referrer = (shop.get(f"customers/{customer.source_id}").json for customer in (ada, bob)[::-1])

    assert own.error == (
        400, "referrer_not_permitted_to_redeem", "referrer is not permitted to redeem", code.code,
    )  # fmt: skip
    assert redeemed["order"]["referrer_id"] == ada.public_id
    assert (redeemed["voucher"]["is_referral_code"], redeemed["voucher"]["referrer_id"]) == (True, ada.public_id)
    (told,) = referee["referrals"]["campaigns"]
    assert referee["referrals"]["total"] == 1
    assert told | {"date": ""} == {
        "campaign_id": campaign.public_id,
        "referrer_id": ada.public_id,
        "related_object_id": redeemed["id"],
        "related_object_type": "redemption",
        "date": "",
    }
    assert referrer["loyalty"]["referred_customers"] == 1
