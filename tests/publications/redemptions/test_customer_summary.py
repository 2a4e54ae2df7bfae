"""What the API tells in a customer's `summary`: what was redeemed and ordered."""

from decimal import Decimal

import pytest

from publications.actions.release import release
from publications.redemptions.actions.redeem import Use, redeem, redeem_together
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.refusals import AlreadyRolledBack, QuantityExceeded
from tests.publications.redemptions.test_redeem import gift
from tests.support.api.calls import Api
from tests.support.api.exports import table
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


def summary(customer):
    answer = Api("read").get(f"customers/{customer.public_id}").json["summary"]
    listed = Api("read").get("customers", limit=100).json["customers"]
    assert answer == next(row["summary"] for row in listed if row["id"] == customer.public_id)
    return answer


def counts(customer):
    """redeemed, failed, succeeded, rolled back, rollbacks failed, rollbacks succeeded"""
    redemptions = summary(customer)["redemptions"]
    names = ("redeemed", "failed", "succeeded", "rolled_back", "rollback_failed", "rollback_succeeded")
    return [redemptions[f"total_{name}"] for name in names]


def orders(customer):
    """total, count, average, last"""
    told = summary(customer)["orders"]
    return [
        told[f"{name}_amount" if name != "count" else "total_count"]
        for name in ("total", "count", "average", "last_order")
    ]


def test_of_who_did_nothing_all_is_0():
    redeem(VoucherFactory(), customer=CustomerFactory(), order={"amount": 500}, by=STAFF)
    nobody = CustomerFactory()

    assert counts(nobody) == [0] * 6
    assert orders(nobody) == [0] * 4
    assert "last_order_date" not in summary(nobody)["orders"]


def test_redemptions_and_rollbacks_are_counted():
    mara, once = CustomerFactory(), VoucherFactory()
    redeem(once, customer=mara, by=STAFF)
    for _ in range(2):
        with pytest.raises(QuantityExceeded):
            redeem(once, customer=mara, by=STAFF)
    taken_back = redeem(VoucherFactory(), customer=mara, by=STAFF)
    roll_back(taken_back, by=STAFF)
    with pytest.raises(AlreadyRolledBack):
        roll_back(taken_back, by=STAFF)

    assert counts(mara) == [4, 2, 2, 1, 1, 1]


def test_of_several_codes_used_together_each_counts():
    mara = CustomerFactory()
    stack = redeem_together([Use(VoucherFactory()), Use(VoucherFactory())], customer=mara, by=STAFF)[0].stack
    assert counts(mara) == [2, 0, 2, 0, 0, 0]

    roll_back(stack, by=STAFF)
    with pytest.raises(AlreadyRolledBack):
        roll_back(stack, by=STAFF)

    assert counts(mara) == [2, 0, 2, 2, 1, 2]


def test_gift_vouchers_tell_what_was_paid_and_what_is_left():
    mara, card, other = CustomerFactory(), gift("50.00"), gift("20.00")
    campaign = CampaignFactory(kind="GIFT_VOUCHERS", gift_amount=30, discount_type=None, discount_value=None)
    of_campaign = VoucherFactory(campaign=campaign, type="GIFT_VOUCHER")
    for voucher in (card, other, of_campaign):
        published(voucher, mara)
    redeem(card, amount=Decimal("12.50"), customer=mara, by=STAFF)
    roll_back(redeem(card, amount=Decimal(5), customer=mara, by=STAFF), by=STAFF)
    release(other, by=STAFF, reason="Sent back")

    assert summary(mara)["redemptions"]["gift"] == {"redeemed_amount": 1250, "amount_to_go": 6750}


def test_orders_are_summed_up_as_they_stand():
    mara = CustomerFactory()

    def order(**told):
        return redeem(VoucherFactory(), customer=mara, order=told, by=STAFF)

    order(source_id="o-1", amount=1000)
    order(source_id="o-1", amount=1500)  # the same order, with another code: the newest tells it
    roll_back(order(source_id="o-2", amount=9900), by=STAFF)
    order(source_id="o-3", amount=300, status="CREATED")
    order(source_id="o-4", amount=700, status="CANCELED")
    redeem_together([Use(VoucherFactory()), Use(VoucherFactory())], customer=mara, order={"amount": 500}, by=STAFF)
    last = order(source_id="o-5", status="FULFILLED")

    assert orders(mara) == [2000, 3, 667, 0]
    told = summary(mara)["orders"]["last_order_date"]
    assert told == last.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_a_rollback_may_say_otherwise_of_the_order():
    mara = CustomerFactory()
    made = redeem(VoucherFactory(), customer=mara, order={"source_id": "o-1", "amount": 1000}, by=STAFF)

    roll_back(made, order={"status": "PAID", "amount": 400}, by=STAFF)

    assert orders(mara) == [400, 1, 400, 400]


def test_exports_of_customers_hold_the_same_sums():
    mara, _ = CustomerFactory(source_id="mara"), CustomerFactory(source_id="zoe")
    redeem(VoucherFactory(), customer=mara, order={"amount": 1050}, by=STAFF)
    roll_back(redeem(VoucherFactory(), customer=mara, by=STAFF), by=STAFF)
    sums = ["redemptions_total_redeemed", "redemptions_total_rolled_back", "orders_total_amount", "orders_total_count"]

    rows = table(Api(), "customer", fields=["source_id", *sums, "orders_last_order_date"], order="source_id")[1:]

    assert [row[:5] for row in rows] == [["mara", "2", "1", "10.5", "1"], ["zoe", "0", "0", "0", "0"]]
    assert rows[0][5].endswith("Z") and rows[1][5] == ""
