"""`manage.py verify` sees each invariant of firings and referrals broken: here each is broken on purpose."""

import pytest

from publications.automation.models import Firing
from publications.distributions.models import Delivery
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.models import Referral
from tests.publications.automation.test_automation_triggers import older
from tests.publications.distributions.test_verify_distributions import broken, sql
from tests.publications.referrals.test_referrals import all_passed_on, program, referral_code
from tests.support.automations import automation, pass_on, publish_all
from tests.support.factories import STAFF, CustomerFactory

pytestmark = pytest.mark.django_db


def fired():
    automation("customer_created")
    older()
    CustomerFactory()
    pass_on()
    publish_all()
    assert broken() == set()


def test_a_delivery_to_somebody_else():
    fired()
    Delivery.objects.update(firing="event 0")

    assert broken() == {"a firing has a delivery of its own, of the same distribution, customer and trigger"}


def test_a_trigger_that_fired_twice():
    fired()
    sql("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE automation_firing DROP CONSTRAINT firing_once")
    one = Firing.objects.get()
    Firing.objects.create(
        distribution=one.distribution, key=one.key, customer=one.customer, outcome="skipped", reason="too_often"
    )

    assert broken() == {"a trigger met a rule once for a customer"}


def test_a_referral_that_is_not_numbered():
    campaign = program()
    redeem(referral_code(campaign, CustomerFactory()), customer=CustomerFactory(), by=STAFF)
    all_passed_on()
    assert broken() == set()
    Referral.objects.update(number=2)

    assert broken() == {"a referee counts once in a program, by somebody else, and a referrer's are numbered from 1"}
