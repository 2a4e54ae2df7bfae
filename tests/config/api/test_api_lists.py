"""Lists of the API: pages, order, totals and filters, by the example of publications (docs/api.md, "Lists")."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.codes.models import Voucher
from config.api import lists as api_lists
from publications.actions.publish import publish
from publications.actions.release import release
from publications.models import Publication, PublishedVoucher
from publications.refusals import PublishRefused
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db
HOW = {"origin": "api", "by": STAFF}


@pytest.fixture
def reader():
    return Api("read")


@pytest.fixture
def three():
    """Three publications of one moment and one of an hour before: oldest first."""
    publications = [published() for _ in range(4)]
    now = timezone.now()
    Publication.objects.update(created_at=now)
    Publication.objects.filter(pk=publications[0].pk).update(created_at=now - timedelta(hours=1))
    return publications


def ids(answer):
    assert answer.status == 200, answer.json
    return [row["id"] for row in answer.json["publications"]]


def test_a_list_says_what_it_is(reader):
    assert reader.get("publications").json == {
        "object": "list",
        "data_ref": "publications",
        "publications": [],
        "total": 0,
        "has_more": False,
    }


def test_ten_rows_are_a_page_and_the_newest_come_first(reader):
    publications = [published() for _ in range(11)]

    first, second = reader.get("publications"), reader.get("publications", page=2)

    newest_first = [publication.public_id for publication in reversed(publications)]
    assert (ids(first), first.json["total"], first.json["has_more"]) == (newest_first[:10], 11, True)
    assert (ids(second), second.json["total"], second.json["has_more"]) == (newest_first[10:], 11, False)
    assert ids(reader.get("publications", page=3)) == []


def test_from_a_row_on_no_row_is_missed_or_told_twice(reader, three):
    for order in ("created_at", "-created_at", "id", "-id"):
        whole = ids(reader.get("publications", order=order))
        seen, last, more = [], None, True
        while more:
            answer = reader.get("publications", order=order, limit=1, **({"starting_after": last} if last else {}))
            assert answer.json["total"] == 4
            seen += ids(answer)
            last, more = seen[-1], answer.json["has_more"]
        assert seen == whole
        assert len(seen) == 4


@pytest.mark.parametrize(
    ("query", "key", "details"),
    [
        ("limit=0", "invalid_query_params", "limit: must be at least 1"),
        ("limit=101", "invalid_query_params", "limit: must be at most 100"),
        ("limit=many", "invalid_query_params", "limit: must be a whole number"),
        ("limit=", "invalid_query_params", "limit: must be a whole number"),
        ("page=0", "invalid_query_params", "page: must be at least 1"),
        ("page=-1", "invalid_query_params", "page: must be at least 1"),
        ("page=1.5", "invalid_query_params", "page: must be a whole number"),
        ("limit=0&page=-1", "invalid_query_params", "limit: must be at least 1; page: must be at least 1"),
        (
            "order=colour",
            "invalid_query_params",
            "order: must be one of -created_at, created_at, id, -id, channel, -channel, customer_id, -customer_id, "
            "tracking_id, -tracking_id, voucher_code, -voucher_code",
        ),
        (
            "starting_after=pub_x",
            "invalid_query_params",
            "starting_after: pub_x does not exist; use the id of the last row of the previous page",
        ),
        (
            "starting_after=pub_x&order=channel",
            "invalid_query_params",
            "starting_after: works only with the orders created_at, -created_at, id and -id",
        ),
        (
            "filters[colour][conditions][$is]=red",
            "invalid_query_params",
            "filters[colour]: can be failure_code, result, customer_id, campaign_name, voucher_type, is_referral_code, "
            "parent_object_id, related_object_id, voucher_code, source_id, channel, metadata.<key>, created_at",
        ),
        (
            "filters[result][conditions][$like]=S",
            "invalid_query_params",
            "filters[result][conditions][$like]: the operators of this field are $is, $is_not, $in, $not_in, "
            "$has_value, $is_unknown",
        ),
        (
            "filters[result]=S",
            "invalid_query_params",
            "filters[result]: write filters[field][conditions][$operator]=value",
        ),
        ("filters[junction]=xor", "invalid_query_params", "filters[junction]: must be and or or; this is 'xor'"),
        (
            "filters[created_at][conditions][$after]=soon",
            "invalid_query_params",
            "filters[created_at][conditions][$after]: must be an ISO 8601 time such as 2026-03-01T12:00:00Z; this is 'soon'",
        ),
        (
            "filters[created_at][conditions][$after]=2026-02-30",
            "invalid_query_params",
            "filters[created_at][conditions][$after]: must be an ISO 8601 time such as 2026-03-01T12:00:00Z; "
            "this is '2026-02-30'",
        ),
        (
            "filters[created_at][conditions][$more_than]=-1",
            "invalid_query_params",
            "filters[created_at][conditions][$more_than]: must be a whole number of days",
        ),
        (
            "filters[is_referral_code][conditions][$is]=maybe",
            "invalid_query_params",
            "filters[is_referral_code][conditions][$is]: must be true or false",
        ),
        ("is_referral_code=maybe", "invalid_query_params", "is_referral_code: must be true or false"),
        (
            "customer_id=",
            "invalid_query_params",
            "customer_id: needs a value; leave it out if you do not want to filter by it",
        ),
        (
            "source_id=",
            "invalid_query_params",
            "source_id: needs a value; leave it out if you do not want to filter by it",
        ),
    ],
)
def test_a_query_that_cannot_be_used(reader, query, key, details):
    answer = reader.get(f"publications?{query}")

    assert (answer.status, answer.error[1], answer.error[3]) == (400, key, details)


@pytest.mark.parametrize("page", ["1001", "99999999999999999999999"])
def test_a_page_beyond_the_thousandth(reader, page):
    answer = reader.get(f"publications?page={page}")

    assert answer.error[:3] == (400, "page_over_limit", "Listing resource above 1000 page is not supported")


def test_a_total_is_counted_so_far_only(reader, monkeypatch):
    monkeypatch.setattr(api_lists, "COUNTED", 2)
    for _ in range(4):
        published()

    assert reader.get("publications").json["total"] == 3
    assert len(ids(reader.get("publications", limit=4))) == 4


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("channel", ["a", "b", "c"]),
        ("-channel", ["c", "b", "a"]),
        ("tracking_id", ["b", "c", "a"]),
        ("-tracking_id", ["a", "c", "b"]),
        ("voucher_code", ["c", "a", "b"]),
        ("-voucher_code", ["b", "a", "c"]),
        ("customer_id", ["a", "b", "c"]),
        ("-customer_id", ["c", "b", "a"]),
        ("id", ["a", "b", "c"]),
        ("-id", ["c", "b", "a"]),
    ],
)
def test_orders(reader, order, wanted):
    for channel, source_id, code in (("a", "S3", "V2"), ("b", "S1", "V3"), ("c", "S2", "V1")):
        published(VoucherFactory(code=code), CustomerFactory(source_id=source_id), channel=channel)

    assert [row["channel"] for row in reader.get("publications", order=order).json["publications"]] == wanted


@pytest.fixture
def history():
    """a: coffee, for Ada. b: tea (gift, referral), for Bob, with a source_id. c: a failed attempt at Ada's code by Bob."""
    coffee = CampaignFactory(name="Coffee")
    tea = CampaignFactory(name="Tea", kind="REFERRAL_PROGRAM")
    ada, bob = CustomerFactory(source_id="ada"), CustomerFactory(source_id="bob")
    code = VoucherFactory(campaign=coffee, code="COFFEE-1")
    gift = VoucherFactory(campaign=tea, code="TEA-1", type="GIFT_VOUCHER", gift_amount=5)
    made = {
        "a": published(code, ada, channel="newsletter"),
        "b": published(gift, bob, channel="kiosk", source_id="order-1"),
    }
    with pytest.raises(PublishRefused):
        published(code, bob, channel="kiosk")
    made["c"] = Publication.objects.get(result="FAILURE")
    Publication.objects.filter(pk=made["a"].pk).update(created_at=timezone.now() - timedelta(days=10))
    return made | {"coffee": coffee, "tea": tea, "ada": ada, "bob": bob, "code": code}


