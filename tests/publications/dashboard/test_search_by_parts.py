"""The search box with what a caller can read out: the end of a code, a part of an e-mail address, the number of an order."""

import pytest

from publications.redemptions.actions.redeem import Use, redeem, redeem_together
from tests.publications.dashboard.test_search import search
from tests.support.factories import STAFF, CustomerFactory, StandaloneVoucherFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


def text_of(answer) -> str:
    return answer.content.decode()


@pytest.mark.parametrize("text", ["77AB", "77ab", "T-77AB", "t77ab", "st 77ab"])
def test_a_published_code_is_found_by_its_last_characters(signed_in, text):
    published(VoucherFactory(code="ROAST-77AB"), CustomerFactory(name="Mara Lindqvist"))
    VoucherFactory(code="TEA-77AB")  # nobody has it

    page = text_of(search(signed_in("Operator"), text))

    assert "ROAST-77AB" in page and "Mara Lindqvist" in page
    assert "TEA" not in page and "••••••AB" not in page


def test_fewer_than_four_characters_at_the_end_find_nothing(signed_in):
    published(VoucherFactory(code="ROAST-77AB"))

    assert "Nothing found" in text_of(search(signed_in("Operator"), "7AB"))


def test_who_sees_no_codes_gets_one_answer_for_published_unpublished_and_unknown_ends(signed_in):
    published(VoucherFactory(code="ROAST-77AB"))
    VoucherFactory(code="ROAST-88CD")
    viewer = signed_in("Viewer")

    answers = {text_of(search(viewer, end)).replace(end, "END") for end in ("77AB", "88CD", "99EF")}

    assert len({answer.split('id="found"')[1] for answer in answers}) == 1
    assert all("Nothing found" in answer for answer in answers)


@pytest.mark.parametrize("text", ["lindqvist", "Lindq", "lindqvist@exam", "@example", "@EXAMPLE.org"])
def test_a_customer_is_found_by_a_later_part_of_the_email(signed_in, text):
    CustomerFactory(name="M. L.", email="mara.K-lindqvist@Example.org")
    CustomerFactory(name="Somebody", email="novak@elsewhere.com")

    page = text_of(search(signed_in("Viewer"), text))

    assert "M. L." in page and "Somebody" not in page


def test_the_number_of_an_order_leads_to_the_code_it_was_paid_with(signed_in):
    voucher = VoucherFactory(campaign__redemption_limit=None)
    published(voucher)
    redeem(voucher, order={"source_id": "order-1001", "amount": 2000}, by=STAFF)

    assert search(signed_in("Viewer"), "order-1001").url == voucher.get_absolute_url()
    assert search(signed_in("Viewer"), "Order-1001").status_code == 302
    assert "Nothing found" in text_of(search(signed_in("Viewer"), "order-100"))


def test_an_order_that_was_paid_with_several_codes_lists_them(signed_in):
    vouchers = [StandaloneVoucherFactory(code=code) for code in ("ONE-1", "TWO-2")]
    for voucher in vouchers:
        published(voucher)
    redeem_together([Use(voucher) for voucher in vouchers], order={"source_id": "x" * 5_000, "amount": 9}, by=STAFF)
    redeem_together([Use(voucher) for voucher in [StandaloneVoucherFactory()]], order={"source_id": "o-7"}, by=STAFF)

    assert search(signed_in("Operator"), "o-7").status_code == 302
    assert "Nothing found" in text_of(search(signed_in("Operator"), "x" * 200))


def test_the_order_that_a_publication_was_made_for_opens_it(signed_in):
    publication = published(source_id="web-4711")

    assert search(signed_in("Viewer"), "web-4711").url == publication.get_absolute_url()
    assert search(signed_in("Viewer"), "WEB-4711").url == publication.get_absolute_url()
