"""The first page: first steps on a new installation, then how it goes and what needs attention."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.codes.actions.switch_code import disable_code
from campaigns.codes.models import CodeOrder
from config.api.actions.create_api_key import create_api_key
from publications.actions.publish import publish
from publications.distributions.models import Distribution
from publications.exports.models import Export
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.refusals import RedemptionRefused
from publications.refusals import PublishRefused
from publications.watch.queries.low_pools import low_pools
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db
OF_RUNNING_WORK = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "running-work"}


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html.replace("&#x27;", "'")).split())


def steps(page: str) -> list[tuple[str, str]]:
    found = re.findall(r'<li class="(done|now|)">\s*<div>\s*<h2>(.*?)</h2>', page, re.S)
    return [(title, state) for state, title in found]


def test_a_new_installation_leads_on_step_by_step(signed_in):
    browser = signed_in("Manager")

    empty = browser.get("/").content.decode()
    campaign = CampaignFactory(name="Mara's coffee")
    with_campaign = browser.get("/").content.decode()
    VoucherFactory(campaign=campaign)
    with_codes = browser.get("/").content.decode()
    create_api_key("Web shop", by=STAFF)
    with_key = browser.get("/").content.decode()

    titles = ["Create a campaign", "Add codes", "Publish the first code", "Connect your shop"]
    assert steps(empty) == list(zip(titles, ["now", "", "", ""], strict=True))
    assert steps(with_campaign) == list(zip(titles, ["done", "now", "", ""], strict=True))
    assert steps(with_codes) == list(zip(titles, ["done", "done", "now", ""], strict=True))
    assert steps(with_key) == list(zip(titles, ["done", "done", "now", "done"], strict=True))
    assert 'href="/campaigns/new"' in empty
    assert f'href="/campaigns/{campaign.public_id}/publish"' in with_codes


def test_the_call_by_curl_can_be_pasted_into_a_shell(signed_in):
    CampaignFactory(name="Mara's coffee")

    page = signed_in("Manager").get("/").context["example"]

    assert page.startswith("curl http://testserver/v1/publications \\\n")
    assert """-d '{"campaign": "Mara'"'"'s coffee", """ in page


def test_who_may_not_take_a_step_is_told_who_does(signed_in):
    page = signed_in("Viewer").get("/").content.decode()

    assert "Ask a Manager to do this." in page
    assert 'href="/campaigns/new"' not in page


def test_the_tiles_count_codes_failures_and_campaigns(signed_in):
    campaign = CampaignFactory(codes=2)
    publish(campaign, CustomerFactory(), count=2, channel="API", origin="api", by=STAFF)
    for _ in range(2):
        published(VoucherFactory(campaign=campaign))
    with pytest.raises(PublishRefused):
        publish(campaign, CustomerFactory(), channel="API", origin="api", by=STAFF)

    page = text(signed_in("Viewer").get("/").content.decode())

    assert "Codes published today 4 0 yesterday Codes in 7 days 4 none the week before in 3 publications" in page
    assert "Failed attempts 1 in the last 7 days Campaigns 1" in page


def test_the_step_that_is_left_is_still_offered(signed_in):
    published()
    browser = signed_in("Manager")

    before = browser.get("/").content.decode()
    create_api_key("Web shop", by=STAFF)
    after = browser.get("/").content.decode()

    assert ("Connect your shop." in before, "Connect your shop." in after) == (True, False)


def test_the_latest_publications_are_told(signed_in):
    campaign = CampaignFactory(name="Autumn Roast")
    published(
        VoucherFactory(campaign=campaign, code="ROAST-77AB"),
        CustomerFactory(name="Mara Lindqvist", email="mara@example.com"),
    )

    for role, code in (("Operator", "ROAST-77AB"), ("Viewer", "••••••AB")):
        page = text(signed_in(role).get("/").content.decode())

        assert f"{code} to Mara Lindqvist mara@example.com Autumn Roast · API · just now" in page


