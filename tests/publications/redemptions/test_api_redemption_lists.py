"""The lists of redemptions: of everything and of one code; filters, orders, pages, and what they cost."""

from datetime import timedelta

import pytest
from django.utils import timezone

from publications.redemptions.actions.redeem import Use, redeem, redeem_together
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.models import Redemption
from publications.redemptions.refusals import QuantityExceeded
from tests.publications.redemptions.test_api_redemptions import ids
from tests.publications.redemptions.test_redeem import gift
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, StandaloneVoucherFactory, VoucherFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def record():
    """One of each: by name, the rows in the order in which they were made."""
    coffee = CampaignFactory(name="Coffee")
    mara, priya = CustomerFactory(source_id="mara"), CustomerFactory(source_id="priya")
    bean, tea = VoucherFactory(campaign=coffee, code="BEAN-1"), StandaloneVoucherFactory(code="TEA-1")
    rows = {"bean": redeem(bean, customer=mara, by=STAFF)}
    with pytest.raises(QuantityExceeded):
        redeem(bean, customer=priya, by=STAFF)
    rows["failed"] = Redemption.objects.get(result="FAILURE")
    rows["tea"] = redeem(tea, customer=priya, by=STAFF)
    rows["tea back"] = roll_back(rows["tea"], by=STAFF)
    rows["in stack"] = redeem_together([Use(tea), Use(gift("9.00", code="CARD"), 1)], by=STAFF)[0]
    rows["stack"] = rows["in stack"].stack
    rows["card"] = rows["stack"].children.get(voucher__code="CARD")
    return rows


def names(record, answer, name="redemptions"):
    by_id = {row.public_id: name for name, row in record.items()}
    return {by_id[reference] for reference in ids(answer, name)}


ALL = {"bean", "failed", "tea", "tea back", "in stack", "stack", "card"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ALL),
        ("campaign=Coffee", {"bean", "failed"}),
        ("campaign=Nothing", set()),
        ("customer=priya", {"failed", "tea", "tea back"}),
        ("result=failure", {"failed"}),
        ("result=SUCCESS&result=FAILURE", ALL),
        ("filters[result][conditions][$is]=FAILURE", {"failed"}),
        ("filters[failure_code][conditions][$is]=quantity_exceeded", {"failed"}),
        ("filters[object][conditions][$is]=redemption_rollback", {"tea back"}),
        ("filters[object][conditions][$is_not]=redemption_rollback", ALL - {"tea back"}),
        ("filters[voucher_code][conditions][$starts_with]=TEA", {"tea", "tea back", "in stack"}),
        ("filters[voucher_code][conditions][$in][]=CARD&filters[voucher_code][conditions][$in][]=BEAN-1", {"bean", "failed", "card"}),
        ("filters[campaign_name][conditions][$is]=Coffee", {"bean", "failed"}),
        ("filters[user_login][conditions][$is]=Test Staff", ALL),
        ("filters[campaign_name][conditions][$is]=Coffee&filters[object][conditions][$is]=redemption_rollback&filters[junction]=or", {"bean", "failed", "tea back"}),
        ("[filters][object][conditions][$is][0]=redemption_rollback", {"tea back"}),
        ("campaign_name=Coffee", {"bean", "failed"}),
        ("voucher_code=BEAN-1", {"bean", "failed"}),
        ("voucher_code[]=CARD&voucher_code[]=BEAN-1", {"bean", "failed", "card"}),
        ("failure_code=quantity_exceeded", {"failed"}),
        ("user_login=Nobody", set()),
        ("created_at[before]=2020-01-01", set()),
        ("[created_at][after]=2020-01-01T00:00:00Z", ALL),
    ],
)  # fmt: skip
def test_filters(record, query, expected):
    assert names(record, Api().get(f"redemptions?limit=100&{query}")) == expected