QUERIES = [
    ("campaign=Coffee", "ac"),
    ("campaign={coffee}", "ac"),
    ("campaign=Nothing", ""),
    ("customer=ada", "a"),
    ("customer={bob}", "bc"),
    ("customer=nobody", ""),
    ("voucher=COFFEE-1", "ac"),
    ("voucher={code}", "ac"),
    ("voucher=NOTHING", ""),
    ("result=FAILURE", "c"),
    ("result=SUCCESS", "ab"),
    ("voucher_type=discount", "a"),
    ("voucher_type=gift", "b"),
    ("voucher_type=loyalty", ""),
    ("is_referral_code=true", "b"),
    ("is_referral_code=false", "abc"),
    ("source_id=order-1", "b"),
    ("campaign=Coffee&customer=ada", "a"),
    ("filters[result][conditions][$is]=FAILURE", "c"),
    ("filters[result][conditions][$is][]=FAILURE", "c"),
    ("filters[result][conditions][$is][0]=FAILURE", "c"),
    ("filters[result][$is]=FAILURE", "c"),
    ("filters[result][conditions][$is_not][0]=FAILURE", "ab"),
    ("filters[customer_id][conditions][$is][0]={ada}", "a"),
    ("filters[customer_id][conditions][$in][0]={ada}&filters[customer_id][conditions][$in][1]={bob}", "abc"),
    (
        "filters[customer_id][conditions][$is][0]={ada}&filters[customer_id][conditions][$is][1]={bob}&filters[junction]=OR",
        "abc",
    ),
    ("filters[customer_id][conditions][$not_in][0]={ada}", "bc"),
    ("filters[customer_id][conditions][$is]=cust_nonsense", ""),
    ("filters[campaign_name][conditions][$starts_with]=Cof", "ac"),
    ("filters[campaign_name][conditions][$ends_with]=ea", "b"),
    ("filters[campaign_name][conditions][$contains]=ff", "ac"),
    ("filters[campaign_name][conditions][$not_contain]=ff", "b"),
    ("filters[campaign_name][conditions][$in]=['Tea', 'Cocoa']", "b"),
    ("filters[voucher_type][conditions][$is]=GIFT_VOUCHER", "b"),
    ("filters[voucher_type][conditions][$is_not]=GIFT_VOUCHER", "ac"),
    ("filters[is_referral_code][conditions][$is]=TRUE", "b"),
    ("filters[is_referral_code][conditions][$is_not]=true", "ac"),
    ("filters[parent_object_id][conditions][$is]={tea}", "b"),
    ("filters[related_object_id][conditions][$is]={code}", "ac"),
    ("filters[related_object_id][conditions][$is_not]={code}", "b"),
    ("filters[source_id][conditions][$is]=order-1", "b"),
    ("[filters][result][conditions][$is][0]=FAILURE", "c"),
    ("[filters][channel][conditions][$in]=kiosk&[filters][result][conditions][$is]=SUCCESS", "b"),
    (
        "[filters][channel][conditions][$is]=newsletter&[filters][result][conditions][$is]=FAILURE&[filters][junction]=or",
        "ac",
    ),
    ("campaign_name=Coffee", "ac"),
    ("campaign_name=Coffee&campaign_name=Tea", "abc"),
    ("campaign_name[]=Tea", "b"),
    ("campaign_name=Nothing", ""),
    ("campaign_name=None", "abc"),
    ("customer_id={ada}", "a"),
    ("customer_id=cust_nonsense", ""),
    ("voucher_code=COFFEE-1", "ac"),
    ("voucher_code=NOTHING", ""),
    ("parent_object_id={tea}", "b"),
    ("related_object_id={code}", "ac"),
    ("failure_code=voucher_already_published", "c"),
    ("failure_code=voucher_already_published&filters[result][conditions][$is]=SUCCESS&filters[junction]=or", ""),
    ("channel=kiosk&result=FAILURE", "c"),
    ("filters[source_id][conditions][$has_value]=", "b"),
    ("filters[source_id][conditions][$is_unknown]=", "ac"),
    ("filters[source_id][conditions][$has_value]=None", "abc"),
    ("filters[failure_code][conditions][$contains]=already", "c"),
    ("filters[channel][conditions][$is]=kiosk", "bc"),
    ("filters[created_at][conditions][$more_than]=5", "a"),
    ("filters[created_at][conditions][$less_than]=5", "bc"),
    ("filters[created_at][conditions][$before]=2000-01-01", ""),
    ("filters[created_at][conditions][$after]=2000-01-01T00:00:00%2B01:00", "abc"),
    ("filters[created_at][conditions][$after]=2000-01-01T00:00:00+01:00", "abc"),
    ("filters[channel][conditions][$is]=kiosk&filters[result][conditions][$is]=SUCCESS&filters[junction]=and", "b"),
    (
        "filters[channel][conditions][$is]=newsletter&filters[result][conditions][$is]=FAILURE&filters[junction]=Or",
        "ac",
    ),
    ("filters[channel][conditions][$is]=kiosk&filters[junction]=None", "bc"),
    ("campaign=Coffee&filters[channel][conditions][$is]=kiosk", "c"),
]


