"""A gift voucher's balance is changed by hand, exactly and on record; and calls that may be repeated."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from campaigns.codes.models import Voucher
from customers.models import Event
from publications.dashboard.verify import verify
from publications.redemptions.actions.change_balance import change_balance
from publications.redemptions.models import BalanceChange, Redemption
from publications.redemptions.refusals import RedemptionRefused
from tests.publications.ledger.test_ledger_at_once import at_once
from tests.publications.redemptions.test_redeem import gift
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CampaignFactory, StandaloneVoucherFactory, VoucherFactory, published


def change(shop, code, amount, **more):
    return shop.post(f"vouchers/{code}/balance", {"amount": amount, **more})


def broken():
    return [found.name for found in verify() if found.violations and "survives a crash" not in found.name]


class Repeating(Api):
    """A caller that sends an Idempotency-Key."""

    def __init__(self, key, api=None):
        self.__dict__ |= (api or Api()).__dict__
        self.headers = self.headers | {"Idempotency-Key": key}


@pytest.mark.django_db
class TestBalance:
    def test_it_is_added_to_and_taken_from(self):
        shop, card = Api(), gift("101.00", code="CARD")
        shop.post("vouchers/CARD/redemption", {"gift": {"credits": 100}})

        answer = change(shop, "CARD", 10000, source_id="till-7", reason="Goodwill").json
        taken = change(shop, card.public_id, -2000).json

        assert answer == {
            "amount": 10000, "total": 20100, "balance": 20000, "type": "gift_voucher", "operation_type": "MANUAL",
            "object": "balance", "related_object": {"type": "voucher", "id": card.public_id},
        }  # fmt: skip
        assert (taken["amount"], taken["total"], taken["balance"]) == (-2000, 18100, 18000)
        assert shop.get("vouchers/CARD").json["gift"] == {"amount": 18100, "balance": 18000}
        assert broken() == []

    def test_from_then_on_the_amount_is_the_codes_own(self):
        campaign = CampaignFactory(kind="GIFT_VOUCHERS", discount_type=None, discount_value=None, gift_amount=50)
        VoucherFactory(campaign=campaign, code="CARD", type="GIFT_VOUCHER")

        assert change(Api(), "CARD", 500).json["balance"] == 5500
        assert Voucher.objects.get().gift_amount == Decimal(55)

    @pytest.mark.parametrize(
        ("code", "amount", "error"),
        [
            ("CARD", 0, (400, "invalid_payload", "amount: must not be 0")),
            ("CARD", 10**15, (400, "invalid_payload", "amount: must be at most 100000000000000")),
            ("CARD", -1001, (400, "gift_amount_exceeded", "CARD")),
            ("CARD", -1000, (400, "invalid_amount", "CARD has not been published; disable or delete it rather than empty it.")),
            ("CARD", 10**14, (400, "invalid_amount", "CARD can hold at most 999999999999.99.")),
            ("TEN", 5, (400, "invalid_gift", "TEN is not a gift voucher, so it has no balance.")),
            ("nobody", 5, (404, "not_found", "Cannot find voucher with id nobody")),
        ],
    )  # fmt: skip
    def test_what_cannot_be_is_refused_and_nothing_is_kept(self, code, amount, error):
        gift("10.00", code="CARD")
        StandaloneVoucherFactory(code="TEN")

        status, key, _, details = change(Api(), code, amount).error

        assert (status, key, details) == error
        assert BalanceChange.objects.count() == 0

    def test_the_transactions_tell_what_happened(self):
        shop, card = Api(), gift("30.00", code="CARD")
        published(card)
        order = {"amount": 500, "source_id": "order-1"}
        made = shop.post("vouchers/CARD/redemption", {"order": order}).json
        change(shop, "CARD", 1000, source_id="till-7", reason="Goodwill")
        undone = shop.post(f"redemptions/{made['id']}/rollback", {}).json
        change(shop, "CARD", -4000)

        listed = shop.get("vouchers/CARD/transactions").json

        told = [
            (row["type"], row["details"]["balance"]["amount"], row["details"]["balance"]["balance"], row["details"]["balance"]["total"])
            for row in listed["data"]
        ]  # fmt: skip
        assert told == [
            ("CREDITS_REMOVAL", -4000, 0, 0), ("CREDITS_REFUND", 500, 4000, 4000),
            ("CREDITS_ADDITION", 1000, 3500, 4000), ("CREDITS_REDEMPTION", -500, 2500, 3000),
        ]  # fmt: skip
        refund, addition = listed["data"][1], listed["data"][2]
        assert (refund["details"]["redemption"]["id"], refund["details"]["rollback"]["id"]) == (
            made["id"],
            undone["id"],
        )
        assert refund["details"]["order"] == {"id": None, "source_id": "order-1"}
        assert (addition["source_id"], addition["reason"], addition["source"]) == ("till-7", "Goodwill", "API")
        assert listed["has_more"] is False

        first = shop.get("vouchers/CARD/transactions", limit=3).json
        rest = shop.get("vouchers/CARD/transactions", starting_after_id=first["more_starting_after"]).json
        assert first["data"] + rest["data"] == listed["data"]
        assert shop.get("vouchers/CARD/transactions", order="id").json["data"] == listed["data"][::-1]

    def test_the_record_is_append_only_and_goes_with_a_code_that_is_erased(self):
        gift("10.00", code="CARD")
        change(Api(), "CARD", 5)
        with pytest.raises(IntegrityError), transaction.atomic():
            BalanceChange.objects.update(amount=7)

        Api().delete("vouchers/CARD?force=true")

        assert (Voucher.objects.count(), BalanceChange.objects.count()) == (0, 0)


@pytest.mark.django_db
class TestIdempotencyKey:
    def test_a_change_of_a_balance_happens_once(self):
        gift("10.00", code="CARD")
        shop = Repeating("once")

        first, again = change(shop, "CARD", 500), change(shop, "CARD", 500)

        assert first.json == again.json
        assert change(Repeating("another", shop), "CARD", 500).json["balance"] == 2000
        assert BalanceChange.objects.count() == 2

    def test_a_redemption_happens_once_also_of_a_code_that_is_used_up_by_it(self):
        StandaloneVoucherFactory(code="TEN", redemption_limit=1)
        StandaloneVoucherFactory(code="FIVE", redemption_limit=1)
        body = {
            "redeemables": [{"object": "voucher", "id": code} for code in ("TEN", "FIVE")],
            "order": {"amount": 900},
        }
        shop = Repeating("order-1")

        first, again = shop.post("redemptions", body), shop.post("redemptions", body)

        assert first.status == 200
        assert first.json == again.json
        assert Redemption.objects.filter(result="FAILURE").count() == 0
        single = Repeating("order-2")
        StandaloneVoucherFactory(code="ONE", redemption_limit=1)
        assert single.post("vouchers/ONE/redemption", {}).json == single.post("vouchers/ONE/redemption", {}).json

    def test_an_event_is_kept_once(self):
        shop, body = (
            Repeating("event-1"),
            {"event": "viewed", "customer": {"source_id": "ada"}, "metadata": {"page": 1}},
        )

        assert shop.post("events", body).json == shop.post("events", body).json
        assert Event.objects.count() == 1

    def test_another_body_with_the_same_key_is_refused(self):
        gift("10.00", code="CARD")
        shop = Repeating("once")
        change(shop, "CARD", 500)

        assert change(shop, "CARD", 501).error[:2] == (409, "idempotency_key_reused")
        assert change(Repeating("once"), "CARD", 501).json["balance"] == 2001  # another caller's key

    def test_a_refused_call_may_be_tried_again(self):
        gift("10.00", code="CARD")
        shop = Repeating("once")

        assert change(shop, "CARD", -2000).status == 400
        change(Api(), "CARD", 5000)

        assert change(shop, "CARD", -2000).json["balance"] == 4000


@pytest.mark.django_db(transaction=True)
def test_many_at_once_count_exactly_and_each_key_once():
    card, spare = gift("100.00", code="CARD"), gift("1000.00", code="SPARE")
    published(card)
    shop = Api()
    answers = []

    def repeated(turn):
        def work():
            for n in range(6):
                caller = Repeating(f"key-{(n + turn) % 6}", shop)
                answers.append(caller.post("vouchers/SPARE/redemption", {"gift": {"credits": 100}}).status)

        return work

    def changes(amount):
        def work():
            for _ in range(12):
                try:
                    change_balance(card, Decimal(amount), by=STAFF)
                except RedemptionRefused:
                    continue

        return work

    at_once(changes(-7), changes(-13), changes(5), *map(repeated, range(3)))

    held = Voucher.objects.get(pk=card.pk)
    assert held.gift_amount == 100 + sum(BalanceChange.objects.values_list("amount", flat=True)) >= 0
    assert Redemption.objects.filter(voucher=spare, result="SUCCESS").count() == 6
    assert set(answers) == {200}
    assert broken() == []
