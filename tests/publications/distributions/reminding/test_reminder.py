"""A reminder sends holders of unused codes their own code: no new one, one message for each code, asked again at the end."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns.codes.actions.switch_code import disable_code
from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from customers.segments.models import Segment, SegmentMember
from publications.actions.release import release
from publications.dashboard.erase_customer import erase_customer
from publications.dashboard.verify import verify
from publications.distributions.actions.advance import advance
from publications.distributions.actions.publish_batch import publish_batch
from publications.distributions.actions.unsubscribe import unsubscribe
from publications.distributions.actions.write_audience import write_audience
from publications.distributions.audience import audience_of
from publications.distributions.models import Delivery, KeptMessage
from publications.distributions.queries.dry_run import dry_run
from publications.models import PublishedVoucher
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.actions.roll_back import roll_back
from publications.watch.actions.forecast_pools import planned_of
from tests.support.distributions import draft, start
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published
from tests.support.settling import handed_out, settled

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def stored(settings):
    settings.EMAIL_BACKEND = "publications.distributions.sending.stored_email_backend.KeepMessages"


def holders(campaign, count=1):
    return [published(VoucherFactory(campaign=campaign), CustomerFactory()) for _ in range(count)]


def reminder(campaign, **fields):
    return draft(campaign=campaign, audience="holders", remind=True, skip_holders=False, **fields)


def states(run):
    return {
        delivery.reminds.voucher.code: (delivery.state, delivery.reason)
        for delivery in Delivery.objects.filter(distribution=run).select_related("reminds__voucher")
    }


def broken():
    return [found.name for found in verify() if found.violations and "survives a crash" not in found.name]


def test_each_holder_gets_the_code_that_they_hold_and_none_is_published():
    campaign = CampaignFactory(codes=3)
    publications = holders(campaign, 2)
    run = start(reminder(campaign))

    advance(run.pk)

    run.refresh_from_db()
    assert run.status == "done"
    assert PublishedVoucher.objects.count() == 2
    told = {message.to: message.text for message in KeptMessage.objects.all()}
    assert {
        to: publication.vouchers[0].code in told[to]
        for publication in publications
        for to in [publication.customer.email]
    } == {publication.customer.email: True for publication in publications}
    assert set(states(run).values()) == {("kept", "")}
    assert broken() == []


def test_who_holds_two_codes_gets_a_message_for_each_and_who_shares_an_address_too():
    campaign = CampaignFactory()
    mara, twin = CustomerFactory(email="mara@example.com"), CustomerFactory(email="Mara@example.com")
    for who in (mara, mara, twin):
        published(VoucherFactory(campaign=campaign), who)

    advance(start(reminder(campaign)).pk)

    assert KeptMessage.objects.count() == 3


@pytest.mark.parametrize("of_type", ["static", "auto-update"])
def test_only_holders_in_the_segment_are_reminded_where_one_is_chosen(of_type):
    campaign = CampaignFactory()
    ann, ben = (published(VoucherFactory(campaign=campaign), CustomerFactory(name=name)) for name in ("Ann", "Ben"))
    segment = Segment.objects.create(
        name="Testers",
        type=of_type,
        filter=None if of_type == "static" else {"junction": "and", "name": {"conditions": {"$is": ["Ann"]}}},
    )
    if of_type == "static":
        SegmentMember.objects.create(segment=segment, customer=ann.customer)
    run = reminder(campaign, segment=segment)
    counted, audience = dry_run(run), list(audience_of(run))

    advance(start(run).pk)

    assert (counted.recipients, counted.left_out, audience) == (1, {}, [ann.customer])
    assert set(states(run)) == {ann.vouchers[0].code} and ben.customer.deliveries.count() == 0
    assert broken() == []


def test_a_settled_code_of_a_hand_out_is_its_customers_and_an_open_one_nobodys():
    export = handed_out(CampaignFactory(codes=2))
    code, _ = Voucher.objects.filter(campaign=export.campaign).order_by("pk")
    settled(
        export.publication, f"Code,Customer source ID\n{code.code},{CustomerFactory(source_id='shop-1').source_id}\n"
    )
    run = start(reminder(export.campaign))

    advance(run.pk)

    assert states(run) == {code.code: ("kept", "")}
    assert broken() == []


def test_what_was_used_is_not_in_it_and_what_is_worthless_is_left_out_with_its_reason():
    campaign = CampaignFactory()
    used, back, off, over, gone, good = holders(campaign, 6)
    redeem(used.vouchers[0], by=STAFF)
    roll_back(redeem(back.vouchers[0], by=STAFF), by=STAFF)
    disable_code(off.vouchers[0], by=STAFF)
    Voucher.objects.filter(pk=over.vouchers[0].pk).update(expiration_date=timezone.now() - timedelta(hours=1))
    release(gone.vouchers[0], by=STAFF, reason="Wrong person")
    unsubscribe(good.customer, by=STAFF)
    made = reminder(campaign)
    expected = {"code_disabled": 1, "code_expired": 1, "unsubscribed": 1}

    foreseen = dry_run(made)
    run = start(made)
    advance(run.pk)

    assert (foreseen.recipients, foreseen.codes_needed, foreseen.left_out) == (1, 0, expected)
    assert states(run) == {
        back.vouchers[0].code: ("kept", ""),
        off.vouchers[0].code: ("skipped", "code_disabled"),
        over.vouchers[0].code: ("skipped", "code_expired"),
        good.vouchers[0].code: ("skipped", "unsubscribed"),
    }


@pytest.mark.parametrize("ready", [False, True])
def test_each_is_asked_again_at_the_moment_of_sending(ready):
    campaign = CampaignFactory()
    used, off, over, gone, left, erased, good = holders(campaign, 7)
    run = start(reminder(campaign))
    while write_audience(run.pk):
        pass
    if ready:
        publish_batch(run.pk)

    redeem(used.vouchers[0], by=STAFF)
    disable_code(off.vouchers[0], by=STAFF)
    Voucher.objects.filter(pk=over.vouchers[0].pk).update(expiration_date=timezone.now())
    release(gone.vouchers[0], by=STAFF, reason="Wrong person", back_to_pool=True)
    unsubscribe(left.customer, by=STAFF)
    erase_customer(erased.customer, by=STAFF)
    published(gone.vouchers[0], CustomerFactory())  # the code is somebody else's by now
    advance(run.pk)

    assert states(run) == {
        used.vouchers[0].code: ("skipped", "code_used"),
        off.vouchers[0].code: ("skipped", "code_disabled"),
        over.vouchers[0].code: ("skipped", "code_expired"),
        gone.vouchers[0].code: ("skipped", "code_released"),
        left.vouchers[0].code: ("skipped", "unsubscribed"),
        erased.vouchers[0].code: ("skipped", "erased"),
        good.vouchers[0].code: ("kept", ""),
    }
    assert KeptMessage.objects.count() == 1
    assert broken() == []


def test_codes_that_outlive_their_campaign_are_told_with_their_own_day():
    campaign = CampaignFactory()
    last = timezone.now() + timedelta(days=30)
    (publication,) = holders(campaign)
    Voucher.objects.filter(pk=publication.vouchers[0].pk).update(expiration_date=last)
    holders(campaign)  # whose code ends with the campaign
    Campaign.objects.filter(pk=campaign.pk).update(expiration_date=timezone.now() - timedelta(days=1))
    run = start(reminder(campaign, body="{{ code }} until {{ expires }}"))

    advance(run.pk)

    (message,) = KeptMessage.objects.all()
    assert f"until {timezone.localtime(last).day} {last:%B}" in message.text


def test_a_disabled_campaign_pauses_it():
    campaign = CampaignFactory()
    holders(campaign)
    run = start(reminder(campaign))
    while write_audience(run.pk):
        pass
    Campaign.objects.filter(pk=campaign.pk).update(active=False)

    advance(run.pk)

    run.refresh_from_db()
    assert (run.status, run.status_reason) == ("held", "campaign_disabled")


def test_the_audience_is_written_in_batches_of_codes(monkeypatch):
    monkeypatch.setattr("publications.distributions.actions.write_audience.BATCH", 2)
    campaign = CampaignFactory(codes=3)
    holders(campaign, 3)
    run = start(reminder(campaign))

    batches = 1
    while write_audience(run.pk):
        batches += 1

    assert batches == 4
    assert Delivery.objects.filter(distribution=run, state="pending").count() == 3


def test_the_database_keeps_a_second_reminder_and_one_that_also_publishes():
    campaign = CampaignFactory(codes=1)
    (publication,) = holders(campaign)
    run = start(reminder(campaign))
    write_audience(run.pk)
    (delivery,) = Delivery.objects.all()

    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(
            distribution=run, customer=publication.customer, firing="again", reminds_id=delivery.reminds_id
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.filter(pk=delivery.pk).update(publication=publication)
    with pytest.raises(IntegrityError), transaction.atomic():
        draft(campaign=campaign, audience="holders")
    with pytest.raises(IntegrityError), transaction.atomic():
        reminder(campaign, message="none")


def test_a_reminder_takes_no_codes_in_the_forecast_of_the_pool():
    campaign = CampaignFactory(codes=5)
    holders(campaign, 3)
    start(reminder(campaign))

    assert planned_of([campaign], timezone.localdate()) == {}


def test_join_once_and_holding_a_code_leave_nobody_out():
    campaign = CampaignFactory(join_once=True)
    holders(campaign, 2)

    assert dry_run(reminder(campaign)).recipients == 2
