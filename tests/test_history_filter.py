"""The one query behind the history page, its report and the API: what it finds, in which order, at which cost."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from publications import find_publications
from publications.history import history
from publications.models import Publication
from publications.publish import publish_code
from publications.refusals import PublishRefused
from publications.release import release
from tests.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


def found(publications=None, **filters) -> list[Publication]:
    return list(history(filters=filters, **(publications or {})).qs)


def at(publication: Publication, *moment: int) -> Publication:
    Publication.objects.filter(pk=publication.pk).update(created_at=datetime(*moment, tzinfo=UTC))
    return publication


def failed(voucher, customer=None) -> Publication:
    """The record of an attempt to publish a code that is not to be had."""
    with pytest.raises(PublishRefused):
        publish_code(voucher, customer or CustomerFactory(), channel="API", origin="api", by=STAFF)
    return Publication.objects.filter(result="FAILURE").latest("pk")


@pytest.mark.parametrize(
    "text", ["ROAST-7", "roast-7", "ROAST-77AB", "mara", "Lind", "MARA@ex", "crm-7", "  Mara   Lind "]
)
def test_a_publication_is_found_by_the_beginning_of_its_code_or_of_its_customer(text):
    mara = CustomerFactory(name="Mara Lindqvist", email="mara@example.com", source_id="crm-77")
    wanted = published(VoucherFactory(code="ROAST-77AB"), mara)
    published(VoucherFactory(code="BEANS-1"), CustomerFactory(name="Priya Raman"))

    assert found(q=text) == [wanted]


@pytest.mark.parametrize("text", ["77AB", "%", "_OAST", "ara", "ROAST-78", "pub_1234567812345678"])
def test_what_stands_in_the_middle_and_the_signs_of_like_find_nothing(text):
    published(VoucherFactory(code="ROAST-77AB"), CustomerFactory(name="Mara Lindqvist"))

    assert found(q=text) == []


def test_a_publication_is_found_by_its_id_and_by_that_of_its_code_or_customer():
    wanted, _ = published(), published()

    assert found(q=wanted.public_id) == [wanted]
    assert found(q=wanted.vouchers[0].public_id) == [wanted]
    assert found(q=wanted.customer.public_id) == [wanted]


def test_a_failed_attempt_is_found_by_the_code_that_it_asked_for():
    voucher = VoucherFactory(code="ROAST-1")
    success = published(voucher)

    failure = failed(voucher)

    assert found(q="ROAST-") == [failure, success]


def test_a_masked_code_is_found_only_by_all_of_it():
    voucher = VoucherFactory(code="ROAST-77AB")
    publication = published(voucher)
    release(voucher, by=STAFF, reason="Sent to the wrong person")

    assert found(q="ROAST-77A") == []
    assert found(q="ROAST-77AB") == [publication]


@pytest.mark.parametrize("many", [5_000, 0], ids=["few", "among the newest"])
def test_nor_is_a_released_code_found_by_the_beginning_of_what_failed_attempts_asked_for(monkeypatch, many):
    monkeypatch.setattr(find_publications, "MANY", many)
    voucher = VoucherFactory(code="ROAST-77AB")
    publication = published(voucher)
    attempt = failed(voucher)
    assert found(q="ROAST-77A") == [attempt, publication]

    release(voucher, by=STAFF, reason="Sent to the wrong person")

    assert found(q="ROAST-77A") == []
    assert found(q="ROAST-77AB") == [attempt, publication]
    published(voucher)
    assert attempt in found(q="ROAST-77A")


def test_the_attempts_at_a_code_that_is_no_more_are_found_by_all_of_it():
    voucher = VoucherFactory(code="ROAST-77AB", active=False)
    attempt = failed(voucher)
    voucher.delete()

    assert found(q="roast-77ab") == [attempt]
    assert found(q="ROAST-77A") == []


def test_who_sees_no_code_in_clear_cannot_feel_the_way_along_one():
    publication = published(VoucherFactory(code="ROAST-77AB"))

    assert list(history(filters={"q": "ROAST-77A"}, whole_codes=True).qs) == []
    assert list(history(filters={"q": "ROAST-77AB"}, whole_codes=True).qs) == [publication]


def test_channel_and_result():
    voucher = VoucherFactory()
    by_mail, by_api = published(voucher, channel="E-mail"), published(channel="API")
    failure = failed(voucher)

    assert found(channel="E-mail") == [by_mail]
    assert found(result="FAILURE") == [failure]
    assert found(result="SUCCESS", channel="API") == [by_api]


def test_days_are_those_of_the_project():
    tokyo_is_a_day_ahead = at(published(), 2026, 3, 1, 15, 30)
    at(published(), 2026, 3, 1, 14, 59)
    at(published(), 2026, 3, 2, 15, 0)

    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert found(since="2026-03-02", until="2026-03-02") == [tokyo_is_a_day_ahead]


@pytest.mark.parametrize(
    "filters", [{"since": "0001-01-01", "until": "9999-12-31"}, {"since": "x", "until": "2026-02-30"}]
)
def test_days_that_cannot_be_reckoned_with_are_left_out(filters):
    publication = published()

    with timezone.override(ZoneInfo("Pacific/Auckland")):
        assert found(**filters) == [publication]


def test_the_newest_stand_first_unless_asked_otherwise():
    campaign = CampaignFactory()
    first, second, third = (
        published(VoucherFactory(campaign=campaign), channel=channel) for channel in ("B", "A", "B")
    )
    of_campaign = {"campaign": campaign}

    assert found(of_campaign) == [third, second, first]
    assert found(of_campaign, sort="created_at") == [first, second, third]
    assert found(of_campaign, sort="channel") == [second, third, first]
    assert found(of_campaign, sort="-channel") == [first, third, second]


def test_an_order_that_no_index_serves_is_the_usual_one():
    first, second = published(channel="B"), published(channel="A")

    assert found(sort="-channel") == [second, first]
    assert found(sort="metadata") == [second, first]


def test_of_a_campaign_and_of_a_customer():
    campaign, customer = CampaignFactory(), CustomerFactory()
    wanted = published(VoucherFactory(campaign=campaign), customer)
    of_customer = published(customer=customer)

    assert found({"campaign": campaign}) == [wanted]
    assert found({"customer": customer}) == [of_customer, wanted]


def test_a_text_that_many_begin_with_is_looked_for_in_the_newest_and_says_so(monkeypatch):
    monkeypatch.setattr(find_publications, "MANY", 2)
    monkeypatch.setattr(find_publications, "NEWEST", 3)
    campaign = CampaignFactory()
    made = [at(published(VoucherFactory(code=f"ROAST-{n}", campaign=campaign)), 2026, 1, n) for n in range(1, 6)]

    on_page = history(campaign=campaign, filters={"q": "ROAST"})
    in_report = history(campaign=campaign, filters={"q": "ROAST"}, whole=True)
    earlier = history(campaign=campaign, filters={"q": "ROAST", "until": "2026-01-03"})

    assert (list(on_page.qs), on_page.searched_newest) == ([made[4], made[3], made[2]], True)
    assert (list(in_report.qs), in_report.searched_newest) == (made[::-1], False)
    assert (list(earlier.qs), earlier.searched_newest) == ([made[2], made[1], made[0]], False)


def test_without_a_campaign_a_channel_is_looked_for_in_the_newest(monkeypatch):
    monkeypatch.setattr(find_publications, "NEWEST", 2)
    campaign = CampaignFactory()
    for day in (1, 2, 3):
        at(published(VoucherFactory(campaign=campaign), channel="E-mail"), 2026, 1, day)

    everywhere = history(filters={"channel": "E-mail"})
    in_campaign = history(campaign=campaign, filters={"channel": "E-mail"})

    assert (len(everywhere.qs), everywhere.searched_newest) == (2, True)
    assert (len(in_campaign.qs), in_campaign.searched_newest) == (3, False)


def test_a_text_that_very_many_begin_with_is_never_gathered_whole(monkeypatch):
    """Each of the newest publications is looked at: gathering a million customers first takes seconds."""
    monkeypatch.setattr(find_publications, "MANY", 1)
    monkeypatch.setattr(find_publications, "NEWEST", 3)
    for _ in range(8):
        published(VoucherFactory(), CustomerFactory(name="Carla"))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE publications_publication, customers_customer, campaigns_voucher")

    found = history(filters={"q": "c"})

    assert "hashed SubPlan" not in found.qs.explain()
    assert (found.qs.count(), found.searched_newest) == (3, True)
