"""What is noted for webhooks: each thing once, in its own transaction, and only if somebody listens."""

import pytest
from django.db import transaction

from campaigns.codes.actions.extend_pool import fulfil_order, order_codes
from publications.actions.publish import publish, publish_code
from publications.actions.release import release
from publications.exports.actions.hand_out import order_hand_out
from publications.exports.actions.write_export import make_export_file
from publications.models import Publication
from publications.redemptions.actions.redeem import Use, redeem, redeem_together
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.refusals import RedemptionRefused
from publications.refusals import PublishRefused
from publications.webhooks.actions.delete_address import delete_address
from publications.webhooks.actions.pause_address import pause_address
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published
from tests.support.webhooks import listening, listening_to_main, outbox

pytestmark = pytest.mark.django_db(transaction=True)
HOW = {"origin": "api", "by": STAFF}


def test_a_publication_is_noted():
    listening()

    from_pool = publish(CampaignFactory(codes=3), CustomerFactory(), count=3, **HOW)
    named = published()

    assert outbox() == [("publication.succeeded", from_pool.pk), ("publication.succeeded", named.pk)]


def test_without_a_listener_nothing_is_noted():
    published()
    listening("https://crm.example.com/hook", "voucher.redeemed")
    published()

    assert outbox() == []


def test_who_is_paused_or_deleted_does_not_listen():
    paused, deleted = listening("https://a.example.com/"), listening("https://b.example.com/")
    pause_address(paused, by=STAFF)
    delete_address(deleted, by=STAFF)

    published()

    assert outbox() == []


def test_a_repeat_is_not_noted():
    listening()
    campaign, customer = CampaignFactory(codes=3), CustomerFactory()

    first = publish(campaign, customer, source_id="order-1", **HOW)
    publish(campaign, customer, source_id="order-1", **HOW)
    once = publish(campaign, customer, join_once=True, **HOW)
    publish(campaign, customer, join_once=True, **HOW)

    assert outbox() == [("publication.succeeded", first.pk), ("publication.succeeded", once.pk)]


def test_a_failed_attempt_is_not_noted():
    listening_to_main()
    voucher = VoucherFactory(active=False)

    with pytest.raises(PublishRefused):
        publish_code(voucher, CustomerFactory(), **HOW)
    with pytest.raises(PublishRefused):
        publish(CampaignFactory(), CustomerFactory(), **HOW)

    assert Publication.objects.filter(result="FAILURE").count() == 2
    assert outbox() == []


def test_what_is_rolled_back_is_not_noted():
    listening()

    with transaction.atomic():
        published()
        transaction.set_rollback(True)

    assert outbox() == []


def test_a_publication_out_of_a_pool_that_extends_itself_is_noted_once():
    listening()

    made = publish(CampaignFactory(auto_update=True), CustomerFactory(), **HOW)

    assert outbox() == [("publication.succeeded", made.pk)]


def test_a_hand_out_is_noted_once_when_all_of_it_is_published(monkeypatch):
    monkeypatch.setattr("publications.exports.actions.hand_out.CHUNK", 3)
    listening()

    export = order_hand_out(CampaignFactory(codes=8), count=8, by=STAFF, for_whom="Print shop")
    before = outbox()
    make_export_file(export.pk)
    make_export_file(export.pk)

    export.refresh_from_db()
    assert before == []
    assert outbox() == [("publication.succeeded", export.publication_id)]


def test_a_use_of_a_code_is_noted_its_failure_and_its_rollback_are_not():
    listening_to_main()
    campaign = CampaignFactory(redemption_limit=1)
    voucher = VoucherFactory(campaign=campaign)

    used = redeem(voucher, by=STAFF)
    with pytest.raises(RedemptionRefused):
        redeem(voucher, by=STAFF)
    roll_back(used, by=STAFF)

    assert outbox() == [("voucher.redeemed", used.pk)]


def test_of_codes_used_together_each_is_noted():
    listening_to_main()

    made = redeem_together([Use(VoucherFactory()), Use(VoucherFactory())], by=STAFF)

    assert sorted(outbox()) == sorted(("voucher.redeemed", redemption.pk) for redemption in made)


def test_an_order_of_codes_is_noted_when_its_last_code_is_made(monkeypatch):
    monkeypatch.setattr("campaigns.codes.actions.extend_pool.CHUNK", 10)
    order = order_codes(CampaignFactory(), count=25, by=STAFF)

    fulfil_order(order.pk)
    fulfil_order(order.pk)

    assert outbox() == [("campaign.vouchers.generation.completed", order.pk)]


def test_a_release_is_not_noted():
    listening_to_main()
    voucher = VoucherFactory()
    publication = published(voucher)

    release(voucher, by=STAFF, reason="Sent to the wrong person")

    assert outbox() == [("publication.succeeded", publication.pk)]
