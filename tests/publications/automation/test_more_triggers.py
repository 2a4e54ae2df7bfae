"""Rules that wait for a release, a failure, a roll-back or an expired code: for the customer whom it is about."""

import pytest

from campaigns.codes.actions.note_expired import note_expired
from campaigns.codes.actions.switch_code import disable_code
from config.events.models import Listener, Outbox
from publications.actions.publish import publish
from publications.actions.release import release
from publications.automation.actions.activate import LoopFound
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.refusals import RedemptionRefused
from publications.refusals import PublishRefused
from tests.campaigns.codes.test_note_expired import expired, look
from tests.support.automations import automation, fired_for, pass_on, skipped
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published
from tests.support.settling import handed_out, settled

pytestmark = pytest.mark.django_db


def test_a_released_code_fires_for_whoever_had_it_and_a_file_for_nobody():
    rule = automation("code_released")
    publication = published(VoucherFactory(), CustomerFactory())
    export = handed_out(CampaignFactory(codes=2))
    code, other = export.campaign.vouchers.order_by("pk")
    mara = CustomerFactory(source_id="shop-1")
    settled(export.publication, f"Code,Customer source ID\n{code.code},shop-1\n")

    for voucher in (publication.vouchers[0], code, other):
        release(voucher, by=STAFF, reason="Wrong person")
    pass_on()

    assert fired_for(rule) == [publication.customer_id, mara.pk]
    assert skipped(rule) == {}


def test_a_failed_redemption_fires_for_the_customer_who_was_named():
    campaign = CampaignFactory()
    rule, other = automation("redemption_failed", of=campaign), automation("redemption_failed", of=CampaignFactory())
    voucher, mara = VoucherFactory(campaign=campaign), CustomerFactory()
    published(voucher, mara)
    disable_code(voucher, by=STAFF)

    for who in (mara, None):
        with pytest.raises(RedemptionRefused):
            redeem(voucher, customer=who, by=STAFF)
    pass_on()

    assert (fired_for(rule), skipped(rule), fired_for(other)) == ([mara.pk], {}, [])


def test_a_rolled_back_redemption_fires_for_its_customer():
    rule, mara = automation("rolled_back"), CustomerFactory()

    roll_back(redeem(VoucherFactory(), customer=mara, by=STAFF), by=STAFF)
    pass_on()

    assert fired_for(rule) == [mara.pk]


def test_a_failed_publication_fires_once_for_equal_attempts():
    rule, empty, mara = automation("publication_failed"), CampaignFactory(), CustomerFactory()

    for _ in range(2):
        with pytest.raises(PublishRefused):
            publish(empty, mara, channel="API", origin="api", by=STAFF)
    pass_on()

    assert fired_for(rule) == [mara.pk]


def test_an_expired_code_fires_for_its_holder_unless_it_was_used():
    campaign = CampaignFactory()
    rule = automation("code_expired", of=campaign)
    look()
    unused, used = (published(VoucherFactory(campaign=campaign), CustomerFactory()) for _ in range(2))
    redeem(used.vouchers[0], by=STAFF)

    expired(*unused.vouchers, *used.vouchers)
    note_expired()
    pass_on()

    assert fired_for(rule) == [unused.customer_id]


def test_a_code_that_replaces_an_expired_one_and_expires_is_a_loop():
    campaign = CampaignFactory(codes=10)
    with pytest.raises(LoopFound, match="which may expire, which starts"):
        automation("code_expired", of=campaign, campaign=campaign)
    automation("code_expired", of=campaign)


def test_nothing_is_noted_of_what_no_rule_waits_for():
    Listener.objects.all().delete()
    release(published().vouchers[0], by=STAFF, reason="Wrong person")
    look()

    assert not Outbox.objects.exists()
