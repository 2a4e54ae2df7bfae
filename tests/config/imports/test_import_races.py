"""Several people at one draft: one starts it while another throws it away, changes it, or does the same."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from campaigns.codes.models import CodeImport
from tests.support.factories import CampaignFactory

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 6


def at_once(*calls):
    """What each call answers, begun at the same moment in a thread and with a connection of its own."""
    ready = Barrier(len(calls))

    def begin(call):
        ready.wait()
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result() for future in [threads.submit(begin, call) for call in calls]]


@pytest.mark.parametrize("first", ["start", "discard", "change", "look"])
@pytest.mark.parametrize("second", ["start", "discard"])
def test_a_draft_is_started_or_thrown_away_and_nothing_breaks(signed_in, first, second):
    campaign = CampaignFactory()
    browsers = [signed_in("Manager"), signed_in("Manager")]
    for browser in browsers:
        browser.raise_request_exception = False

    for number in range(ROUNDS):
        file = SimpleUploadedFile("codes.csv", f"Code\nA{number}\nB{number}\n".encode())
        page = browsers[0].post(f"/campaigns/{campaign.public_id}/import", {"file": file}).url
        acts = zip((first, second), browsers, strict=True)

        answers = at_once(*(partial(act, name, browser, page) for name, browser in acts))

        assert {answer.status_code for answer in answers} <= {200, 302, 404}, [a.content[:300] for a in answers]
        found = CodeImport.objects.order_by("pk").last()
        assert found is None or found.status in ("draft", "queued")
        CodeImport.objects.all().delete()


def act(name, browser, page):
    form = {"encoding": "utf-8-sig", "delimiter": ",", "column-0": "code"}
    match name:
        case "start":
            return browser.post(page, {**form, "start": ""})
        case "change":
            return browser.post(page, form)
        case "look":
            return browser.get(page)
        case "discard":
            return browser.post(f"{page}/discard")
