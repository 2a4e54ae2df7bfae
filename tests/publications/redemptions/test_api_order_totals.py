"""What orders come to, in the answers of redemptions, rollbacks and lists, and whatever happens to codes and customers later."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection

from campaigns.codes.models import Voucher
from config.actor import SYSTEM
from customers.models import Customer
from publications.dashboard.erase_customer import erase_customer
from publications.redemptions.actions import redeem as verb
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.models import Redemption
from tests.support.api.calls import Api
from tests.support.factories import CampaignFactory, StandaloneVoucherFactory, VoucherFactory

pytestmark = pytest.mark.django_db

WORDS = (
    "amount", "initial_amount", "discount_amount", "total_discount_amount", "applied_discount_amount",
    "total_applied_discount_amount", "total_amount",
)  # fmt: skip
BEANS = {"product_id": "prod_beans", "quantity": 3, "price": 700}


def off(kind, value, **fields):
    return StandaloneVoucherFactory(code=kind, discount_type=kind, discount_value=Decimal(value), **fields)


def card(amount="20.00"):
    return StandaloneVoucherFactory(
        code="CARD", type=Voucher.Type.GIFT, discount_type=None, discount_value=None, gift_amount=Decimal(amount)
    )


def totals(order):
    return tuple(order.get(word) for word in WORDS)


def priced(amount, applied, total):
    return (amount, amount, total, total, applied, applied, amount - total)


@pytest.mark.parametrize(
    ("kind", "value", "fields", "taken"),
    [
        ("PERCENT", "12.5", {}, 319),
        ("AMOUNT", "5.05", {}, 505),
        ("AMOUNT", "99", {}, 2550),
        ("FIXED", "20", {}, 550),
        ("UNIT", "2", {"unit_type": "prod_beans"}, 1400),
    ],
)
def test_each_kind_of_discount_tells_its_totals(kind, value, fields, taken):
    off(kind, value, **fields)
    caller = Api()

    made = caller.post(f"vouchers/{kind}/redemption", {"order": {"amount": 2550, "items": [BEANS]}}).json

    assert totals(made["order"]) == priced(2550, taken, taken)
    assert caller.get(f"redemptions/{made['id']}").json["order"] == made["order"]
    (listed,) = caller.get("redemptions").json["redemptions"]
    (entry,) = caller.get(f"vouchers/{kind}/redemption").json["redemption_entries"]
    assert listed["order"] == entry["order"] == made["order"]


def test_gift_credits_are_a_discount():
    card()

    made = Api().post("vouchers/CARD/redemption", {"gift": {"credits": 2000}, "order": {"amount": 6000}}).json

    assert totals(made["order"]) == priced(6000, 2000, 2000)


def test_the_items_tell_the_amount_where_it_was_not_sent():
    card("50.00")
    order = {"items": [BEANS, {"source_id": "cake", "amount": 450}], "discount_amount": 5, "initial_amount": 3000}

    made = Api().post("vouchers/CARD/redemption", {"order": order}).json

    assert made["amount"] == 2550
    assert totals(made["order"]) == (2550, 3000, 2550, 2550, 2550, 2550, 0)


def test_an_order_without_an_amount_has_no_totals():
    off("PERCENT", "10")

    made = Api().post("vouchers/PERCENT/redemption", {"order": {"items": [{"product_id": "tea"}]}}).json

    assert not set(WORDS) & made["order"].keys()


def test_several_codes_in_the_order_given():
    off("AMOUNT", "10"), off("PERCENT", "10"), card()
    caller = Api()
    codes = [
        {"object": "voucher", "id": "PERCENT"},
        {"object": "voucher", "id": "CARD", "gift": {"credits": 500}},
        {"object": "voucher", "id": "AMOUNT"},
    ]

    answer = caller.post("redemptions", {"redeemables": codes, "order": {"amount": 10_000}}).json

    percent, gift, amount = answer["redemptions"]
    assert totals(percent["order"]) == priced(10_000, 1000, 1000)
    assert totals(gift["order"]) == priced(10_000, 500, 1500)
    assert totals(amount["order"]) == priced(10_000, 1000, 2500)
    whole = priced(10_000, 2500, 2500)
    assert totals(answer["order"]) == totals(answer["parent_redemption"]["order"]) == whole
    related = answer["parent_redemption"]["related_redemptions"]["redemptions"]
    assert [part["id"] for part in related] == [part["id"] for part in answer["redemptions"]]
    assert totals(caller.get(f"redemptions/{gift['id']}").json["order"]) == priced(10_000, 500, 1500)
    assert totals(caller.get(f"redemptions/{answer['parent_redemption']['id']}").json["order"]) == whole


def test_an_order_that_is_rolled_back_has_its_whole_price_again():
    off("PERCENT", "10")
    caller = Api()
    made = caller.post("vouchers/PERCENT/redemption", {"order": {"amount": 1000, "discount_amount": 3}}).json

    undone = caller.post(f"redemptions/{made['id']}/rollback", {"reason": "Returned"}).json

    told = {"status": "CANCELED", "amount": 1000, "initial_amount": 1000, "total_amount": 1000}
    assert told.items() <= undone["order"].items()
    assert not {word for word in undone["order"] if "discount" in word}
    assert totals(caller.get(f"redemptions/{made['id']}").json["order"]) == totals(undone["order"])


def test_later_changes_tell_the_same():
    voucher = off("UNIT", "1", unit_type="prod_beans")
    caller = Api()
    body = {"order": {"items": [BEANS]}, "customer": {"source_id": "crm-1"}}
    made = caller.post("vouchers/UNIT/redemption", body).json

    Voucher.objects.filter(pk=voucher.pk).update(discount_type="PERCENT", discount_value=50, unit_type="")
    erase_customer(Customer.objects.get(), by=SYSTEM)

    later = caller.get(f"redemptions/{made['id']}").json["order"]
    assert "items" not in later
    assert totals(later) == totals(made["order"]) == priced(2100, 700, 700)


def test_uses_of_before_discounts_were_kept_tell_none():
    off("PERCENT", "10")
    caller = Api()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE redemptions_redemption DISABLE TRIGGER redemption_keeps_what_counts")
        made = caller.post("vouchers/PERCENT/redemption", {"order": {"amount": 1000}}).json
        Redemption.objects.update(applied_discount=None, total_discount=None)

    assert totals(caller.get(f"redemptions/{made['id']}").json["order"]) == (1000, *[None] * 6)


def test_what_was_taken_off_is_not_changed():
    made = redeem(off("PERCENT", "10"), order={"amount": 1000}, by=SYSTEM)

    with pytest.raises(IntegrityError, match="append-only"):
        Redemption.objects.filter(pk=made.pk).update(total_discount=0)


@pytest.mark.parametrize("of", ["code", "campaign"])
def test_a_worth_that_changes_meanwhile_is_the_one_that_counts(monkeypatch, of):
    campaign = CampaignFactory(discount_type="PERCENT", discount_value=10)
    voucher = VoucherFactory(campaign=campaign, code="ONE")
    price = verb.price_order

    def change_then_price(order, worths):
        thing = voucher if of == "code" else campaign
        type(thing).objects.filter(pk=thing.pk).update(discount_type="AMOUNT", discount_value=Decimal("3.50"))
        return price(order, worths)

    monkeypatch.setattr(verb, "price_order", change_then_price)
    made = Api().post("vouchers/ONE/redemption", {"order": {"amount": 1000}}).json

    assert totals(made["order"]) == priced(1000, 350, 350)
    assert Redemption.objects.count() == 1