@pytest.mark.parametrize(("query", "wanted"), QUERIES)
def test_filters(reader, history, query, wanted):
    known = {name: thing.public_id for name, thing in history.items()}
    for name, reference in known.items():
        query = query.replace(f"{{{name}}}", reference)

    answer = reader.get(f"publications?{query}&order=id")

    names = {reference: name for name, reference in known.items()}
    assert "".join(names[found] for found in ids(answer)) == wanted
    assert answer.json["total"] == len(wanted)


def test_a_listed_publication_holds_the_short_voucher(reader, history):
    (listed,) = reader.get("publications?voucher_type=gift").json["publications"]

    assert listed["voucher"] == {
        "code": "TEA-1",
        "object": "voucher",
        "campaign": "Tea",
        "is_referral_code": True,
        "gift": {"amount": 500, "balance": 500},
    }
    assert listed["customer"] == {
        "id": history["bob"].public_id,
        "name": history["bob"].name,
        "email": history["bob"].email,
        "source_id": "bob",
        "summary": None,
        "loyalty": None,
        "referrals": None,
        "object": "customer",
    }


def test_one_publication_is_answered_as_when_it_was_made(reader):
    campaign = CampaignFactory(name="Coffee", codes=1)
    made = Api().post("publications", {"campaign": "Coffee", "customer": "12344", "metadata": {"a": 1}}).json

    assert reader.get(f"publications/{made['id']}").json == made
    assert made["voucher"]["campaign_id"] == campaign.public_id


