"""Every event is noted by the verb itself, once, for those who listen, and told without what a page would not show."""

import json

import pytest
from django.db import IntegrityError, transaction

from campaigns.codes.actions.switch_code import disable_code, enable_code
from campaigns.codes.models import Voucher
from config.alerts.actions.keep_alerts import Found, keep_alerts
from config.alerts.models import Kind
from config.events.models import Outbox
from customers.actions.edit_customer import edit_customer
from publications.actions.publish import publish
from publications.actions.release import release
from publications.dashboard.drain_outbox import drain_outbox
from publications.dashboard.erase_customer import erase_customer
from publications.distributions.actions.change_status import hold, pause, resume, stop
from publications.distributions.event_answers import READERS as OF_DISTRIBUTIONS
from publications.distributions.reasons import StatusReason
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.refusals import RedemptionRefused
from publications.refusals import PublishRefused
from publications.webhooks.compose import READERS
from publications.webhooks.models import EVENTS, WebhookAddress, WebhookDelivery
from tests.support.distributions import running
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, UserFactory, VoucherFactory, published
from tests.support.settling import handed_out, settled
from tests.support.webhooks import listening

pytestmark = pytest.mark.django_db


def told():
    """What is told from here on, in order: [(kind, data), …]."""
    drain_outbox()
    before = set(WebhookDelivery.objects.values_list("pk", flat=True))

    def now():
        drain_outbox()
        new = WebhookDelivery.objects.exclude(pk__in=before).order_by("event")
        return [(one.kind, json.loads(one.body)["data"]) for one in new]

    return now


def refused(campaign, customer):
    with pytest.raises(PublishRefused):
        publish(campaign, customer, channel="API", origin="api", by=STAFF)


def test_every_event_that_can_be_chosen_can_be_told():
    assert set(EVENTS) == {*READERS, *OF_DISTRIBUTIONS}


def test_an_attempt_to_publish_that_failed_is_told_once_however_often_it_is_repeated():
    listening("https://x.example.com/", "publication.failed")
    campaign, customer = CampaignFactory(), CustomerFactory()
    new = told()

    refused(campaign, customer), refused(campaign, customer)

    kinds = new()
    assert {kind for kind, _ in kinds} == {"publication.failed"}
    assert len(kinds) <= 2  # two, where the minute ended in between
    data = kinds[0][1]
    assert (data["publication"]["result"], data["publication"]["failure_code"]) == (
        "FAILURE",
        "no_voucher_suitable_for_publication",
    )
    assert (data["campaign"]["id"], data["customer"]["id"]) == (campaign.public_id, customer.public_id)


def test_a_redemption_that_failed_and_a_rollback_are_told():
    listening(
        "https://x.example.com/",
        "redemption.failed",
        "redemption.rollback.succeeded",
        "redemption.rollback.failed",
    )
    customer = CustomerFactory()
    voucher = published(VoucherFactory(redemption_limit=1), customer).vouchers[0]
    new = told()

    use = redeem(voucher, customer=customer, by=STAFF)
    with pytest.raises(RedemptionRefused):
        redeem(voucher, customer=customer, by=STAFF)
    roll_back(use, reason="Order cancelled", by=STAFF)
    with pytest.raises(RedemptionRefused):
        roll_back(use, by=STAFF)

    (failed, of_failed), (undone, of_undone), (again, of_again) = new()
    assert (failed, undone, again) == (
        "redemption.failed",
        "redemption.rollback.succeeded",
        "redemption.rollback.failed",
    )
    assert (of_failed["redemption"]["failure_code"], of_failed["voucher"]["code"]) == (
        "quantity_exceeded",
        voucher.code,
    )
    assert (of_undone["redemption"]["object"], of_undone["redemption"]["redemption"]) == (
        "redemption_rollback",
        use.public_id,
    )
    assert of_undone["redemption"]["reason"] == "Order cancelled"
    assert of_again["redemption"]["failure_code"] == "already_rolled_back"


def test_a_release_tells_who_had_the_code_and_that_it_is_retired():
    listening("https://x.example.com/", "voucher.released", "voucher.retired")
    customer = CustomerFactory(email="mara@example.com")
    publication = published(customer=customer)
    new = told()

    release(publication.vouchers[0], by=STAFF, reason="Sent to the wrong customer")

    (released, of_released), (retired, of_retired) = new()
    assert (released, retired) == ("voucher.released", "voucher.retired")
    assert of_released["customer"]["email"] == "mara@example.com"
    assert (of_released["publication"]["id"], of_released["reason"]) == (
        publication.public_id,
        "Sent to the wrong customer",
    )
    assert of_retired["voucher"]["id"] == publication.vouchers[0].public_id


def test_a_release_of_a_settled_code_tells_to_whom_it_was_settled_and_goes_with_them():
    listening("https://x.example.com/", "voucher.released")
    export = handed_out(CampaignFactory(codes=2))
    code, other = Voucher.objects.filter(campaign=export.campaign).order_by("pk")
    mara = CustomerFactory(email="mara@example.com", source_id="shop-1")
    settled(export.publication, f"Code,Customer source ID\n{code.code},shop-1\n")
    new = told()

    release(code, by=STAFF, reason="Sent to the wrong customer")
    release(other, by=STAFF, reason="Returned")

    (_, of_settled), (_, of_open) = new()
    assert (of_settled["customer"]["email"], of_open["customer"]) == ("mara@example.com", None)
    erase_customer(mara, by=STAFF)
    assert not WebhookDelivery.objects.filter(body__contains="mara@example.com").exists()


