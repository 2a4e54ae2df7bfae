"""The page of one customer: profile, wallet, publications."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.actor import Actor
from customers.actions.track_event import track_event
from customers.models import Event
from customers.segments.actions.create_segment import create_filter_segment, create_static_segment
from publications.actions.release import release
from publications.dashboard.erase_customer import erase_customer
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


def address(customer, tab: str = "") -> str:
    return f"/customers/{customer.public_id}/{tab}"


def text(answer) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def test_the_profile_tells_what_is_known(signed_in):
    mara = CustomerFactory(
        name="Mara Lindqvist",
        email="mara@example.com",
        phone="+46 70 000",
        source_id="crm-77",
        address={"line_1": "Kungsgatan 1", "postal_code": "111 43", "city": "Stockholm"},
        metadata={"tier": "gold"},
    )

    page = text(signed_in("Viewer").get(address(mara)))

    for words in ("Mara Lindqvist", "mara@example.com", "+46 70 000", "crm-77", "Kungsgatan 1 111 43 Stockholm"):
        assert words in page
    assert "&quot;tier&quot;: &quot;gold&quot;" in page


def test_the_wallet_holds_the_codes_that_are_still_the_customers(signed_in):
    mara = CustomerFactory()
    kept, taken_back = VoucherFactory(code="ROAST-77AB"), VoucherFactory(code="ROAST-88CD")
    published(kept, mara)
    published(taken_back, mara)
    release(taken_back, by=STAFF, reason="Wrong person")

    page = signed_in("Operator").get(address(mara)).content.decode()

    assert "ROAST-77AB" in page
    assert "ROAST-88CD" not in page and "••••••CD" not in page


def test_a_code_of_the_wallet_that_is_no_longer_good_says_so(signed_in):
    mara = CustomerFactory()
    campaign = CampaignFactory()
    published(VoucherFactory(campaign=campaign, code="GOOD-1"), mara)
    published(VoucherFactory(campaign=campaign, code="OFF-1"), mara)
    campaign.vouchers.filter(code="OFF-1").update(active=False)

    page = text(signed_in("Operator").get(address(mara)))

    assert re.search(r"OFF-1 .* Disabled GOOD-1 .* Redeemable", page)


def test_the_publications_are_the_history_with_its_filters(signed_in):
    mara = CustomerFactory()
    published(VoucherFactory(code="ROAST-1"), mara, channel="E-mail")
    published(VoucherFactory(code="ROAST-2"), mara, channel="API")
    published(VoucherFactory(code="ROAST-3"))

    page = signed_in("Operator").get(address(mara, "publications"), {"channel": "API"}).content.decode()

    assert re.findall(r"<code>(ROAST-.)</code>", page) == ["ROAST-2"]


def test_a_customers_publications_have_no_report_since_it_would_be_of_everybodys(signed_in):
    mara = CustomerFactory()
    published(customer=mara)

    assert "/exports/new" not in signed_in("Manager").get(address(mara, "publications")).content.decode()


def test_an_erased_customer_keeps_the_publications_and_no_name(signed_in):
    mara = CustomerFactory(name="Mara Lindqvist")
    published(VoucherFactory(code="ROAST-77AB"), mara)
    erase_customer(mara, by=STAFF)

    answer = signed_in("Manager").get(address(mara))

    assert "Erased customer" in text(answer)
    assert "ROAST-77AB" in text(answer)
    assert "Mara" not in text(answer)
    assert "/edit" not in answer.content.decode()


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        ("Viewer", set()),
        ("Operator", {"edit", "publish"}),
        ("Exporter", set()),
        ("Manager", {"edit", "publish", "erase"}),
    ],
)
def test_each_role_is_offered_what_it_may_do(signed_in, role, offered):
    mara = CustomerFactory()

    page = signed_in(role).get(address(mara)).content.decode()

    actions = ("edit", "publish", "erase")
    assert {action for action in actions if f'href="{address(mara, action)}"' in page} == offered


@pytest.mark.parametrize(("tab", "expected"), [("", 18), ("publications", 16), ("events", 13)])
@pytest.mark.parametrize("how_many", [1, 50])
def test_the_lists_take_as_many_queries_for_fifty_rows_as_for_one(signed_in, how_many, tab, expected):
    mara = CustomerFactory()
    for _ in range(how_many):
        published(customer=mara)
        Event.objects.create(customer=mara, name="order")
    browser = signed_in("Operator")
    browser.get(address(mara, tab))

    with CaptureQueriesContext(connection) as asked:
        assert browser.get(address(mara, tab)).status_code == 200

    assert len(asked) == expected


def test_the_segments_stand_in_the_profile(signed_in):
    mara = CustomerFactory(source_id="mara", address={"city": "Kyiv"})
    create_static_segment("Testers", ["mara"], by=STAFF)
    create_static_segment("Others", [], by=STAFF)
    create_filter_segment("In Kyiv", {"city": {"conditions": {"$is": ["Kyiv"]}}}, by=STAFF)

    assert "Segments In Kyiv , Testers ID" in text(signed_in("Viewer").get(address(mara)))


def test_the_events_tell_what_the_customer_did_the_newest_first(signed_in):
    mara = CustomerFactory(source_id="mara")
    shop = Actor("api_key", 1, "Web shop")
    track_event("sign_up", {"source_id": "mara"}, by=shop)
    track_event("cart_abandoned", {"source_id": "mara"}, metadata={"items": 3, "page": "/<b>", "tags": ["a"]}, by=shop)
    track_event("order", {"source_id": "somebody else"}, by=shop)

    page = text(signed_in("Viewer").get(address(mara, "events")))

    assert "Events 2 " in page
    assert re.search(
        r"cart_abandoned items: 3 · page: /&lt;b&gt; · tags: \[&quot;a&quot;\] Web shop API key .* sign_up", page
    )
    assert "order" not in page.split("Date")[1]
