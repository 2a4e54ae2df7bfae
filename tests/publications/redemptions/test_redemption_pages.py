"""Redemptions in the dashboard: on the page of a code, of a customer, of a campaign, in the search box."""

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.codes.queries.count_codes import count_codes
from publications.dashboard.erase_customer import erase_customer
from publications.redemptions.actions.redeem import Use, redeem, redeem_together
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.refusals import QuantityExceeded, RedemptionRefused
from tests.publications.dashboard.test_code_page import text, timeline
from tests.publications.redemptions.test_redeem import gift
from tests.support.factories import (
    STAFF,
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)

pytestmark = pytest.mark.django_db


def page_of(browser, thing, kind, tab="") -> str:
    answer = browser.get(f"/{kind}/{thing.public_id}/{tab}")
    assert answer.status_code == 200
    return answer.content.decode()


def rows(page: str) -> list[str]:
    body = re.search(r"<tbody.*?</tbody>", page, re.S).group(0)
    return [text(row) for row in re.findall(r"<tr.*?</tr>", body, re.S)]


def test_the_page_of_a_code_tells_each_use(signed_in):
    voucher, mara = VoucherFactory(redemption_limit=2), CustomerFactory(name="Mara")
    first = redeem(voucher, customer=mara, order={"source_id": "A-1", "amount": 5550}, by=STAFF)
    redeem(voucher, by=STAFF)
    for _ in range(2):
        with pytest.raises(QuantityExceeded):
            redeem(voucher, customer=mara, by=STAFF)
    roll_back(first, reason="Cancelled", by=STAFF)

    page = page_of(signed_in("Viewer"), voucher, "codes")

    assert timeline(page) == [
        "Redemption rolled back: Cancelled",
        f"Failed attempt to redeem it for Mara {mara.email} : Used up ×2",
        "Redeemed",
        f"Redeemed by Mara {mara.email} for order A-1 of 55.50 EUR",
        "Created",
    ]
    assert "Redemptions 1 of 2" in text(page)


def test_the_page_of_a_gift_voucher_tells_its_balance(signed_in):
    card = gift("50.00")
    redeem_together([Use(card, Decimal("20.00")), Use(VoucherFactory())], order={"amount": 9900}, by=STAFF)
    roll_back(redeem(card, amount=Decimal("1.50"), by=STAFF), by=STAFF)

    page = page_of(signed_in("Viewer"), card, "codes")

    assert "Balance 30.00 EUR of 50.00 EUR" in text(page)
    assert timeline(page) == [
        "Redemption rolled back, 1.50 EUR returned to the balance",
        "Redeemed, 1.50 EUR from the balance",
        "Redeemed for an order of 99.00 EUR, 20.00 EUR from the balance, together with other codes",
        "Created",
    ]


def test_the_page_of_a_code_that_is_used_very_often_says_that_there_is_more(signed_in):
    voucher = StandaloneVoucherFactory()
    browser = signed_in("Viewer")
    for _ in range(50):
        redeem(voucher, by=STAFF)
    assert "Older events are not shown" not in page_of(browser, voucher, "codes")

    redeem(voucher, by=STAFF)

    page = page_of(browser, voucher, "codes")
    assert len(timeline(page)) == 50 + 1
    assert "Older events are not shown" in page


def test_the_page_of_a_customer_lists_what_they_redeemed(signed_in):
    mara, coffee = CustomerFactory(name="Mara"), CampaignFactory(name="Coffee")
    bean, card = VoucherFactory(campaign=coffee, code="BEAN-1", redemption_limit=1), gift("50.00", code="CARD-1")
    for voucher in (bean, card):
        published(voucher, mara)
    redeem(bean, customer=mara, order={"source_id": "A-1", "amount": 5550}, by=STAFF)
    with pytest.raises(QuantityExceeded):
        redeem(bean, customer=mara, by=STAFF)
    taken_back = redeem(card, amount=Decimal("20.00"), customer=mara, by=STAFF)
    roll_back(taken_back, by=STAFF)
    redeem_together([Use(VoucherFactory()), Use(card, Decimal(1))], customer=mara, order={"amount": 300}, by=STAFF)
    redeem(StandaloneVoucherFactory(), customer=CustomerFactory(), by=STAFF)

    page = page_of(signed_in("Operator"), mara, "customers", "redemptions")

    assert "Redemptions 6" in text(page)
    found = [re.sub(r"^just now ", "", row) for row in rows(page)]
    assert found[2:] == [
        "CARD-1 Standalone – 20.00 EUR Test Staff Rollback",
        "CARD-1 Standalone – 20.00 EUR Test Staff Rolled back",
        "BEAN-1 Coffee – – Test Staff Failed Used up",
        "BEAN-1 Coffee A-1 55.50 EUR – Test Staff Redeemed",
    ]
    assert all("3.00 EUR" in row and row.endswith("Redeemed") for row in found[:2])


