"""The search box: any code, id, campaign or customer, and nothing more of a masked code than was typed."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.segments.models import Segment
from publications.actions.release import release
from publications.exports.models import Export
from publications.redemptions.actions.redeem import Use, redeem, redeem_together
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.models import Redemption
from publications.redemptions.refusals import RedemptionRefused
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


def search(browser, text: str):
    return browser.get("/search", {"q": text})


def groups(answer) -> list[str]:
    return re.findall(r'<h2 id="\w+-heading">(.*?)</h2>', answer.content.decode())


def test_an_id_leads_to_its_page_at_once(signed_in):
    publication = published()
    export = Export.objects.create(kind="codes")
    browser = signed_in("Viewer")

    for thing, page in (
        (publication.campaign, "campaigns"),
        (publication.vouchers[0], "codes"),
        (publication.customer, "customers"),
        (publication, "publications"),
        (export, "exports"),
        (Segment.objects.create(name="Testers", type="static"), "segments"),
    ):
        assert search(browser, f"  {thing.public_id} ").url == f"/{page}/{thing.public_id}/"


@pytest.mark.parametrize("text", ["pub_1234567812345678", "camp_", "v_" + "A" * 50])
def test_an_id_of_nothing_finds_nothing(signed_in, text):
    answer = search(signed_in("Viewer"), text)

    assert answer.status_code == 200
    assert "Nothing found" in answer.content.decode()


@pytest.mark.parametrize("text", ["ROAST-7", "roast"])
def test_a_published_code_is_found_by_its_beginning(signed_in, text):
    published(VoucherFactory(code="ROAST-77AB"), CustomerFactory(name="Mara Lindqvist"))

    page = search(signed_in("Operator"), text).content.decode()

    assert "ROAST-77AB" in page
    assert "Mara Lindqvist" in page


def test_an_unpublished_code_is_found_by_all_of_it_and_stays_masked(signed_in):
    free, released = VoucherFactory(code="ROAST-77AB"), VoucherFactory(code="ROAST-88CD")
    published(released)
    release(released, by=STAFF, reason="Wrong person")
    browser = signed_in("Manager")

    by_beginning = search(browser, "ROAST-7").content.decode()
    by_all = [search(browser, code).url for code in ("ROAST-77AB", "ROAST-88CD")]

    assert "Nothing found" in by_beginning and "••••••" not in by_beginning
    assert by_all == [free.get_absolute_url(), released.get_absolute_url()]
    pages = [browser.get(url).content.decode() for url in by_all]
    assert "••••••AB" in pages[0] and "ROAST-77AB" not in pages[0]
    assert "••••••CD" in pages[1] and "ROAST-88CD" not in pages[1]


def test_a_viewer_finds_a_code_only_by_all_of_it(signed_in):
    voucher = VoucherFactory(code="ROAST-77AB")
    published(voucher)
    browser = signed_in("Viewer")

    assert "Nothing found" in search(browser, "ROAST-7").content.decode()
    found = search(browser, "ROAST-77AB")
    assert found.url == voucher.get_absolute_url()
    page = browser.get(found.url).content.decode()
    assert "••••••AB" in page and "ROAST-77AB" not in page


@pytest.mark.parametrize("text", ["ROAST-77AB", "roast-77ab", "Mara@Example.com", "shop-mara"])
def test_the_only_thing_that_is_found_by_all_of_it_opens_at_once(signed_in, text):
    mara = CustomerFactory(name="Mara Lindqvist", email="mara@example.com", source_id="shop-mara")
    voucher = VoucherFactory(code="ROAST-77AB")
    published(voucher, mara)

    page = (voucher if text.lower() == "roast-77ab" else mara).get_absolute_url()
    assert search(signed_in("Operator"), text).url == page


@pytest.mark.parametrize("text", ["roast 77ab", "ROAST77AB", "roast–77ab", "R0AST-77AB"])
def test_a_code_is_found_with_other_blanks_dashes_and_look_alikes(signed_in, text):
    voucher = VoucherFactory(
        code="ROAST-77AB",
        campaign=CampaignFactory(code_prefix="ROAST-", code_length=4, code_charset="ABCDEFGH23456789"),
    )
    published(voucher)

    answer = search(signed_in("Operator"), text)

    assert answer.url == voucher.get_absolute_url() if text != "R0AST-77AB" else "ROAST-77AB" in answer.content.decode()


@pytest.mark.parametrize("text", ["0660 123 45 67", "+43 660 1234567"])
def test_a_caller_is_opened_by_the_phone_number(signed_in, text):
    mara = CustomerFactory(phone="+43 (0) 660/1234567")

    assert search(signed_in("Viewer"), text).url == mara.get_absolute_url()


def test_as_it_is_typed_a_list_is_shown_and_nothing_is_opened(signed_in):
    mara = CustomerFactory(name="Mara Lindqvist", email="mara@example.com", phone="0660 1234567")
    typing = {"HX-Request": "true", "HX-Target": "found"}
    viewer = signed_in("Viewer")

    by_phone = viewer.get("/search", {"q": "0660 1234567"}, headers=typing)
    by_id = viewer.get("/search", {"q": mara.public_id}, headers=typing)

    assert (by_phone.status_code, by_id.status_code) == (200, 200)
    assert (
        "Mara Lindqvist" in by_phone.content.decode() and "mara@example.com · 0660 1234567" in by_phone.content.decode()
    )
    assert f'href="{mara.get_absolute_url()}">Open {mara.public_id}' in by_id.content.decode()


def test_one_of_several_is_not_opened_at_once(signed_in):
    published(VoucherFactory(code="ROAST-7"))
    published(VoucherFactory(code="ROAST-77AB"))

    answer = search(signed_in("Operator"), "ROAST-7")

    assert answer.status_code == 200
    assert "ROAST-77AB" in answer.content.decode()


def test_everything_that_begins_so_is_found_in_groups(signed_in):
    published(VoucherFactory(code="AUTUMN-1", campaign=CampaignFactory(name="Spring")), source_id="autumn")
    CampaignFactory(name="The autumn roast")
    CustomerFactory(name="Autumn Novak")

    answer = search(signed_in("Operator"), "autumn")

    assert groups(answer) == ["Codes", "Publications", "Campaigns", "Customers"]


def test_a_group_shows_eight_and_says_that_there_are_more(signed_in):
    for n in range(9):
        published(VoucherFactory(code=f"ROAST-{n}"), CustomerFactory(name=f"Roast {n}"))

    page = search(signed_in("Operator"), "roast").content.decode()

    assert len(re.findall(r"<code>ROAST-\d</code>", page)) == 8
    assert "More codes start like this" in page
    assert 'href="/customers/?q=roast"' in page


def test_a_deleted_campaign_and_an_erased_customer_are_not_found(signed_in):
    publication = published()
    CampaignFactory(name="Gone for good", deleted_at=publication.created_at)

    assert "Nothing found" in search(signed_in("Viewer"), "Gone for good").content.decode()


@pytest.mark.parametrize("text", ["", "   ", "\x00"])
def test_nothing_typed_says_what_can_be_found(signed_in, text):
    answer = search(signed_in("Viewer"), text)

    assert "Search for a code, an ID" in answer.content.decode()


PREFIXES = "camp v cust pub export seg dist hook event aa r rf rr rrf vr zz".split()
ENDINGS = ["", "1", "…", "A" * 16, "z" * 400, "9" * 30, "-1", "1; DROP TABLE x"]
STRANGE = """' '' " \\ % _ %%% -- /* '); <script>alert(1)</script> {{text}} ../../etc/passwd""".split()
STRANGE += ["x" * 500, "ß" * 500, "é" * 5000, "a\x00b", "\x00", "\u202e", "\U0001f600", "\t\n", "a b c d e f g h i j"]


def test_strange_texts_and_ids_of_nothing_are_answered(signed_in):
    published()
    redeem(VoucherFactory(), by=STAFF)

    ids = [f"{prefix}_{ending}" for prefix in PREFIXES for ending in ENDINGS]
    for role, texts in {"Viewer": STRANGE, "Operator": [*STRANGE, *ids]}.items():
        browser = signed_in(role)
        for text in texts:
            answer = search(browser, text)
            assert (answer.status_code, text) == (200, text)
            assert "<script>alert" not in answer.content.decode()
        assert browser.get("/search?q=%ff%fe%00%27").status_code == 200


def test_a_redemption_is_found_by_its_id_alone_or_in_a_stack_rolled_back_or_failed(signed_in):
    alone, first, second = (VoucherFactory(redemption_limit=1) for _ in range(3))
    used = redeem(alone, by=STAFF)
    with pytest.raises(RedemptionRefused):
        redeem(alone, by=STAFF)
    roll_back(used, by=STAFF)
    stack = redeem_together([Use(first), Use(second)], by=STAFF)[0].stack
    roll_back(stack, by=STAFF)
    with pytest.raises(RedemptionRefused):
        roll_back(stack, by=STAFF)
    browser = signed_in("Viewer")

    found = [
        (row.public_id.split("_")[0], search(browser, row.public_id).url) for row in Redemption.objects.order_by("pk")
    ]

    page_of = {voucher: f"/codes/{voucher.public_id}/" for voucher in (alone, first, second)}
    assert sorted(found) == sorted(
        [
            *(("r", page_of[alone]), ("rf", page_of[alone]), ("rr", page_of[alone])),
            *(("r", page_of[first]), ("r", page_of[first]), ("r", page_of[second])),
            *(("rr", page_of[first]), ("rr", page_of[first]), ("rr", page_of[second])),
            ("rrf", page_of[first]),
        ]
    )


# With more codes than are shown, none are looked for by their end or their order.
@pytest.mark.parametrize(("how_many", "queries"), [(1, 13), (8, 13), (50, 11)])
def test_a_search_takes_no_more_queries_for_fifty_finds_than_for_one(signed_in, how_many, queries):
    for n in range(how_many):
        campaign = CampaignFactory(name=f"Roast {n}")
        published(VoucherFactory(code=f"ROAST-{n}", campaign=campaign), CustomerFactory(name=f"Roast {n}"))
    browser = signed_in("Operator")
    search(browser, "roast")

    with CaptureQueriesContext(connection) as asked:
        assert search(browser, "roast").status_code == 200

    assert len(asked) == queries
