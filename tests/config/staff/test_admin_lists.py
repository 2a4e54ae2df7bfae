"""The admin's lists are paged like the dashboard's: to the last row."""

import re

import pytest

from campaigns.codes.models import Voucher
from config.staff.admin import RoleModelAdmin
from tests.support.factories import CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(RoleModelAdmin, "list_per_page", 3)
    monkeypatch.setattr("config.staff.lists.paging.COUNT_UP_TO", 5)


def keys_on(page: str) -> list[int]:
    return [int(key) for key in re.findall(r'href="/admin/codes/voucher/(\d+)/change', page)]


def link(page: str, word: str) -> str:
    found = re.search(rf'<a href="([^"]*)"[^>]*>{word}</a>', page)
    return found[1].replace("&amp;", "&") if found else ""


def walk(browser, address: str, word: str) -> list[list[int]]:
    pages = []
    while True:
        page = browser.get(f"/admin/codes/voucher/{address}").content.decode()
        pages.append(keys_on(page))
        if not (address := link(page, word)):
            return pages


def test_every_row_is_reached_forwards_and_backwards(signed_in):
    CampaignFactory(codes=8)
    keys = sorted(Voucher.objects.values_list("pk", flat=True), reverse=True)
    browser = signed_in("Manager")

    assert walk(browser, "", "Next") == [keys[:3], keys[3:6], keys[6:]]
    assert walk(browser, "?before=end", "Previous") == [keys[5:], keys[2:5], keys[:3]]


def test_a_place_goes_with_filters_and_is_left_behind_by_a_new_one(signed_in):
    CampaignFactory(codes=8)
    browser = signed_in("Manager")

    first = browser.get("/admin/codes/voucher/?active__exact=1&o=-6").content.decode()
    following = link(first, "Next")
    second = browser.get(f"/admin/codes/voucher/{following}")

    assert "active__exact=1" in following
    assert "o=-6" in following
    assert second.status_code == 200
    assert not set(keys_on(first)) & set(keys_on(second.content.decode()))
    assert link(second.content.decode(), "Last") != ""
    assert not re.search(
        r'href="\?[^"]*o=[^"]*after=', second.content.decode().split("result_list")[1].split("<tbody>")[0]
    )


@pytest.mark.parametrize("address", ["?p=2", "?p=99", "?p=x", "?after=x", "?after=1", "?before=", "?all=", "?p=-1"])
def test_old_and_strange_addresses_show_a_page(signed_in, address):
    CampaignFactory(codes=8)

    page = signed_in("Manager").get(f"/admin/codes/voucher/{address}")

    assert (page.status_code, len(keys_on(page.content.decode()))) == (200, 3)
