"""The official Python SDK, unmodified, redeems and rolls back against this server."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import voucherify
from voucherify.exceptions import ApiException
from voucherify.models import (
    Customer,
    FilterConditionsString,
    Junction,
    Order,
    OrderItem,
    ParameterCreatedBeforeAfter,
    ParameterFiltersListRedemptions,
    ParameterFiltersListRedemptionsResult,
    ParameterFiltersListRedemptionsVoucherCode,
    ParameterOrderListRedemptions,
    RedemptionsRedeemRequestBody,
    RedemptionsRedeemRequestBodyRedeemablesItem,
    RedemptionsRedeemRequestBodyRedeemablesItemGift,
    RedemptionsRollbackCreateRequestBody,
    RedemptionsRollbacksCreateRequestBody,
)

from tests.config.api.clients.test_api_sdk import sdk  # noqa: F401 - a fixture
from tests.publications.redemptions.test_redeem import counted, gift
from tests.support.factories import CampaignFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def redemptions(sdk):  # noqa: F811
    return voucherify.RedemptionsApi(sdk)


def redeem(redemptions, *redeemables, **body):
    items = [
        RedemptionsRedeemRequestBodyRedeemablesItem(object="voucher", id=code, **more) for code, more in redeemables
    ]
    return redemptions.redeem_stacked_discounts(
        redemptions_redeem_request_body=RedemptionsRedeemRequestBody(redeemables=items, **body)
    )


def refused(call) -> tuple[int, str, str]:
    with pytest.raises(ApiException) as problem:
        call()
    body = json.loads(problem.value.body)
    return problem.value.status, body["key"], body["details"]


def gift_credits(amount):
    return {"gift": RedemptionsRedeemRequestBodyRedeemablesItemGift(credits=amount)}


def test_it_redeems_gets_and_rolls_back(redemptions):
    campaign = CampaignFactory(name="Coffee", discount_type="AMOUNT", discount_value=5, redemption_limit=3)
    voucher = VoucherFactory(campaign=campaign, code="ONE")
    holder = published(voucher).customer

    answer = redeem(
        redemptions,
        ("ONE", {}),
        customer=Customer(source_id="crm-1", name="Mara", metadata={"lang": "en"}),
        order=Order(
            source_id="A-1",
            amount=5500,
            status="PAID",
            items=[OrderItem(object="order_item", quantity=2, price=2750, amount=5500, source_id="bag")],
            metadata={"till": 3},
        ),
        metadata={"clerk": "Ben"},
    )

    (made,) = answer.redemptions
    assert (made.object, made.result, made.status, made.redemption) == ("redemption", "SUCCESS", "SUCCEEDED", None)
    assert (made.tracking_id, made.customer.source_id, made.customer.metadata) == ("crm-1", "crm-1", {"lang": "en"})
    assert (made.metadata, made.channel.channel_type) == ({"clerk": "Ben"}, "API")
    assert (made.related_object_type, made.related_object_id) == ("voucher", voucher.public_id)
    assert (made.voucher.code, made.voucher.campaign, made.voucher.holder_id) == ("ONE", "Coffee", holder.public_id)
    assert made.voucher.discount.amount_off == 500
    assert (made.voucher.redemption.quantity, made.voucher.redemption.redeemed_quantity) == (3, 1)
    assert made.var_date.tzinfo is not None
    assert (answer.order.source_id, answer.order.amount, answer.order.status) == ("A-1", 5500, "PAID")
    assert (answer.order.items[0].price, answer.order.items[0].quantity, answer.order.metadata) == (
        2750,
        2,
        {"till": 3},
    )
    assert (answer.parent_redemption, answer.inapplicable_redeemables, answer.skipped_redeemables) == (None, [], [])

    got = redemptions.get_redemption(made.id)
    assert (got.id, got.object, got.status, got.order.amount) == (made.id, "redemption", "SUCCEEDED", 5500)
    assert got.voucher.redemption.redeemed_quantity == 1

    rollback = redemptions.rollback_redemption(
        made.id,
        reason="Cancelled",
        redemptions_rollback_create_request_body=RedemptionsRollbackCreateRequestBody(metadata={"case": 7}),
    )
    assert (rollback.object, rollback.redemption, rollback.reason) == ("redemption_rollback", made.id, "Cancelled")
    assert (rollback.result, rollback.status, rollback.metadata) == ("SUCCESS", "SUCCEEDED", {"case": 7})
    assert (rollback.order.status, rollback.order.amount) == ("CANCELED", 5500)
    assert (rollback.customer.source_id, rollback.voucher.redemption.redeemed_quantity) == ("crm-1", 0)

    assert redemptions.get_redemption(made.id).status == "ROLLED_BACK"
    assert redemptions.get_redemption(rollback.id).object == "redemption_rollback"
    assert refused(lambda: redemptions.rollback_redemption(made.id)) == (
        400, "already_rolled_back", "Redemption has been already rolled back.",
    )  # fmt: skip
    assert counted(voucher)[0] == 0


def test_a_gift_voucher(redemptions):
    card = gift("50.00", code="CARD")

    answer = redeem(redemptions, ("CARD", gift_credits(2000)), order=Order(amount=6000))

    (made,) = answer.redemptions
    assert (made.amount, made.gift.amount) == (2000, 2000)
    assert (made.voucher.type, made.voucher.gift.amount, made.voucher.gift.balance) == ("GIFT_VOUCHER", 5000, 3000)
    assert refused(lambda: redeem(redemptions, ("CARD", gift_credits(3001)))) == (400, "gift_amount_exceeded", "CARD")

    rollback = redemptions.rollback_redemption(made.id)
    assert (rollback.amount, rollback.gift.amount, rollback.voucher.gift.balance) == (-2000, -2000, 5000)
    assert counted(card) == (0, "0.00")


def test_several_codes_together(redemptions):
    voucher, card = VoucherFactory(code="ONE"), gift("50.00", code="CARD")

    answer = redeem(
        redemptions,
        ("ONE", {}),
        ("CARD", gift_credits(100)),
        order=Order(amount=900),
        customer=Customer(source_id="crm-1"),
    )

    parent = answer.parent_redemption
    assert [row.voucher.code for row in answer.redemptions] == ["ONE", "CARD"]
    assert {row.redemption for row in answer.redemptions} == {parent.id}
    assert (parent.related_object_type, parent.customer.source_id, parent.order.amount) == ("redemption", "crm-1", 900)
    assert len(answer.order.redemptions[parent.id]["stacked"]) == 2
    assert refused(lambda: redemptions.rollback_redemption(answer.redemptions[0].id))[:2] == (
        400, "invalid_redemption_parent",
    )  # fmt: skip

    undone = redemptions.rollback_stacked_redemptions(
        parent.id,
        redemptions_rollbacks_create_request_body=RedemptionsRollbacksCreateRequestBody(reason="Cancelled"),
    )
    assert {row.redemption for row in undone.rollbacks} == {row.id for row in answer.redemptions}
    assert (undone.parent_rollback.redemption, undone.parent_rollback.reason) == (parent.id, "Cancelled")
    assert undone.order.status == "CANCELED"
    assert (counted(voucher), counted(card)) == ((0, "0.00"), (0, "0.00"))


def test_it_lists(redemptions):
    VoucherFactory(code="ONE"), VoucherFactory(code="OFF", active=False), gift("50.00", code="CARD")
    redeem(redemptions, ("ONE", {}), tracking_id="crm-1")
    assert refused(lambda: redeem(redemptions, ("OFF", {}), tracking_id="crm-1")) == (400, "voucher_disabled", "OFF")
    card = redeem(redemptions, ("CARD", gift_credits(700))).redemptions[0]
    redemptions.rollback_redemption(card.id)

    everything = redemptions.list_redemptions(limit=10, order=ParameterOrderListRedemptions.CREATED_AT)
    one_page = redemptions.list_redemptions(limit=1, page=2, order=ParameterOrderListRedemptions.MINUS_ID)
    failed = redemptions.list_redemptions(
        result="FAILURE",
        customer="crm-1",
        created_at=ParameterCreatedBeforeAfter(after=datetime.now(UTC) - timedelta(hours=1)),
    )
    filtered = redemptions.list_redemptions(
        filters=ParameterFiltersListRedemptions(
            junction=Junction.AND,
            voucher_code=ParameterFiltersListRedemptionsVoucherCode(
                conditions=FilterConditionsString(var_in=["ONE", "OFF"], contains=None)
            ),
            result=ParameterFiltersListRedemptionsResult(conditions=FilterConditionsString(var_is="SUCCESS")),
        )
    )

    assert (everything.total, everything.data_ref) == (4, "redemptions")
    assert [(row.object, row.voucher.code, row.status, row.amount) for row in everything.redemptions] == [
        ("redemption", "ONE", "SUCCEEDED", None),
        ("redemption", "OFF", "FAILED", None),
        ("redemption", "CARD", "ROLLED_BACK", 700),
        ("redemption_rollback", "CARD", "SUCCEEDED", -700),
    ]
    assert [row.id for row in one_page.redemptions] == [card.id]
    assert [(row.failure_code, row.failure_message) for row in failed.redemptions] == [
        ("voucher_disabled", "The voucher has been disabled and cannot be used.")
    ]
    assert [row.voucher.code for row in filtered.redemptions] == ["ONE"]


def test_the_record_of_one_code(redemptions):
    VoucherFactory(code="ONE/2", redemption_limit=2)
    for _ in range(2):
        redeem(redemptions, ("ONE/2", {}), tracking_id="crm-1")
    assert refused(lambda: redeem(redemptions, ("ONE/2", {}))) == (400, "quantity_exceeded", "ONE/2")

    record = redemptions.get_voucher_redemptions("ONE/2")

    assert (record.quantity, record.redeemed_quantity, record.total) == (2, 2, 3)
    assert record.url == "/v1/vouchers/ONE%2F2/redemptions?page=1&limit=10"
    assert [(row.result, row.tracking_id) for row in record.redemption_entries] == [
        ("FAILURE", None),
        ("SUCCESS", "crm-1"),
        ("SUCCESS", "crm-1"),
    ]


def test_what_is_not_there(redemptions):
    missing = refused(lambda: redeem(redemptions, ("NONE", {})))

    assert missing == (404, "not_found", "Cannot find voucher with id NONE")
    assert refused(lambda: redemptions.get_redemption("r_1"))[:2] == (404, "not_found")
    assert refused(lambda: redemptions.rollback_redemption("r_1"))[:2] == (404, "not_found")
