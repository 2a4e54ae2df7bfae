"""The pages of a referral program."""

import pytest

from campaigns.codes.models import Voucher
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.models import Referral
from tests.publications.referrals.test_referrals import all_passed_on, program, referral_code, reward
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db


def page_of(campaign, page="referrals"):
    return f"/campaigns/{campaign.public_id}/{page}"


def test_a_program_is_set_up(signed_in):
    campaign, thanks = program(), reward()

    answer = signed_in("Manager").post(
        page_of(campaign, "program"), {"reward": "Reward", "every": "2", "by_email": "on"}
    )

    part = campaign.program.reward_referrer
    assert answer.url == page_of(campaign)
    assert (part.campaign, part.status, part.rule.every, part.message) == (thanks, "active", 2, "email")


def test_what_cannot_be_is_told(signed_in):
    campaign = program()

    answer = signed_in("Manager").post(page_of(campaign, "program"), {"reward": "Friends"})

    assert answer.context["form"].non_field_errors() == [
        "The reward must come from another campaign than the referral codes."
    ]


def test_the_page_tells_who_referred_whom_and_what_they_got(signed_in):
    campaign = program(reward=reward())
    ada, bob = CustomerFactory(name="Ada"), CustomerFactory(name="Bob")
    redeem(referral_code(campaign, ada), customer=bob, by=STAFF)
    all_passed_on()

    page = signed_in("Viewer").get(page_of(campaign))
    ranks = signed_in("Viewer").get(page_of(campaign, "referrers"))

    assert {name: page.context[name] for name in ("holders", "referees", "for_referrers", "for_referees")} == {
        "holders": 1, "referees": 1, "for_referrers": 1, "for_referees": 0,
    }  # fmt: skip
    assert "Bob" in page.content.decode() and "Ada" in page.content.decode()
    assert [row.get_cell("rewards") for row in ranks.context["table"].rows] == ["1"]


def test_a_redemption_that_was_rolled_back_later_is_marked(signed_in):
    campaign = program()
    code = referral_code(campaign, CustomerFactory())
    kept, back = (redeem(Voucher.objects.get(pk=code.pk), customer=CustomerFactory(), by=STAFF) for _ in range(2))
    all_passed_on()
    roll_back(back, by=STAFF)

    rows = signed_in("Viewer").get(page_of(campaign)).context["table"].rows

    shown = {row.record.redemption_id: row.get_cell("used") for row in rows}
    assert shown == {
        kept.pk: '<span class="pill good">Redeemed</span>', back.pk: '<span class="pill warn">Rolled back</span>',
    }  # fmt: skip


def test_other_campaigns_have_no_such_page(signed_in):
    assert signed_in("Manager").get(page_of(CampaignFactory())).status_code == 404


@pytest.mark.parametrize("count", [1, 50])
def test_the_page_costs_the_same_with_one_and_with_fifty(signed_in, django_assert_num_queries, count):
    campaign, viewer = program(), signed_in("Viewer")
    code = referral_code(campaign, CustomerFactory())
    for customer in CustomerFactory.create_batch(count):
        redeem(code, customer=customer, by=STAFF)
    all_passed_on()
    viewer.get(page_of(campaign))

    assert Referral.objects.count() == count
    with django_assert_num_queries(14):
        viewer.get(page_of(campaign))
    with django_assert_num_queries(15):
        viewer.get(page_of(campaign, "referrers"))
