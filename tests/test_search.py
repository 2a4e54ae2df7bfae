"""The search box: any code, id, campaign or customer, and nothing more of a masked code than was typed."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from publications.models import Export
from publications.release import release
from tests.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

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
    ):
        assert search(browser, f"  {thing.public_id} ").url == f"/{page}/{thing.public_id}/"


@pytest.mark.parametrize("text", ["pub_1234567812345678", "camp_", "v_" + "A" * 50])
def test_an_id_of_nothing_finds_nothing(signed_in, text):
    answer = search(signed_in("Viewer"), text)

    assert answer.status_code == 200
    assert "Nothing found" in answer.content.decode()


@pytest.mark.parametrize("text", ["ROAST-77AB", "roast-77ab", "ROAST-7", "roast"])
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
    by_all = [search(browser, code).content.decode() for code in ("ROAST-77AB", "ROAST-88CD")]

    assert "Nothing found" in by_beginning and "••••••" not in by_beginning
    assert "••••••AB" in by_all[0] and f'href="/codes/{free.public_id}/"' in by_all[0]
    assert "••••••CD" in by_all[1]


def test_a_viewer_finds_a_code_only_by_all_of_it(signed_in):
    published(VoucherFactory(code="ROAST-77AB"))
    browser = signed_in("Viewer")

    assert "Nothing found" in search(browser, "ROAST-7").content.decode()
    assert "••••••AB" in search(browser, "ROAST-77AB").content.decode()


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
    assert "More codes begin like this" in page
    assert 'href="/customers/?q=roast"' in page


def test_a_deleted_campaign_and_an_erased_customer_are_not_found(signed_in):
    publication = published()
    CampaignFactory(name="Gone for good", deleted_at=publication.created_at)

    assert "Nothing found" in search(signed_in("Viewer"), "Gone for good").content.decode()


@pytest.mark.parametrize("text", ["", "   ", "\x00"])
def test_nothing_typed_says_what_can_be_found(signed_in, text):
    answer = search(signed_in("Viewer"), text)

    assert "A code, the id of anything" in answer.content.decode()


@pytest.mark.parametrize(
    "text", ["%", "_", "\\", "'; --", "a" * 5000, "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")]
)
def test_strange_texts_find_nothing_and_break_nothing(signed_in, text):
    published()

    assert search(signed_in("Operator"), text).status_code == 200


@pytest.mark.parametrize("how_many", [1, 50])
def test_a_search_takes_as_many_queries_for_fifty_finds_as_for_one(signed_in, how_many):
    for n in range(how_many):
        campaign = CampaignFactory(name=f"Roast {n}")
        published(VoucherFactory(code=f"ROAST-{n}", campaign=campaign), CustomerFactory(name=f"Roast {n}"))
    browser = signed_in("Operator")
    search(browser, "roast")

    with CaptureQueriesContext(connection) as asked:
        assert search(browser, "roast").status_code == 200

    assert len(asked) == 11
