"""The pages of a campaign: tiles, chart, tabs, codes, activity; who is offered what."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.codes.actions.switch_code import disable_code
from campaigns.codes.models import CodeOrder
from publications.actions.publish import publish
from publications.models import Publication
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.refusals import RedemptionRefused
from publications.refusals import PublishRefused
from publications.tallies.tally import tally_days
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


def address(campaign, tab: str = "") -> str:
    return f"/campaigns/{campaign.public_id}/{tab}"


def tiles(page: str) -> dict[str, str]:
    found = re.findall(r'<div class="tile"><dt>(.*?)</dt>(.*?)</div>', page, re.S)
    return {label: " ".join(re.sub(r"<[^>]*>", " ", rest).split()) for label, rest in found}


def days_ago(publication: Publication, days: int) -> None:
    moment = timezone.now() - timedelta(days=days)
    Publication.objects.filter(pk=publication.pk).update(created_at=moment)


def test_the_tiles_tell_codes_publications_customers_and_failures(signed_in):
    campaign, mara = CampaignFactory(codes=4), CustomerFactory()
    for days in (0, 1, 8):
        days_ago(publish(campaign, mara, channel="API", origin="api", by=STAFF), days)
    publish(campaign, CustomerFactory(), channel="API", origin="api", by=STAFF)
    for _ in range(2):
        with pytest.raises(PublishRefused):
            publish(campaign, mara, channel="API", origin="api", by=STAFF)

    page = signed_in("Viewer").get(address(campaign)).content.decode()

    assert tiles(page) == {
        "Codes published": "4 of 4 100% 0 redeemed, 0%",
        "Codes in 7 days": "3 +200% vs. the week before",
        "Customers reached": "2 2 codes each",
        "Failed attempts": "2 last just now Why they failed",
    }


def test_a_new_campaign_has_tiles_of_nothing(signed_in):
    page = signed_in("Viewer").get(address(CampaignFactory())).content.decode()

    assert tiles(page) == {
        "Codes published": "0 of 0 0%",
        "Codes in 7 days": "0 none in two weeks",
        "Customers reached": "0 Nobody yet",
        "Failed attempts": "0 in 90 days",
    }


def test_a_publication_of_several_codes_counts_as_its_codes(signed_in):
    campaign = CampaignFactory(codes=5)
    for count in (3, 2):
        publish(campaign, CustomerFactory(), count=count, channel="API", origin="api", by=STAFF)

    page = signed_in("Viewer").get(address(campaign)).content.decode()

    assert tiles(page)["Codes published"].startswith("5 of 5")
    assert tiles(page)["Codes in 7 days"] == "5 none the week before in 2 publications"
    assert tiles(page)["Customers reached"] == "2 2.5 codes each"
    assert [series["values"][-1] for series in tally_days(campaign).chart()["series"]] == [5]


def test_the_chart_has_the_four_busiest_channels_and_the_rest_as_other():
    campaign = CampaignFactory()
    for channel, count in {"A": 6, "B": 5, "C": 4, "D": 3, "E": 2, "F": 1}.items():
        for _ in range(count):
            published(VoucherFactory(campaign=campaign), channel=channel)

    chart = tally_days(campaign).chart()

    assert [(series["name"], series["values"][-1]) for series in chart["series"]] == [
        *(("A", 6), ("B", 5), ("C", 4), ("D", 3)),
        ("Other", 3),
    ]


def test_a_fifth_channel_is_told_by_its_name():
    campaign = CampaignFactory()
    for channel in "ABCDE":
        published(VoucherFactory(campaign=campaign), channel=channel)

    assert [series["name"] for series in tally_days(campaign).chart()["series"]] == list("ABCDE")


def test_the_days_of_the_chart_are_the_projects(signed_in, project):
    project(time_zone="Pacific/Kiritimati")  # UTC+14
    campaign = CampaignFactory()
    publication = published(VoucherFactory(campaign=campaign))
    yesterday_noon = datetime.combine(timezone.now().date() - timedelta(days=1), datetime.min.time(), UTC)
    Publication.objects.filter(pk=publication.pk).update(created_at=yesterday_noon + timedelta(hours=12))

    page = signed_in("Viewer").get(address(campaign)).content.decode()

    # Noon in UTC is two in the morning of the next day there.
    day = timezone.now().date()
    row = re.search(rf'<th scope="row">{day:%a} {day.day} {day:%b}</th>(.*?)</tr>', page, re.S)
    assert re.findall(r">(\d+)<", row.group(1)) == ["1", "1"]


def test_failed_attempts_are_no_bars_of_the_chart():
    campaign = CampaignFactory()
    with pytest.raises(PublishRefused):
        publish(campaign, CustomerFactory(), channel="API", origin="api", by=STAFF)

    days = tally_days(campaign)

    assert days.chart()["series"] == []
    assert (days.codes(last=1), days.publications(last=1), days.failed(last=1)) == (0, 0, 1)


def test_the_head_tells_status_value_dates_and_what_is_special(signed_in):
    campaign = CampaignFactory(
        name="Autumn Roast", discount_value=20, join_once=True, auto_update=True, activity_duration="P30D", active=False
    )
    campaign.expiration_date = datetime(2099, 12, 31, tzinfo=UTC)
    campaign.save()

    page = " ".join(re.sub(r"<[^>]*>", " ", signed_in("Viewer").get(address(campaign)).content.decode()).split())

    assert "Autumn Roast Disabled" in page
    assert (
        "20% off · until 31 Dec 2099 · Discount coupons · one code per customer · auto-extending · "
        "valid for 30 days after publishing"
    ) in page


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        ("Viewer", set()),
        ("Operator", {"publish"}),
        ("Exporter", {"report"}),
        ("Manager", {"publish", "report", "hand-out", "extend", "import"}),
    ],
)
def test_each_role_is_offered_what_it_may_do(signed_in, role, offered):
    campaign = CampaignFactory()
    here = address(campaign)
    ways = {"publish": f"{here}publish", "hand-out": f"{here}hand-out", "extend": f"{here}extend"}
    ways |= {"import": f"{here}import", "report": "/exports/new?kind=codes"}

    page = signed_in(role).get(here).content.decode()

    assert {name for name, url in ways.items() if f'href="{url}' in page} == offered


def test_the_tabs_count_what_is_behind_them(signed_in):
    campaign = CampaignFactory(codes=3)
    publish(campaign, CustomerFactory(), channel="API", origin="api", by=STAFF)

    for tab in ("", "codes", "exports", "activity"):
        page = signed_in("Manager").get(address(campaign, tab)).content.decode()
        links = re.search(r'<nav class="tabs".*?</nav>', page, re.S).group()
        words = " ".join(re.sub(r"<[^>]*>", " ", links).split())

        assert words == "Publication history 1 Codes 3 Exports 0 Settings Activity"
        assert links.count('aria-current="page"') == 1


def test_only_a_manager_has_the_tab_of_settings(signed_in):
    campaign = CampaignFactory()

    assert address(campaign, "settings") in signed_in("Manager").get(address(campaign)).content.decode()
    assert address(campaign, "settings") not in signed_in("Operator").get(address(campaign)).content.decode()


def test_a_deleted_campaign_can_be_read_and_nothing_more(signed_in):
    campaign = CampaignFactory(deleted_at=timezone.now())

    page = signed_in("Manager").get(address(campaign)).content.decode()

    assert '<span class="pill calm">Deleted</span>' in page
    assert f'href="{address(campaign, "publish")}"' not in page


def test_the_codes_of_a_campaign_with_their_holders(signed_in):
    campaign = CampaignFactory()
    VoucherFactory(campaign=campaign, code="ROAST-77AB")
    published(VoucherFactory(campaign=campaign, code="ROAST-88CD"), CustomerFactory(name="Mara Lindqvist"))
    VoucherFactory(code="BEANS-1234")

    page = signed_in("Operator").get(address(campaign, "codes")).content.decode()

    assert "ROAST-88CD" in page and "Mara Lindqvist" in page
    assert "••••••AB" in page
    assert "ROAST-77AB" not in page and "••••••34" not in page


@pytest.mark.parametrize(
    ("filters", "codes"),
    [
        ({}, ["••••••03", "••••••02", "ROAST-0001"]),
        ({"status": "pool"}, ["••••••02"]),
        ({"status": "redeemable"}, ["ROAST-0001"]),
        ({"status": "disabled"}, ["••••••03"]),
        ({"q": "ROAST-000"}, ["ROAST-0001"]),
        ({"q": "ROAST-0002"}, ["••••••02"]),
    ],
)
def test_codes_are_filtered_by_code_and_status(signed_in, filters, codes):
    campaign = CampaignFactory()
    first, _, third = (VoucherFactory(campaign=campaign, code=f"ROAST-000{n}") for n in (1, 2, 3))
    published(first)
    disable_code(third, by=STAFF)

    page = signed_in("Operator").get(address(campaign, "codes"), filters).content.decode()

    assert re.findall(r"<code>(.*?)</code>", page) == codes


def test_codes_on_their_way_show_how_far_they_are(signed_in):
    campaign = CampaignFactory()
    CodeOrder.objects.create(campaign=campaign, total=1000, done=250, status="running")
    CodeOrder.objects.create(campaign=campaign, total=77, done=77, status="done")

    page = signed_in("Viewer").get(address(campaign, "codes")).content.decode()

    assert "250 of 1,000 codes" in " ".join(page.split())
    assert "77 codes" not in page


def test_the_report_of_the_codes_takes_the_filters_along(signed_in):
    campaign = CampaignFactory(codes=1)

    page = signed_in("Exporter").get(address(campaign, "codes"), {"status": "pool"}).content.decode()

    assert f'href="/exports/new?status=pool&amp;kind=codes&amp;campaign={campaign.public_id}"' in page


def test_the_activity_tab_tells_what_was_done_to_the_campaign(signed_in):
    campaign = CampaignFactory(codes=1)
    disable_code(campaign.vouchers.get(), by=STAFF)

    page = signed_in("Viewer").get(address(campaign, "activity")).content.decode()

    assert "Test Staff" in page
    assert "disabled" in page


@pytest.mark.parametrize("how_many", [1, 50])
def test_the_codes_take_as_many_queries_for_fifty_as_for_one(signed_in, how_many):
    campaign = CampaignFactory()
    for _ in range(how_many):
        published(VoucherFactory(campaign=campaign))
    browser = signed_in("Operator")
    browser.get(address(campaign, "codes"))

    with CaptureQueriesContext(connection) as asked:
        assert browser.get(address(campaign, "codes")).status_code == 200

    assert len(asked) == 12


@pytest.mark.parametrize("how_many", [1, 50])
def test_the_activity_takes_as_many_queries_for_fifty_as_for_one(signed_in, how_many):
    campaign = CampaignFactory(codes=how_many)
    for voucher in campaign.vouchers.all():
        disable_code(voucher, by=STAFF)
    browser = signed_in("Viewer")
    browser.get(address(campaign, "activity"))

    with CaptureQueriesContext(connection) as asked:
        assert browser.get(address(campaign, "activity")).status_code == 200

    assert len(asked) == 10


def test_it_tells_of_the_last_attempt_to_redeem_if_that_failed(signed_in):
    viewer, campaign = signed_in("Viewer"), CampaignFactory(name="Roast & more", redemption_limit=1)
    code = VoucherFactory(campaign=campaign)
    published(code)
    redeem(code, by=STAFF)
    before = viewer.get(f"/campaigns/{campaign.public_id}/").content.decode()
    with pytest.raises(RedemptionRefused):
        redeem(code, by=STAFF)

    page = viewer.get(f"/campaigns/{campaign.public_id}/").content.decode()

    assert "The last attempt" not in before and 'href="/redemptions/?campaign=Roast%20%26%20more"' in before
    assert "The last attempt" in page and "<strong>Used up</strong>" in page