def test_a_code_that_went_back_into_the_pool_is_not_told_in_clear():
    listening("https://x.example.com/", "voucher.released", "voucher.retired")
    voucher = published().vouchers[0]
    new = told()

    release(voucher, by=STAFF, reason="A mistake", back_to_pool=True)

    ((kind, data),) = new()
    assert kind == "voucher.released"
    assert voucher.code not in json.dumps(data)


def test_a_code_that_is_switched_is_told_and_an_unpublished_one_is_masked():
    listening("https://x.example.com/", "voucher.disabled", "voucher.enabled")
    unpublished, held = VoucherFactory(), published().vouchers[0]
    new = told()

    disable_code(unpublished, by=STAFF), disable_code(unpublished, by=STAFF)
    disable_code(held, by=STAFF), enable_code(held, by=STAFF)

    found = new()
    assert [kind for kind, _ in found] == ["voucher.disabled", "voucher.disabled", "voucher.enabled"]
    assert unpublished.code not in json.dumps(found)
    assert found[1][1]["voucher"]["code"] == held.code


def test_a_customer_is_told_when_created_changed_and_erased():
    listening("https://x.example.com/", "customer.created", "customer.updated", "customer.deleted")
    new = told()

    customer = CustomerFactory(name="Mara", email="mara@example.com")
    created = new()
    edit_customer(customer, {"name": "Mara Lind"}, by=STAFF)
    edit_customer(customer, {"name": "Mara Lind"}, by=STAFF)
    changed = new()[len(created) :]
    erase_customer(customer, by=STAFF)
    after = new()

    assert [(kind, data["customer"].get("name")) for kind, data in created] == [("customer.created", "Mara")]
    assert [(kind, data["customer"].get("name")) for kind, data in changed] == [("customer.updated", "Mara Lind")]
    # What still waited was about nothing else, and is gone with what it said.
    assert after == [("customer.deleted", {"customer": {"id": customer.public_id, "object": "customer"}})]


def test_a_distribution_that_pauses_and_ends_is_told():
    listening("https://x.example.com/", "distribution.paused", "distribution.ended")
    run = running(1, name="Advent")
    new = told()

    pause(run, by=STAFF)
    resume(run, by=STAFF)
    hold(run, StatusReason.POOL_EMPTY)
    paused = new()
    stop(run, by=STAFF)

    assert [kind for kind, _ in paused] == ["distribution.paused", "distribution.paused"]
    (kind, data) = new()[-1]
    assert (kind, data["distribution"]["name"], data["distribution"]["status"]) == (
        "distribution.ended",
        "Advent",
        "stopped",
    )


def test_a_pool_that_runs_low_is_an_event_of_its_own():
    UserFactory(role="Manager")
    listening("https://x.example.com/", "campaign.pool.low", "campaign.pool.empty")
    campaign = CampaignFactory()
    new = told()

    for kind in (Kind.POOL_LOW, Kind.POOL_EMPTY, Kind.WEBHOOK_PAUSED):
        for _ in range(2):
            keep_alerts(kind, [Found(campaign.public_id, "Low")])

    assert [(kind, data["subject"]) for kind, data in new()] == [
        ("campaign.pool.low", campaign.public_id),
        ("campaign.pool.empty", campaign.public_id),
    ]


def test_an_address_is_told_of_its_campaigns_alone_and_of_what_is_about_none():
    mine, other = CampaignFactory(codes=1), CampaignFactory(codes=1)
    listening("https://x.example.com/", "publication.succeeded", "publication.failed", "customer.created")
    WebhookAddress.objects.update(campaigns=[mine.pk])
    new = told()

    customer = CustomerFactory()
    for campaign in (mine, other):
        publish(campaign, customer, channel="API", origin="api", by=STAFF)
        refused(campaign, customer)

    assert [(kind, data.get("campaign", {}).get("id")) for kind, data in new()] == [
        ("customer.created", None),
        ("publication.succeeded", mine.public_id),
        ("publication.failed", mine.public_id),
    ]


def test_without_a_listener_nothing_is_noted():
    customer = CustomerFactory()
    voucher = published(customer=customer).vouchers[0]
    refused(CampaignFactory(), customer)
    disable_code(voucher, by=STAFF)
    edit_customer(customer, {"name": "Mara Lind"}, by=STAFF)
    release(voucher, by=STAFF, reason="A mistake")
    erase_customer(customer, by=STAFF)

    assert not Outbox.objects.exists()


def test_the_form_names_campaigns_and_says_which_it_does_not_know(signed_in):
    campaign, second = CampaignFactory(name="Advent"), CampaignFactory(name="Spring, early")
    address = listening()
    browser, page = signed_in("Manager"), f"/settings/webhooks/{address.public_id}/edit"
    given = {"url": address.url, "events": ["publication.failed"], "campaigns": f"Advent\n{second.public_id}\n\n"}

    wrong = browser.post(page, {**given, "campaigns": "Advent\nWinter"}).content.decode()
    browser.post(page, given)

    address.refresh_from_db()
    assert "There is no campaign “Winter”." in wrong
    assert address.campaigns == [campaign.pk, second.pk]
    assert "Advent\nSpring, early" in browser.get(page).content.decode()
    assert (
        f'href="/campaigns/{campaign.public_id}/"'
        in browser.get(f"/settings/webhooks/{address.public_id}/").content.decode()
    )


def test_the_database_knows_the_events():
    address = listening()
    with pytest.raises(IntegrityError), transaction.atomic():
        WebhookAddress.objects.filter(pk=address.pk).update(events=["voucher.made_up"])
    WebhookAddress.objects.filter(pk=address.pk).update(events=list(EVENTS))
