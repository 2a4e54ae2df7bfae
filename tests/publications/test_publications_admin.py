"""Publications, the ledger and exports in the admin: looked up, never changed."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from publications.actions.release import release
from publications.exports.models import Export
from publications.models import Publication, PublishedVoucher
from tests.support.factories import STAFF, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db
HISTORY, LEDGER = "/admin/publications/publication/", "/admin/publications/publishedvoucher/"


@pytest.mark.parametrize("url", [HISTORY, LEDGER])
@pytest.mark.parametrize("text", ["ROAST-7", "mara", "id"])
def test_what_is_looked_for_is_found(signed_in, url, text):
    wanted = published(VoucherFactory(code="ROAST-77AB"), CustomerFactory(name="Mara Lindqvist"))
    published(VoucherFactory(code="BEANS-1"), CustomerFactory(name="Priya Raman"))

    answer = signed_in("Operator").get(url, {"q": wanted.public_id if text == "id" else text})

    found = answer.context["cl"].result_list
    assert [getattr(row, "publication_id", row.pk) for row in found] == [wanted.pk]


def test_codes_are_masked_as_on_the_pages(signed_in):
    given, taken_back = VoucherFactory(code="ROAST-77AB"), VoucherFactory(code="ROAST-88CD")
    shown, hidden = published(given), published(taken_back)
    release(taken_back, by=STAFF, reason="Wrong person")

    def page(role: str, publication: Publication) -> str:
        return signed_in(role).get(f"{HISTORY}{publication.pk}/change/").content.decode()

    assert "ROAST-77AB" in page("Operator", shown)
    assert "ROAST-77AB" not in page("Viewer", shown) and "••••••AB" in page("Viewer", shown)
    assert "ROAST-88CD" not in page("Manager", hidden) and "••••••CD" in page("Manager", hidden)


@pytest.mark.parametrize("url", [HISTORY, LEDGER, "/admin/exports/export/"])
def test_nothing_can_be_added_changed_or_deleted(signed_in, url):
    published()
    Export.objects.create(kind="codes")
    key = {HISTORY: Publication, LEDGER: PublishedVoucher}.get(url, Export).objects.get().pk
    browser = signed_in("Manager")

    assert browser.get(f"{url}{key}/change/").status_code == 200
    assert browser.get(f"{url}add/").status_code == 403
    assert browser.post(f"{url}{key}/change/", {}).status_code == 403
    assert browser.post(f"{url}{key}/delete/", {"post": "yes"}).status_code == 403
    assert browser.post(url, {"action": "delete_selected", "_selected_action": key}).status_code in (302, 200)
    assert (Publication.objects.count(), PublishedVoucher.objects.count(), Export.objects.count()) == (1, 1, 1)


def test_filters_narrow_the_list(signed_in):
    kept, _ = published(origin="dashboard"), published(origin="api")

    answer = signed_in("Viewer").get(HISTORY, {"origin": "dashboard", "result": "SUCCESS"})

    assert list(answer.context["cl"].result_list) == [kept]


@pytest.mark.parametrize("url", [HISTORY, LEDGER])
@pytest.mark.parametrize("how_many", [1, 50])
def test_a_list_takes_as_many_queries_for_fifty_rows_as_for_one(signed_in, how_many, url):
    for _ in range(how_many):
        published()
    browser = signed_in("Viewer")
    browser.get(url)

    with CaptureQueriesContext(connection) as asked:
        assert browser.get(url).status_code == 200

    assert len(asked) == 7