def test_a_viewer_sees_no_code_in_clear_there(signed_in):
    mara, voucher = CustomerFactory(), VoucherFactory(code="ROAST-77AB")
    published(voucher, mara)
    redeem(voucher, customer=mara, by=STAFF)

    page = page_of(signed_in("Viewer"), mara, "customers", "redemptions")

    assert "••••••AB" in page and "ROAST-77AB" not in page


def test_what_an_erased_customer_redeemed_stays_without_its_order_number(signed_in):
    mara = CustomerFactory()
    redeem(VoucherFactory(), customer=mara, order={"source_id": "A-1", "amount": 5550}, by=STAFF)
    erase_customer(mara, by=STAFF)

    page = page_of(signed_in("Operator"), mara, "customers", "redemptions")

    assert "55.50 EUR" in page and "A-1" not in page


def test_a_code_of_the_wallet_that_is_used_up_says_so(signed_in):
    mara = CustomerFactory()
    once, twice, card = VoucherFactory(), VoucherFactory(redemption_limit=2), gift("5.00")
    for voucher in (once, twice, card):
        published(voucher, mara)
        redeem(voucher, amount=Decimal(5) if voucher is card else None, by=STAFF)

    page = text(page_of(signed_in("Operator"), mara, "customers"))

    assert re.findall(r"CODE-\d+ .*? just now .*?(Used up|Redeemable)", page) == ["Used up", "Redeemable", "Used up"]


@pytest.mark.parametrize("how_often", [1, 50])
def test_the_pages_take_as_many_queries_however_often_something_was_redeemed(signed_in, how_often):
    voucher, mara = StandaloneVoucherFactory(), CustomerFactory()
    for _ in range(how_often):
        redeem(voucher, customer=mara, order={"amount": 1}, by=STAFF)
    browser = signed_in("Operator")
    browser.get("/")

    asked = []
    for address in (f"/codes/{voucher.public_id}/", f"/customers/{mara.public_id}/redemptions"):
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(address).status_code == 200
        asked.append(len(queries))

    assert asked == [12, 14]  # its notes and recalls among them


def test_the_page_of_a_campaign_tells_how_many_codes_were_redeemed(signed_in):
    campaign = CampaignFactory(codes=8, redemption_limit=2)
    vouchers = list(campaign.vouchers.order_by("pk"))
    for voucher in vouchers[:4]:
        published(voucher)
    for voucher in (vouchers[0], vouchers[0], vouchers[1], vouchers[7]):
        redeem(voucher, by=STAFF)
    roll_back(redeem(vouchers[2], by=STAFF), by=STAFF)

    page = text(page_of(signed_in("Viewer"), campaign, "campaigns"))

    assert count_codes([campaign])[campaign.pk].redeemed == 3
    assert "Codes published 4 of 8 50% 3 redeemed , 75%" in page


def test_the_search_box_finds_a_redemption_by_its_id(signed_in):
    voucher = VoucherFactory(active=True)
    redemption = redeem(voucher, by=STAFF)
    rollback = roll_back(redemption, by=STAFF)
    with pytest.raises(RedemptionRefused) as refused:
        roll_back(redemption, by=STAFF)
    stack = redeem_together([Use(voucher), Use(StandaloneVoucherFactory())], by=STAFF)[0].stack
    browser = signed_in("Viewer")

    for reference in (redemption.public_id, rollback.public_id, refused.value.failure_id, stack.public_id):
        assert browser.get("/search", {"q": reference}).url == f"/codes/{voucher.public_id}/"
    assert browser.get("/search", {"q": "rr" + redemption.public_id[1:]}).status_code == 200
