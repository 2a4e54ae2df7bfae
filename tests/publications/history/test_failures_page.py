"""The page that tells why attempts to publish failed: by reason, channel and day, each with what helps."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from publications.queries.find_remedy import find_remedy
from publications.refusals import FailureReason
from tests.support.factories import CampaignFactory, failed

pytestmark = pytest.mark.django_db
PAGE = "/publications/failures"


def test_a_quiet_house_is_told_so(signed_in):
    page = signed_in("Viewer").get(PAGE).content.decode()

    assert "Nothing failed" in page


def test_each_reason_leads_to_its_attempts_and_to_what_mends_it(signed_in):
    campaign = CampaignFactory(name="Advent")
    failed(FailureReason.POOL_EMPTY, campaign, attempts=1200)
    failed(FailureReason.CODE_EXPIRED)

    answer = signed_in("Manager").get(PAGE)

    page = answer.content.decode()
    first = answer.context["reasons"][0]
    assert "1,201 failed attempts in the last 28 days" in page
    assert f'href="/campaigns/{campaign.public_id}/extend"' in page
    assert 'href="/codes/?status=expired"' in page
    assert first["url"].startswith("/publications/?result=pool_empty&since=")
    assert f'href="/campaigns/{campaign.public_id}/?result=pool_empty&amp;since=' in page


def test_the_link_of_a_reason_finds_its_attempts(signed_in):
    campaign = CampaignFactory()
    attempt = failed(FailureReason.POOL_EMPTY, campaign)
    failed(FailureReason.CODE_EXPIRED, campaign)
    browser = signed_in("Viewer")

    for url in (row["url"] for row in browser.get(PAGE).context["reasons"] if row["tally"].reason == "pool_empty"):
        assert [row.record for row in browser.get(url).context["table"].paginated_rows] == [attempt]


def test_who_may_not_mend_it_is_told_what_helps_without_a_button(signed_in):
    failed(FailureReason.POOL_EMPTY, CampaignFactory())

    page = signed_in("Viewer").get(PAGE).content.decode()

    assert "Add codes, or let the pool extend itself." in page
    assert "/extend" not in page


def test_it_is_narrowed_by_campaign_channel_and_period(signed_in):
    campaign = CampaignFactory(name="Advent")
    failed(FailureReason.POOL_EMPTY, campaign)
    failed(FailureReason.POOL_EMPTY, campaign, channel="Till", days_ago=40)
    failed(FailureReason.RETIRED)
    browser = signed_in("Viewer")

    def attempts(query):
        return browser.get(PAGE + query).context["failures"].attempts

    assert (attempts(""), attempts("?days=90"), attempts("?campaign=Advent")) == (2, 3, 1)
    assert attempts(f"?days=90&campaign={campaign.public_id}&channel=Till") == 1


def test_nonsense_in_the_address_is_told_and_shows_all(signed_in):
    failed(FailureReason.RETIRED)

    answer = signed_in("Viewer").get(f"{PAGE}?campaign=nobody&days=1000000&channel={'x' * 300}")

    page = answer.content.decode()
    assert answer.context["failures"].attempts == 1
    assert "No campaign has this name or ID. Choose one from the list." in page
    assert "Channel: Ensure this value has at most 100 characters" in page


@pytest.mark.parametrize("reason", FailureReason)
def test_every_reason_has_a_remedy_whose_page_opens(signed_in, reason):
    campaign = CampaignFactory()
    browser = signed_in("Manager")

    for remedy in (find_remedy(reason), find_remedy(reason, campaign)):
        assert remedy.text and remedy.action
        assert browser.get(remedy.url).status_code == 200


def test_a_failed_attempt_tells_what_helps(signed_in):
    campaign = CampaignFactory()
    attempt = failed(FailureReason.POOL_EMPTY, campaign)

    page = signed_in("Manager").get(f"/publications/{attempt.public_id}/").content.decode()

    assert f'href="/campaigns/{campaign.public_id}/extend"' in page
    assert 'href="/publications/?result=pool_empty"' in page


def test_the_number_of_queries_does_not_grow(signed_in):
    browser = signed_in("Manager")

    def queries():
        with CaptureQueriesContext(connection) as queries:
            browser.get(PAGE)
        return len(queries)

    failed(FailureReason.POOL_EMPTY, CampaignFactory())
    queries()
    one = queries()
    for number in range(50):
        failed(list(FailureReason)[number % 12], CampaignFactory(), channel=f"Shop {number}")

    assert one == queries() == 9
