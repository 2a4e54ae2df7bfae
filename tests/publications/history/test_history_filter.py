"""The one query behind the history page, its report and the API: what it finds, in which order, at which cost."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from config.actor import Actor
from config.public_ids import PUBLICATION, public_id
from publications.actions.publish import publish_code
from publications.actions.release import release
from publications.models import Publication
from publications.pages import filters as of_history
from publications.pages.filters import history
from publications.queries import find_publications
from publications.refusals import PublishRefused
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published
from tests.support.plans import analyse, offer_only_indexes

pytestmark = pytest.mark.django_db

NEWER = """
INSERT INTO publications_publication
    (created_at, result, campaign_id, customer_id, channel, origin, actor_kind, actor_label, voucher_count)
  SELECT now() + n * interval '1 second', 'SUCCESS', %s, %s, 'API', 'api', 'api_key', 'Shop', 0
    FROM generate_series(1, 5000) AS n"""


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

    release(voucher, by=STAFF, reason="Sent to the wrong person", back_to_pool=True)

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


def test_to_who_sees_no_code_in_clear_an_unpublished_one_is_like_none():
    attempt = failed(VoucherFactory(code="ROAST-77AB", active=False))

    assert list(history(filters={"q": "ROAST-77AB"}, whole_codes=True).qs) == []
    assert list(history(filters={"q": "ROAST-77AB"}).qs) == [attempt]


def test_channel_and_result():
    voucher = VoucherFactory()
    by_mail, by_api = published(voucher, channel="E-mail"), published(channel="API")
    failure = failed(voucher)

    assert found(channel="E-mail") == [by_mail]
    assert found(result="FAILURE") == [failure]
    assert found(result="SUCCESS", channel="API") == [by_api]


def test_what_names_a_distribution_that_never_was_does_not_break_the_page(signed_in):
    published(VoucherFactory(), by=Actor("run", None, "Welcome series"))  # as the demo data do

    answer = signed_in("Viewer").get("/publications/")

    assert answer.status_code == 200
    assert "Welcome series" in answer.content.decode()


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
    customer = CustomerFactory()
    first, second = published(customer=customer, channel="B"), published(customer=customer, channel="A")

    assert found({"customer": customer}, sort="channel") == [second, first]
    assert found(sort="metadata") == [second, first]
    assert found(sort="-channel") == [first, second]


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

    assert (list(on_page.qs), on_page.edge.key) == ([made[4], made[3], made[2]], made[2].pk)
    assert (list(in_report.qs), in_report.edge) == (made[::-1], None)
    assert (list(earlier.qs), earlier.edge) == ([made[2], made[1], made[0]], None)


@pytest.mark.parametrize("filters", [{"channel": "E-mail"}, {"result": "FAILURE"}])
def test_a_channel_and_what_failed_are_found_behind_any_number_of_newer_ones(filters, monkeypatch):
    monkeypatch.setattr(of_history, "LOOKED_THROUGH", 2)
    voucher = VoucherFactory(active=False)
    wanted = failed(voucher)
    Publication.objects.filter(pk=wanted.pk).update(channel="E-mail", created_at=datetime(2026, 1, 1, tzinfo=UTC))
    for _ in range(4):
        published()

    everywhere, of_campaign = history(filters=filters), history(filters=filters, campaign=voucher.campaign)

    assert (list(everywhere.qs), everywhere.edge) == ([wanted], None)
    assert (list(of_campaign.qs), of_campaign.edge) == ([wanted], None)


@pytest.mark.parametrize(
    "filters, index",
    [({"channel": "E-mail"}, "publication_of_channel"), ({"result": "FAILURE"}, "publication_newest_failed")],
)
def test_an_index_gives_the_rows_of_a_channel_and_of_what_failed_in_their_order(filters, index):
    """Few of very many, and not the newest."""
    few = CampaignFactory(codes=6)
    for number in range(3):
        published(few.vouchers.all()[number], channel="E-mail")
        failed(few.vouchers.all()[number])
    with connection.cursor() as cursor:
        cursor.execute(NEWER, [few.pk, CustomerFactory().pk])
    analyse("publications_publication")
    offer_only_indexes()  # three rows may as well be sorted, by what is known of the tables beside

    assert f"Index Scan using {index}" in history(filters=filters).qs[:26].explain()


@pytest.mark.parametrize(
    "filters", [{"channel": "E-mail", "result": "FAILURE"}, {"result": "RELEASED"}, {"q": "customer"}], ids=str
)
def test_what_no_index_finds_is_looked_for_further_and_further_back_until_all_was_looked_at(filters, monkeypatch):
    """Also where thousands share one moment, as an import writes them."""
    monkeypatch.setattr(of_history, "LOOKED_THROUGH", 3)
    monkeypatch.setattr(find_publications, "NEWEST", 3)
    monkeypatch.setattr(find_publications, "MANY", 1)
    wanted = []
    for number in range(4):
        voucher = VoucherFactory(code=f"ROAST-{number}")
        wanted += [published(voucher), failed(voucher)]
        release(voucher, by=STAFF, reason="Sent to the wrong person")
        published(VoucherFactory(code=f"OTHER-{number}"))
    Publication.objects.filter(result="FAILURE").update(channel="E-mail")
    Publication.objects.update(created_at=datetime(2026, 1, 1, tzinfo=UTC))

    met, looks, beyond = [], 0, ""
    while beyond is not None:
        look = history(filters={**filters, "beyond": beyond})
        met += look.qs
        looks += 1
        beyond = public_id(PUBLICATION, look.edge.key) if look.edge else None

    assert (met, looks) == (list(history(filters=filters, whole=True).qs), 4)
    assert len(met) >= 4


def test_a_period_that_ends_before_it_begins_is_told(signed_in):
    published()

    page = signed_in("Viewer").get("/publications/?since=2026-03-02&until=2026-03-01").content.decode()

    assert "“From” is after “To”" in page
    assert "1–1 of 1" in " ".join(page.split())


def test_nothing_fits_is_said_only_when_all_was_looked_at(signed_in, monkeypatch):
    monkeypatch.setattr(of_history, "LOOKED_THROUGH", 2)
    made = [published() for _ in range(3)]
    viewer = signed_in("Viewer")
    filters = {"channel": "API", "result": "FAILURE"}

    newest = viewer.get("/publications/", filters).content.decode()
    rest = viewer.get("/publications/", {**filters, "beyond": made[1].public_id}).content.decode()

    assert "No matches so far" in newest
    assert f"channel=API&amp;result=FAILURE&amp;beyond={made[1].public_id}" in newest
    assert "Searched the newest 2 publications" in " ".join(newest.split())
    assert "Nothing matches these filters" in rest
    assert "Searched all the remaining" in rest


def test_a_text_that_very_many_begin_with_is_never_gathered_whole(monkeypatch):
    """Each of the newest publications is looked at: gathering a million customers first takes seconds."""
    monkeypatch.setattr(find_publications, "MANY", 1)
    monkeypatch.setattr(find_publications, "NEWEST", 3)
    for _ in range(8):
        published(VoucherFactory(), CustomerFactory(name="Carla"))
    analyse("publications_publication", "publications_publishedvoucher", "customers_customer", "codes_voucher")

    found = history(filters={"q": "c"})

    assert "hashed SubPlan" not in found.qs.explain()
    assert (found.qs.count(), found.looked_at) == (3, 3)
