"""The till: a code is checked, redeemed and rolled back; who may not know of it learns nothing."""

import re

import pytest

from campaigns.codes.models import Voucher
from config.staff.guess_limit import MOST_BY_USER, GuessLimit
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.models import Redemption
from publications.redemptions.pages import check
from tests.support.factories import (
    STAFF,
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def guesses(monkeypatch):
    """Nobody has guessed yet."""
    fresh = GuessLimit()
    monkeypatch.setattr(check, "guesses", fresh)
    return fresh


def held(code="ROAST-77AB", *, customer=None, **fields):
    voucher = VoucherFactory(code=code, **fields)
    published(voucher, customer or CustomerFactory(name="Mara Lindqvist"))
    return Voucher.objects.select_related("campaign").get(pk=voucher.pk)


def text(response) -> str:
    page = response.content.decode()
    return " ".join(re.sub(r"<[^>]*>", " ", page[page.index("<main") :]).split())


def asked(browser, code):
    return browser.get("/check", {"code": code}, follow=True)


def test_a_code_is_redeemed_at_the_till_and_rolled_back(signed_in):
    till, voucher = signed_in("Till"), held()
    page = text(asked(till, " roast 77ab "))
    assert "ROAST-77AB" in page
    assert "Redeemable It has not been used." in page
    assert "Holder Mara Lindqvist" in page

    sent = {"seen": 0, "order": "A-1042", "note": "Left shop", "by_holder": "on"}
    page = text(till.post(f"/codes/{voucher.public_id}/redeem", sent, follow=True))
    assert "Used up It has been used once, and may be used once." in page
    use = Redemption.objects.get()
    assert (use.order, use.metadata, use.customer.name) == (
        {"source_id": "A-1042"},
        {"note": "Left shop"},
        "Mara Lindqvist",
    )
    assert use.actor_kind == "user"

    page = text(till.post(f"/redemptions/{use.pk}/roll-back", {"reason": "Wrong code"}, follow=True))
    assert "Redeemable It has not been used." in page
    assert Redemption.objects.get(kind="rollback").reason == "Wrong code"


def test_a_form_that_is_sent_twice_redeems_once(signed_in):
    till, voucher = signed_in("Till"), held(redemption_limit=5)

    till.post(f"/codes/{voucher.public_id}/redeem", {"seen": 0})
    page = text(till.post(f"/codes/{voucher.public_id}/redeem", {"seen": 0}, follow=True))

    assert Voucher.objects.get(pk=voucher.pk).redeemed_quantity == 1
    assert "4 of 5 uses are left" in page


def test_a_refusal_is_told_and_kept(signed_in):
    till, voucher = signed_in("Till"), held(campaign__only_holder="refuse")

    till.post(f"/codes/{voucher.public_id}/redeem", {"seen": 0})

    failure = Redemption.objects.get()
    assert (failure.result, failure.failure_code) == ("FAILURE", "customer_not_holder")
    assert Voucher.objects.get(pk=voucher.pk).redeemed_quantity == 0


def test_a_gift_card_pays_an_amount(signed_in):
    till = signed_in("Till")
    card = StandaloneVoucherFactory(
        code="GIFT-1", type="GIFT_VOUCHER", discount_type=None, discount_value=None, gift_amount=50
    )
    published(card, CustomerFactory())

    till.post(f"/codes/{card.public_id}/redeem", {"seen": 0, "amount": "12.50"})
    page = text(till.post(f"/codes/{card.public_id}/redeem", {"seen": 1, "amount": "40"}, follow=True))

    assert "The balance is 37.50 EUR" in page
    assert "Balance too low" in page
    assert [str(use.amount) for use in Redemption.objects.filter(result="SUCCESS")] == ["12.50"]


@pytest.mark.parametrize("role", ["Till", "Viewer"])
def test_an_unpublished_code_and_an_unknown_one_look_the_same(signed_in, role):
    browser, pooled = signed_in(role), VoucherFactory(code="POOLED-1")

    def answer(code):
        response = asked(browser, code)
        token = response.context["csrf_token"]  # drawn anew for each page
        page = re.sub(r"\b[A-Za-z0-9]{64}\b", "…", response.content.decode())
        assert str(token) not in page
        return response.status_code, response.redirect_chain, page.replace(code, "…")

    assert answer("POOLED-1") == answer("NOTHING-1")
    assert "Unknown code" in answer("POOLED-1")[2]
    assert browser.get(f"/codes/{pooled.public_id}/check").status_code == 404


def test_a_manager_learns_of_an_unpublished_code_that_it_is_one(signed_in):
    VoucherFactory(code="POOLED-1")

    page = text(asked(signed_in("Manager"), "pooled1"))

    assert "Nobody holds it." in page
    assert "POOLED-1" not in page


def test_who_guesses_has_to_wait_and_who_finds_does_not(signed_in):
    till = signed_in("Till")
    held("ROAST-77AB")
    for number in range(MOST_BY_USER):
        assert asked(till, "ROAST-77AB").status_code == 200
        assert "Unknown code" in text(asked(till, f"GUESS-{number}"))

    late = till.get("/check", {"code": "ROAST-77AB"})

    assert late.status_code == 429
    assert "Too many unknown codes" in text(late)
    assert asked(signed_in("Operator"), "ROAST-77AB").status_code == 200


def test_after_a_span_one_may_try_again():
    now = [0.0]
    limit = GuessLimit(clock=lambda: now[0])
    limit.miss("ada")

    assert (limit.wait("ada", most=1), limit.wait("ada", most=2), limit.wait("ben", most=1)) == (300.0, 0.0, 0.0)
    now[0] = 300.0
    assert limit.wait("ada", most=1) == 0.0


def test_the_till_opens_its_page_and_no_other(signed_in):
    till = signed_in("Till")

    assert till.get("/").url == "/check"
    page = till.get("/check").content.decode()
    assert 'id="check"' in page
    assert 'id="search"' not in page


def test_what_is_shown_takes_few_queries(signed_in, django_assert_max_num_queries):
    till, voucher = signed_in("Till"), held(redemption_limit=50)
    for _ in range(8):
        redeem(voucher, by=STAFF)

    with django_assert_max_num_queries(9):
        till.get(f"/codes/{voucher.public_id}/check")


def test_a_code_is_none_of_a_campaign_that_refuses_it_unpublished(signed_in):
    voucher = VoucherFactory(campaign=CampaignFactory(only_published=True))

    page = text(signed_in("Manager").get(f"/codes/{voucher.public_id}/"))

    assert "Not published It has not been published to anybody, and its campaign accepts published codes only." in page


def test_what_was_typed_stays_where_it_can_be_put_right(signed_in):
    till = signed_in("Till")
    card = held("GIFT-1", type="GIFT_VOUCHER", gift_amount=50, redemption_limit=None)
    others = held("ROAST-88CD", campaign__only_holder="refuse")

    too_much = till.post(f"/codes/{card.public_id}/redeem", {"seen": 0, "amount": "99.50", "order": "A-1042"})
    not_the_holder = till.post(f"/codes/{others.public_id}/redeem", {"seen": 0, "note": "Left shop"})

    assert too_much.context["form"].errors == {
        "amount": ["Not redeemed. The gift voucher's balance is 50.00; 99.50 was requested."]
    }
    assert 'value="99.50"' in (page := too_much.content.decode()) and 'value="A-1042"' in page
    assert not_the_holder.context["form"].errors.keys() == {"__all__"}
    assert 'value="Left shop"' in not_the_holder.content.decode()
    assert Redemption.objects.filter(result="SUCCESS").count() == 0