def test_filters_by_id(record):
    caller, bean, stack = Api(), record["bean"], record["stack"]
    wanted = {
        f"customer={bean.customer.public_id}": {"bean"},
        f"campaign={bean.campaign.public_id}": {"bean", "failed"},
        f"filters[customer_id][conditions][$is]={bean.customer.public_id}": {"bean"},
        f"filters[related_object_id][conditions][$is]={bean.voucher.public_id}": {"bean", "failed"},
        f"filters[related_object_parent_id][conditions][$is]={bean.campaign.public_id}": {"bean", "failed"},
        f"customer_id={bean.customer.public_id}": {"bean"},
        f"related_object_id={bean.voucher.public_id}": {"bean", "failed"},
        f"related_object_parent_id={bean.campaign.public_id}": {"bean", "failed"},
        f"filters[parent_redemption_id][conditions][$is]={stack.public_id}": {"in stack", "card"},
    }

    assert {query: names(record, caller.get(f"redemptions?{query}")) for query in wanted} == wanted


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("order=date", "order: must be one of -created_at, created_at, id"),
        ("filters[till][conditions][$is]=3", "filters[till]: can be voucher_code"),
        ("page=0", "page: must be at least 1"),
        ("limit=101", "limit: must be at most 100"),
        ("starting_after=r_nonsense", "starting_after: r_nonsense does not exist"),
        ("created_at[before]=soon", "created_at[before]: must be an ISO 8601 time"),
    ],
)
def test_a_list_that_cannot_be_made(query, said):
    answer = Api().get(f"redemptions?{query}")

    assert answer.error[:2] == (400, "invalid_query_params")
    assert said in answer.json["details"]


def test_pages_of_the_newest_and_from_a_row_on():
    voucher, caller = StandaloneVoucherFactory(), Api()
    now = timezone.now()
    rows = [
        Redemption(
            voucher=voucher,
            kind="redemption",
            result="SUCCESS",
            redeemed_quantity=n,
            created_at=now - timedelta(hours=n),
        )
        for n in range(1, 6)
    ]
    Redemption.objects.bulk_create(rows)
    newest_first = [row.public_id for row in rows]

    first, second = caller.get("redemptions?limit=2"), caller.get("redemptions?limit=2&page=2")
    after = caller.get(f"redemptions?limit=2&starting_after={newest_first[2]}")
    oldest = caller.get("redemptions?limit=2&order=created_at")

    assert (first.json["total"], first.json["data_ref"], first.json["has_more"]) == (5, "redemptions", True)
    assert (ids(first), ids(second)) == (newest_first[:2], newest_first[2:4])
    assert (ids(after), after.json["has_more"]) == (newest_first[3:], False)
    assert ids(oldest) == [newest_first[4], newest_first[3]]


def test_a_listed_redemption_has_its_voucher_in_short(record):
    row = Api().get("redemptions?campaign=Coffee&result=SUCCESS").json["redemptions"][0]

    bean = record["bean"]
    assert row["voucher"] == {
        "id": bean.voucher.public_id,
        "code": "BEAN-1",
        "object": "voucher",
        "campaign": "Coffee",
        "campaign_id": bean.campaign.public_id,
        "is_referral_code": False,
        "discount": {"type": "PERCENT", "percent_off": 10},
    }
    assert row["channel"] == {"channel_id": "1", "channel_type": "USER"}


@pytest.mark.parametrize("path", ["redemption", "redemptions"])
def test_the_record_of_one_code(record, path):
    answer = Api().get(f"vouchers/TEA-1/{path}")

    assert names(record, answer, "redemption_entries") == {"tea", "tea back", "in stack"}
    assert {
        name: answer.json[name] for name in ("object", "data_ref", "total", "quantity", "redeemed_quantity", "url")
    } == {
        "object": "list",
        "data_ref": "redemption_entries",
        "total": 3,
        "quantity": None,
        "redeemed_quantity": 1,
        "url": "/v1/vouchers/TEA-1/redemptions?page=1&limit=10",
    }


def test_the_record_of_one_code_in_pages(record):
    caller = Api()

    pages = [
        ids(caller.get(f"vouchers/TEA-1/redemptions?limit=2&page={page}"), "redemption_entries") for page in (1, 2)
    ]

    assert [len(page) for page in pages] == [2, 1]
    assert caller.get("vouchers/TEA-1/redemption?limit=2").json["has_more"] is True


@pytest.mark.parametrize("rows", [1, 50])
@pytest.mark.parametrize(
    ("path", "queries"),
    [
        # the key; how many there are; the rows; rollbacks and parts
        ("redemptions?limit=100&order=-id", 5),
        # besides: the code, who holds it
        ("vouchers/TEA/redemptions?limit=100", 7),
    ],
)
def test_a_list_asks_as_often_for_50_rows_as_for_one(django_assert_num_queries, rows, path, queries):
    voucher, caller = StandaloneVoucherFactory(code="TEA"), Api()
    for _ in range(rows):
        redeem(voucher, customer=CustomerFactory(), order={"amount": 1}, by=STAFF)
    roll_back(Redemption.objects.first(), by=STAFF)
    caller.get("redemptions")  # notes the key's use

    with django_assert_num_queries(queries):
        answer = caller.get(path)

    assert answer.json["total"] == rows + 1