def test_a_pool_is_low_when_less_than_a_tenth_is_left():
    low, empty = CampaignFactory(codes=11), CampaignFactory(codes=2)
    CampaignFactory(codes=10, name="A tenth is left")
    CampaignFactory(codes=5, name="Full")
    CampaignFactory(name="No codes yet")
    published(VoucherFactory(campaign=CampaignFactory(standalone=True)))
    CampaignFactory(codes=1, auto_update=True, name="Makes its own")
    for campaign in (low, empty):
        campaign.vouchers.update(active=False)
    for name in ("A tenth is left", "Makes its own"):
        low.__class__.objects.get(name=name).vouchers.all().update(active=False)
    low.vouchers.filter(pk=low.vouchers.first().pk).update(active=True)
    tenth = low.__class__.objects.get(name="A tenth is left")
    tenth.vouchers.filter(pk=tenth.vouchers.first().pk).update(active=True)

    assert [(campaign.pk, campaign.codes_left) for campaign in low_pools()] == [(empty.pk, 0), (low.pk, 1)]


def test_running_work_is_shown_with_its_progress_and_asked_for_again(signed_in):
    published()
    CodeOrder.objects.create(campaign=CampaignFactory(name="Autumn Roast"), total=1000, done=250, status="running")
    Export.objects.create(kind="codes", file_name="codes.csv", status="queued")
    Export.objects.create(kind="codes", file_name="done.csv", status="done")
    run = Distribution.objects.create(name="Autumn thanks", kind="manual", status="running", message="email")
    browser = signed_in("Viewer")

    page = browser.get("/").content.decode()
    part = browser.get("/", **OF_RUNNING_WORK).content.decode()

    for html in (page, part):
        assert "Generating codes for Autumn Roast 250 of 1,000 codes" in text(html)
        assert "Creating codes.csv Queued" in text(html)
        assert "Distributing Autumn thanks Running" in text(html)
        assert f'href="/distributions/{run.public_id}/"' in html
        assert "done.csv" not in html
    assert 'hx-trigger="every 2s"' in part


def test_when_nothing_runs_nothing_is_asked_for_again(signed_in):
    part = signed_in("Viewer").get("/", **OF_RUNNING_WORK).content.decode()

    assert "hx-" not in part


def test_only_a_manager_sees_the_activity(signed_in):
    voucher = VoucherFactory()
    published()
    disable_code(voucher, by=STAFF)

    assert "Recent activity" in signed_in("Manager").get("/").content.decode()
    assert "Recent activity" not in signed_in("Operator").get("/").content.decode()


@pytest.mark.parametrize("how_many", [1, 50])
def test_the_page_takes_as_many_queries_for_fifty_of_everything_as_for_one(signed_in, how_many):
    for _ in range(how_many):
        published()
        CodeOrder.objects.create(campaign=CampaignFactory(codes=1), total=10)
        disable_code(VoucherFactory(), by=STAFF)
        redeem(VoucherFactory(), by=STAFF)
    browser = signed_in("Manager")
    browser.get("/")

    with CaptureQueriesContext(connection) as asked:
        assert browser.get("/").status_code == 200

    # session, user, two for permissions, project; the latest publications, their codes, the latest redemptions, which of
    # them were rolled back, days, campaigns (and is there a key, a paused webhook?), low pools and what is forecast of them, running work,
    # activity, what is to be done before real use; the bell
    assert len(asked) == 16


def test_the_latest_redemptions_say_why_they_failed(signed_in):
    ada = CustomerFactory(name="Ada")
    code = VoucherFactory(code="ROAST-7AB2")
    published(code, ada)
    redeem(code, customer=ada, by=STAFF)
    with pytest.raises(RedemptionRefused):
        redeem(code, customer=ada, by=STAFF)

    page = signed_in("Operator").get("/").content.decode()

    latest = page.split("Latest redemptions")[1]
    assert latest.count("ROAST-7AB2") >= 2 and "Used up" in latest and "Ada" in latest
