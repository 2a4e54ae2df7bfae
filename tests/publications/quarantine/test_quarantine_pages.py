"""The page After a restore walks a Manager through it, and every page says that publishing is held."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from campaigns.codes.models import Voucher
from config.staff.quarantine import is_open
from publications.quarantine.open_quarantine import open_quarantine
from tests.support.factories import STAFF, CampaignFactory

pytestmark = pytest.mark.django_db(transaction=True)

BANNER = "Publishing is on hold"
PAGE = "/settings/after-restore/"


@pytest.fixture
def held():
    return open_quarantine("restore", lost_since=datetime(2026, 11, 30, 10, 15, tzinfo=UTC), by=STAFF)


def test_every_page_says_so_and_a_manager_is_shown_the_way(held, signed_in):
    assert BANNER in (seen := signed_in("Manager").get("/campaigns/").content.decode())
    assert PAGE in seen
    assert BANNER in (seen := signed_in("Viewer").get("/campaigns/").content.decode())
    assert PAGE not in seen


def test_no_page_says_so_otherwise(signed_in):
    manager = signed_in("Manager")
    assert BANNER not in manager.get("/campaigns/").content.decode()
    assert "no backup has been restored here" in manager.get(PAGE).content.decode()
    assert manager.post(f"{PAGE}open").url == PAGE


def test_a_manager_withdraws_codes_and_opens_publishing_again(held, signed_in):
    campaign, manager = CampaignFactory(name="Autumn", codes=3), signed_in("Manager")
    assert "Autumn" in manager.get(PAGE).content.decode()

    manager.post(reverse("quarantine:withdraw-next", kwargs={"campaign_id": campaign.pk}), {"count": 2})
    log = SimpleUploadedFile("shop.csv", b"code\nMADE-SINCE\n")
    listed = manager.post(f"{PAGE}codes", {"file": log, "campaign": "Autumn"}, follow=True)
    wrong = manager.post(f"{PAGE}codes", {"file": SimpleUploadedFile("shop.csv", b"order\n1\n")})
    sent = manager.post(f"{PAGE}messages", {"file": SimpleUploadedFile("mail.log", b"nothing")}, follow=True)
    opened = manager.post(f"{PAGE}open", follow=True)

    assert Voucher.objects.filter(withdrawn_why="held_back").count() == 3
    assert "1 unknown ones were added as withdrawn" in listed.content.decode()
    assert "There is no column “code”" in wrong.content.decode()
    assert "0 messages were marked as sent" in sent.content.decode()
    assert "Publishing has resumed" in opened.content.decode()
    assert not is_open()


def test_as_many_queries_for_many_pools_as_for_one(held, signed_in, django_assert_num_queries):
    manager = signed_in("Manager")
    for pools in (1, 30):
        CampaignFactory.create_batch(pools, codes=1)
        with django_assert_num_queries(10):
            manager.get(PAGE)
