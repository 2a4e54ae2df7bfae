"""Redemptions in the admin: looked up, never changed."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from publications.redemptions.actions.redeem import Use, redeem, redeem_together
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.models import Redemption
from tests.support.factories import STAFF, CustomerFactory, StandaloneVoucherFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db
LIST = "/admin/redemptions/redemption/"


@pytest.mark.parametrize("text", ["roast-77ab", "crm-1", "id"])
def test_what_is_looked_for_is_found(signed_in, text):
    wanted = redeem(VoucherFactory(code="ROAST-77AB"), customer=CustomerFactory(source_id="crm-1"), by=STAFF)
    redeem(VoucherFactory(), customer=CustomerFactory(), by=STAFF)

    answer = signed_in("Operator").get(LIST, {"q": wanted.public_id if text == "id" else text})

    assert list(answer.context["cl"].result_list) == [wanted]


def test_codes_are_masked_as_on_the_pages(signed_in):
    given, in_pool = VoucherFactory(code="ROAST-77AB"), VoucherFactory(code="ROAST-88CD")
    published(given)
    shown, hidden = redeem(given, by=STAFF), redeem(in_pool, by=STAFF)

    def page(role: str, redemption: Redemption) -> str:
        return signed_in(role).get(f"{LIST}{redemption.pk}/change/").content.decode()

    assert "ROAST-77AB" in page("Operator", shown)
    assert "ROAST-77AB" not in page("Viewer", shown) and "••••••AB" in page("Viewer", shown)
    assert "ROAST-88CD" not in page("Manager", hidden) and "••••••CD" in page("Manager", hidden)


def test_nothing_can_be_added_changed_or_deleted(signed_in):
    key, browser = redeem(VoucherFactory(), by=STAFF).pk, signed_in("Manager")

    assert browser.get(f"{LIST}{key}/change/").status_code == 200
    assert browser.get(f"{LIST}add/").status_code == 403
    assert browser.post(f"{LIST}{key}/change/", {}).status_code == 403
    assert browser.post(f"{LIST}{key}/delete/", {"post": "yes"}).status_code == 403
    assert browser.post(LIST, {"action": "delete_selected", "_selected_action": key}).status_code in (302, 200)
    assert Redemption.objects.count() == 1


def test_filters_narrow_the_list(signed_in):
    rollback = roll_back(redeem(VoucherFactory(), by=STAFF), by=STAFF)

    answer = signed_in("Viewer").get(LIST, {"kind": "rollback", "result": "SUCCESS"})

    assert list(answer.context["cl"].result_list) == [rollback]


def test_a_stack_has_a_page_without_a_code(signed_in):
    stack = redeem_together([Use(VoucherFactory()), Use(VoucherFactory())], by=STAFF)[0].stack

    page = signed_in("Viewer").get(f"{LIST}{stack.pk}/change/")

    assert page.status_code == 200 and stack.public_id in page.content.decode()


@pytest.mark.parametrize("how_many", [1, 50])
def test_the_list_takes_as_many_queries_for_fifty_rows_as_for_one(signed_in, how_many):
    voucher = StandaloneVoucherFactory()
    for _ in range(how_many):
        redeem(voucher, customer=CustomerFactory(), by=STAFF)
    browser = signed_in("Viewer")
    browser.get(LIST)

    with CaptureQueriesContext(connection) as asked:
        assert browser.get(LIST).status_code == 200

    assert len(asked) == 7
