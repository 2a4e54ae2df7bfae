"""The publication history as a page: what a row tells, what is masked, and how little it asks the database."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.codes.models import Voucher
from publications.actions.publish import publish, publish_code
from publications.actions.release import release
from publications.exports.actions.hand_out import order_hand_out
from publications.exports.actions.write_export import make_export_file
from publications.models import Publication
from publications.queries import find_publications
from publications.refusals import PublishRefused
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db
OF_TABLE = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "list"}


def address(campaign) -> str:
    return f"/campaigns/{campaign.public_id}/"


def rows(page: str) -> list[list[str]]:
    """The cells' texts of the history's rows, without the box to tick and the rows that open below them."""
    table = page[page.index('id="list"') :]
    lines = re.findall(r'<tr role="row" [^>]*>(.*?)</tr>', table, re.S)
    cells = [[_text(cell) for cell in re.findall(r"<td(?![^>]*chooser).*?>(.*?)</td>", line, re.S)] for line in lines]
    return [line for line in cells if line]


def _text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).replace("&#x27;", "'").split())


def test_a_row_tells_code_customer_channel_who_and_result(signed_in):
    campaign = CampaignFactory()
    mara = CustomerFactory(name="Mara Lindqvist")
    published(VoucherFactory(campaign=campaign, code="ROAST-1"), mara, channel="E-mail")

    page = signed_in("Operator").get(address(campaign)).content.decode()

    assert rows(page) == [
        ["just now", "ROAST-1", f"Mara Lindqvist {mara.email}", "E-mail", "Test Staff", "Success", ""]
    ]


def test_a_failed_attempt_tells_why_and_how_often(signed_in):
    campaign, customer = CampaignFactory(), CustomerFactory(name="Mara Lindqvist")
    for _ in range(3):
        with pytest.raises(PublishRefused):
            publish(campaign, customer, channel="API", origin="api", by=STAFF)

    page = signed_in("Operator").get(address(campaign)).content.decode()

    assert rows(page) == [
        ["just now", "–", f"Mara Lindqvist {customer.email}", "API", "Test Staff", "Failed Pool empty ×3", ""]
    ]
    assert "Add codes, or let the campaign extend its pool" in page


def test_metadata_and_what_has_no_column_stand_in_the_row_that_opens(signed_in):
    campaign = CampaignFactory()
    publication = published(VoucherFactory(campaign=campaign), source_id="order-1042", metadata={"lang": "sv"})

    page = signed_in("Viewer").get(address(campaign)).content.decode()

    opens = page[page.index('class="expanded"') :]
    assert "&quot;lang&quot;: &quot;sv&quot;" in opens
    assert "order-1042" in opens
    assert publication.public_id in opens


def test_several_codes_are_listed_behind_their_number(signed_in):
    campaign = CampaignFactory(codes=3)
    publish(campaign, CustomerFactory(), count=3, channel="API", origin="api", by=STAFF)

    page = signed_in("Operator").get(address(campaign)).content.decode()

    first, second, third = campaign.vouchers.order_by("pk").values_list("code", flat=True)
    assert rows(page)[0][1] == f"3 codes {first} {second} {third}"


@pytest.mark.django_db(transaction=True)
def test_a_hand_out_leads_to_its_file_and_lists_no_code(signed_in):
    campaign = CampaignFactory(codes=60)
    export = order_hand_out(campaign, count=60, by=STAFF, for_whom="Print shop")
    make_export_file(export.pk)

    page = signed_in("Manager").get(address(campaign)).content.decode()

    assert [row[1] for row in rows(page)] == ["60 codes"]
    assert f'href="/exports/{export.public_id}/"' in page
    assert Voucher.objects.first().code not in page


def test_a_released_code_is_masked_and_told_as_released(signed_in):
    voucher = VoucherFactory(code="ROAST-77AB")
    published(voucher)
    release(voucher, by=STAFF, reason="Sent to the wrong person")

    page = signed_in("Manager").get(address(voucher.campaign)).content.decode()

    assert (rows(page)[0][1], rows(page)[0][5]) == ("••••••AB", "Released")
    assert "Sent to the wrong person" in page
    assert "ROAST-77AB" not in page


def test_one_of_two_codes_released_is_partly_released(signed_in):
    campaign = CampaignFactory(codes=2)
    publication = publish(campaign, CustomerFactory(), count=2, channel="API", origin="api", by=STAFF)
    release(publication.vouchers[0], by=STAFF, reason="Sent to the wrong person")

    page = signed_in("Manager").get(address(campaign)).content.decode()

    assert rows(page)[0][5] == "Partly released"


def test_a_viewer_sees_codes_masked(signed_in):
    voucher = VoucherFactory(code="ROAST-77AB")
    published(voucher)
    with pytest.raises(PublishRefused):
        publish_code(voucher, CustomerFactory(), channel="API", origin="api", by=STAFF)

    page = signed_in("Viewer").get(address(voucher.campaign)).content.decode()

    assert [row[1] for row in rows(page)] == ["••••••AB", "••••••AB"]
    assert "ROAST-77AB" not in page


def test_the_code_that_a_failed_attempt_asked_for_is_masked_unless_it_is_published(signed_in):
    voucher = VoucherFactory(code="ROAST-77AB", active=False)
    with pytest.raises(PublishRefused):
        publish_code(voucher, CustomerFactory(), channel="API", origin="api", by=STAFF)

    page = signed_in("Manager").get(address(voucher.campaign)).content.decode()

    assert (rows(page)[0][1], rows(page)[0][5]) == ("••••••AB", "Failed Code disabled")
    assert "ROAST-77AB" not in page


def test_an_erased_customer_is_not_named(signed_in):
    publication = published()
    publication.customer.__class__.objects.filter(pk=publication.customer.pk).update(
        name="", email="", source_id=None, erased_at=publication.created_at
    )

    page = signed_in("Viewer").get("/publications/").content.decode()

    assert rows(page)[0][3] == "Erased customer"


def test_htmx_gets_the_table_alone_and_the_address_makes_the_whole_page(signed_in):
    campaign = CampaignFactory()
    for channel in ("API", "E-mail"):
        published(VoucherFactory(campaign=campaign), channel=channel)
    browser, filters = signed_in("Operator"), {"channel": "E-mail", "sort": "created_at"}

    part = browser.get(address(campaign), filters, **OF_TABLE)
    whole = browser.get(address(campaign), filters)

    assert part.content.decode().lstrip().startswith('<div id="list"')
    assert rows(part.content.decode()) == rows(whole.content.decode())
    assert [row[3] for row in rows(whole.content.decode())] == ["E-mail"]
    assert '<option value="E-mail" selected>' in whole.content.decode()
    assert "HX-Request" in part["Vary"] and "HX-Request" in whole["Vary"]


def test_a_history_restore_gets_the_whole_page(signed_in):
    campaign = CampaignFactory()

    page = signed_in("Viewer").get(address(campaign), **OF_TABLE, HTTP_HX_HISTORY_RESTORE_REQUEST="true")

    assert page.content.decode().lstrip().startswith("<!doctype html>")


def test_a_day_that_is_none_is_said_to_be_wrong(signed_in):
    page = signed_in("Viewer").get("/publications/", {"since": "2026-02-30"}).content.decode()

    assert "Enter a valid date." in page


def test_what_was_looked_for_in_the_newest_only_is_said(signed_in, monkeypatch):
    monkeypatch.setattr(find_publications, "MANY", 1)
    monkeypatch.setattr(find_publications, "NEWEST", 1)
    for n in range(3):
        published(VoucherFactory(code=f"ROAST-{n}"))

    page = signed_in("Operator").get("/publications/", {"q": "ROAST"}).content.decode()

    assert "Searched the newest" in page


def test_the_report_takes_the_filters_of_the_page_along(signed_in):
    campaign = CampaignFactory()
    published(VoucherFactory(campaign=campaign, code="ROAST-1"))
    filters = {"q": "ROAST", "page": "1", "sort": "channel"}

    page = signed_in("Exporter").get(address(campaign), filters).content.decode()

    assert f'href="/exports/new?q=ROAST&amp;kind=publications&amp;campaign={campaign.public_id}"' in page


def test_who_may_not_export_is_offered_no_report(signed_in):
    campaign = CampaignFactory()
    published(VoucherFactory(campaign=campaign))

    assert "/exports/new" not in signed_in("Operator").get(address(campaign)).content.decode()


@pytest.mark.parametrize("how_many", [1, 50])
def test_the_history_of_a_campaign_takes_as_many_queries_for_fifty_rows_as_for_one(signed_in, how_many):
    campaign = CampaignFactory()
    for n in range(how_many):
        published(VoucherFactory(campaign=campaign), channel=f"Channel {n % 3}")
    browser = signed_in("Operator")
    browser.get(address(campaign))  # ids and content types are asked for once a process

    whole = queries(browser, address(campaign))
    table = queries(browser, address(campaign), **OF_TABLE)
    searched = queries(browser, address(campaign) + "?q=CODE", **OF_TABLE)
    all_of_it = queries(browser, address(campaign) + "?q=CODE")

    # session, user, permissions, project, campaign; rows counted, rows, their codes ...
    assert table == 8
    # ... and for the whole page the bell, the days, the forecast, the last redemption and all other figures
    assert whole == 14
    # ... codes, customers and publications are counted before they are looked for
    assert searched == 9
    assert all_of_it == 15


@pytest.mark.parametrize("how_many", [1, 50])
def test_the_history_of_everything_takes_as_many_queries_for_fifty_rows_as_for_one(signed_in, how_many):
    for _ in range(how_many):
        published()
    browser = signed_in("Operator")
    browser.get("/publications/")

    assert queries(browser, "/publications/") == 10


def queries(browser, url: str, **headers) -> int:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert browser.get(url, **headers).status_code == 200
    return len(asked)


def test_of_ten_thousand_and_more_the_count_says_so(signed_in, monkeypatch):
    monkeypatch.setattr("config.staff.lists.paging.COUNT_UP_TO", 2)
    monkeypatch.setattr("config.staff.lists.tables.Table.per_page", 2)
    for _ in range(3):
        published()

    page = signed_in("Viewer").get("/publications/").content.decode()

    assert "1–2 of 2+" in " ".join(page.split())
    assert Publication.objects.count() == 3