def test_a_released_code_is_masked_again_but_for_keys_that_may_do_all(reader):
    publication = published(VoucherFactory(code="SECRET-CODE"))
    release(publication.vouchers[0], by=STAFF, reason="Returned")

    def seen(caller):
        one = caller.get(f"publications/{publication.public_id}").json
        (listed,) = caller.get("publications").json["publications"]
        assert one["voided_at"] is not None
        assert one["voucher"]["publish"]["count"] == 0
        return one["voucher"]["code"], listed["voucher"]["code"]

    assert seen(reader) == ("••••••DE", "••••••DE")
    assert seen(Api("all")) == ("SECRET-CODE", "SECRET-CODE")


def test_a_hand_out_lists_a_hundred_of_its_codes(reader):
    campaign = CampaignFactory(codes=150)
    publication = Publication.objects.create(campaign=campaign, channel="CSV", origin="csv", voucher_count=150)
    now = timezone.now()
    PublishedVoucher.objects.bulk_create(
        PublishedVoucher(publication=publication, voucher=voucher) for voucher in campaign.vouchers.all()
    )
    Voucher.objects.update(published_at=now)

    (listed,) = reader.get("publications").json["publications"]

    assert (listed["customer_id"], listed["customer"], listed["channel"]) == (None, None, "CSV")
    assert (len(listed["vouchers"]), len(listed["vouchers_id"]), listed["vouchers_count"]) == (100, 100, 150)
    assert listed["vouchers"] == [f"C{campaign.pk}-{n:06}" for n in range(100)]


@pytest.mark.parametrize("rows", [1, 50])
def test_the_number_of_queries_does_not_grow_with_the_rows(reader, django_assert_num_queries, rows):
    campaign = CampaignFactory(name="Coffee", codes=2 * rows)
    for _ in range(rows):
        publish(campaign, CustomerFactory(), count=2, **HOW)
    reader.get("publications")

    # the key, the total, the page, which codes, the codes
    with django_assert_num_queries(5):
        assert len(ids(reader.get("publications?limit=100"))) == rows

    # and the campaign
    with django_assert_num_queries(6):
        assert len(ids(reader.get("publications?limit=100&campaign=Coffee"))) == rows
