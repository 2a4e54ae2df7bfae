"""Who earned a code and has no e-mail address gets the code; the message follows once there is an address."""

import pytest
from django.core import mail
from django.urls import reverse

from campaigns.models import Campaign
from customers.actions.track_event import track_event
from customers.models import Customer
from publications.automation.models import Rule
from publications.distributions.actions.advance import advance
from publications.distributions.actions.change_status import NotPossible
from publications.distributions.actions.retry_failed import can_be_sent_now, retry_failed, without_message
from publications.distributions.models import Delivery
from publications.models import Publication
from publications.redemptions.actions.redeem import redeem
from publications.referrals.actions.set_up_program import set_up_program
from tests.support.automations import automation, pass_on, publish_all
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, published

pytestmark = pytest.mark.django_db


def carry_on(*distributions):
    Rule.objects.update(activated_at="2020-01-01T00:00:00Z")  # within a test's one transaction no time passes
    pass_on()
    pass_on()
    publish_all()
    for distribution in distributions:
        advance(distribution.pk, seconds=0.1)


def told(distribution) -> list[tuple[str, str, bool]]:
    rows = Delivery.objects.filter(distribution=distribution).order_by("pk")
    return [(row.state, row.reason, row.publication_id is not None) for row in rows]


def test_a_referrer_and_a_referee_without_an_address_get_their_rewards_and_are_told_later():
    program = CampaignFactory(kind=Campaign.Kind.REFERRAL_PROGRAM, codes=1)
    reward, welcome = CampaignFactory(codes=3), CampaignFactory(codes=3)
    parts = set_up_program(program, reward=reward, referee_reward=welcome, by_email=True, by=STAFF)
    referrer, referee = CustomerFactory(email=""), CustomerFactory(email="")
    redeem(published(program.vouchers.get(), referrer).vouchers[0], customer=referee, by=STAFF)

    carry_on(parts.reward_referrer, parts.reward_referee)

    for part, campaign, customer in (
        (parts.reward_referrer, reward, referrer),
        (parts.reward_referee, welcome, referee),
    ):
        assert told(part) == [("skipped", "no_email", True)]
        assert Publication.objects.get(campaign=campaign).customer == customer
        with pytest.raises(NotPossible):
            retry_failed(part, by=STAFF)
        Customer.objects.filter(pk=customer.pk).update(email=f"c{customer.pk}@example.com")
        assert retry_failed(part, by=STAFF) == 1
        advance(part.pk, seconds=0.1)
        assert told(part) == [("sent", "", True)]
        assert [message.to for message in mail.outbox][-1] == [f"c{customer.pk}@example.com"]
    assert Publication.objects.filter(campaign__in=[reward, welcome]).count() == 2


@pytest.mark.parametrize(("email", "reason"), [("", "no_email"), ("ada, bob", "not_an_email")])
def test_any_automatic_distribution_gives_the_code(email, reason):
    rule = automation("customer_created", message="email", campaign=CampaignFactory(codes=2))
    CustomerFactory(email=email)

    carry_on(rule)

    assert told(rule) == [("skipped", reason, True)]
    assert (without_message(rule).count(), can_be_sent_now(rule).count()) == (1, 0)


def test_what_was_earned_counts_although_nobody_was_told():
    rule = automation("event", event_name="order", at_most=1, message="email", campaign=CampaignFactory(codes=3))
    ada = CustomerFactory(email="")
    for _ in range(2):
        track_event("order", {"id": ada.public_id}, by=STAFF)
        carry_on(rule)

    assert Publication.objects.count() == 1


def test_the_page_tells_of_them_and_offers_to_tell_those_who_can_be_reached(signed_in):
    rule = automation("customer_created", message="email", campaign=CampaignFactory(codes=3))
    ada, _ = CustomerFactory(email=""), CustomerFactory(email="")
    carry_on(rule)
    browser, page = signed_in("Operator"), reverse("automation:automation", kwargs={"distribution_id": rule.pk})

    before = browser.get(page).content.decode()
    Customer.objects.filter(pk=ada.pk).update(email="ada@example.com")
    after = browser.get(page).content.decode()

    assert "2 customers have a code but were not notified." in before
    assert ("who can be reached now" in before, "Notify the 1 who can be reached now" in after) == (False, True)
