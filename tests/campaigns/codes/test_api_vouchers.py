"""GET /v1/vouchers and what hangs on a voucher: its value, who holds it, who may see its code."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.codes.models import Voucher
from publications.actions.release import release
from tests.support.api.calls import Api
from tests.support.factories import (
    STAFF,
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)

pytestmark = pytest.mark.django_db


def codes(answer):
    assert answer.status == 200, answer.json
    return [voucher["code"] for voucher in answer.json["vouchers"]]


@pytest.mark.parametrize(
    ("value", "discount"),
    [
        ({"discount_type": "PERCENT", "discount_value": "12.5"}, {"type": "PERCENT", "percent_off": 12.5}),
        ({"discount_type": "PERCENT", "discount_value": "10.0000"}, {"type": "PERCENT", "percent_off": 10}),
        ({"discount_type": "AMOUNT", "discount_value": "10.00"}, {"type": "AMOUNT", "amount_off": 1000}),
        ({"discount_type": "AMOUNT", "discount_value": "0.07"}, {"type": "AMOUNT", "amount_off": 7}),
        ({"discount_type": "FIXED", "discount_value": "0"}, {"type": "FIXED", "fixed_amount": 0}),
        (
            {"discount_type": "UNIT", "discount_value": "2", "unit_type": "coffee"},
            {"type": "UNIT", "unit_off": 2, "unit_type": "coffee"},
        ),
    ],
)
def test_a_discount_in_numbers_of_the_right_kind(value, discount):
    voucher = StandaloneVoucherFactory(**value)

    answer = Api().get(f"vouchers/{voucher.code}").json

    assert (answer["type"], answer["discount"], answer["gift"]) == ("DISCOUNT_VOUCHER", discount, None)
    for wanted in discount.values():
        found = answer["discount"][next(name for name, value in discount.items() if value == wanted)]
        assert type(found) is type(wanted)


def test_a_gift_in_hundredths():
    voucher = StandaloneVoucherFactory(
        type="GIFT_VOUCHER", discount_type=None, discount_value=None, gift_amount="55.50"
    )

    answer = Api().get(f"vouchers/{voucher.public_id}").json

    assert (answer["type"], answer["discount"]) == ("GIFT_VOUCHER", None)
    assert answer["gift"] == {"amount": 5550, "balance": 5550}


def test_what_a_voucher_does_not_say_is_its_campaigns():
    start, end = timezone.now().replace(microsecond=0), timezone.now().replace(microsecond=0) + timedelta(days=1)
    campaign = CampaignFactory(
        name="Coffee", category="autumn", start_date=start, expiration_date=end, redemption_limit=3
    )
    plain = VoucherFactory(campaign=campaign)
    own = VoucherFactory(
        campaign=campaign, discount_type="AMOUNT", discount_value=5, category="own", redemption_limit=1, start_date=end
    )
    caller = Api()

    answer, own_answer = (caller.get(f"vouchers/{voucher.code}").json for voucher in (plain, own))

    assert (answer["campaign"], answer["campaign_id"]) == ("Coffee", campaign.public_id)
    assert (answer["discount"], answer["category"]) == ({"type": "PERCENT", "percent_off": 10}, "autumn")
    assert answer["start_date"] == start.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert answer["redemption"]["quantity"] == 3
    assert (own_answer["discount"], own_answer["category"]) == ({"type": "AMOUNT", "amount_off": 500}, "own")
    assert (own_answer["redemption"]["quantity"], own_answer["start_date"]) == (1, answer["expiration_date"])


def test_who_holds_it():
    customer = CustomerFactory(source_id="12344")
    publication = published(VoucherFactory(code="ONE"), customer, channel="kiosk", metadata={"a": 1})
    caller = Api()

    answer = caller.get("vouchers/ONE").json
    listed = caller.get("vouchers/ONE/publications").json

    assert answer["holder_id"] == customer.public_id
    assert (answer["publish"]["count"], answer["publish"]["total"]) == (1, 1)
    assert answer["publish"]["entries"][0]["metadata"] == {"a": 1}
    assert [row["id"] for row in listed["publications"]] == [publication.public_id]

    release(publication.vouchers[0], by=STAFF, reason="Returned")

    answer = caller.get("vouchers/ONE").json
    assert (answer["holder_id"], answer["publish"]["count"], answer["publish"]["entries"]) == (None, 0, [])
    assert caller.get("vouchers/ONE/publications").json["total"] == 0
    assert caller.get("publications?voucher=ONE").json["total"] == 1


def test_its_redemptions_are_an_empty_list():
    VoucherFactory(code="ONE")

    assert Api().get("vouchers/ONE/redemptions?page=1&limit=10").json == {
        "object": "list",
        "data_ref": "redemption_entries",
        "redemption_entries": [],
        "total": 0,
        "has_more": False,
        "quantity": 1,
        "redeemed_quantity": 0,
        "url": "/v1/vouchers/ONE/redemptions?page=1&limit=10",
    }


@pytest.mark.parametrize("path", ["vouchers/NONE", "vouchers/NONE/publications", "vouchers/NONE/redemptions"])
def test_a_voucher_that_is_not_there(path):
    VoucherFactory(code="NONE", deleted_at=timezone.now())

    answer = Api().get(path)

    assert answer.error == (404, "not_found", "Resource not found", "Cannot find voucher with id NONE")
    assert (answer.json["resource_id"], answer.json["resource_type"]) == ("NONE", "voucher")


def test_unpublished_codes_are_masked_but_for_keys_that_may_do_all():
    campaign = CampaignFactory(name="Coffee")
    hidden = VoucherFactory(campaign=campaign, code="HIDDEN-CODE")
    published(VoucherFactory(campaign=campaign, code="KNOWN-CODE"))
    reader = Api("read")

    assert codes(reader.get("vouchers")) == ["KNOWN-CODE", "••••••DE"]
    assert codes(Api("all").get("vouchers")) == ["KNOWN-CODE", "HIDDEN-CODE"]

    masked = reader.get(f"vouchers/{hidden.public_id}")
    assert b"HIDDEN" not in masked.content
    assert masked.json["publish"]["url"] == f"/v1/vouchers/{hidden.public_id}/publications?page=1&limit=10"
    assert b"HIDDEN" not in reader.get(f"vouchers/{hidden.public_id}/redemptions").content


@pytest.fixture
def shelf():
    """a: standalone. b: of Coffee, disabled. c: of Tea (referral), published to Ada, expiring by its campaign."""
    now = timezone.now()
    coffee = CampaignFactory(name="Coffee", category="autumn")
    tea = CampaignFactory(name="Tea", kind="REFERRAL_PROGRAM", expiration_date=now + timedelta(days=1))
    ada = CustomerFactory(source_id="ada")
    a = StandaloneVoucherFactory(code="a", category="spring", created_at=now - timedelta(days=9))
    b = VoucherFactory(campaign=coffee, code="b", active=False, updated_at=now)
    c = VoucherFactory(campaign=tea, code="c")
    published(c, ada)
    VoucherFactory(campaign=CampaignFactory(deleted_at=now), code="gone")
    return {"a": a, "b": b, "c": c, "coffee": coffee, "tea": tea, "ada": ada}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", "abc"),
        ("code=b", "b"),
        ("code=B", ""),
        ("category=autumn", "b"),
        ("category=spring", "a"),
        ("campaign=Coffee", "b"),
        ("campaign={tea}", "c"),
        ("campaign=Nothing", ""),
        ("campaign_id={coffee}", "b"),
        ("campaign_id=Coffee", ""),
        ("customer=ada", "c"),
        ("customer={ada}", "c"),
        ("customer=nobody", ""),
        ("ids={a}&ids={c}", "ac"),
        ("ids[]={a}&ids[]={b}", "ab"),
        ("ids[0]={a}&ids[1]=nonsense", "a"),
        ("created_at[before]={yesterday}", "a"),
        ("created_at[after]={yesterday}", "bc"),
        ("updated_at[after]={yesterday}", "b"),
        ("filters[code][conditions][$in][]=a&filters[code][conditions][$in][]=c", "ac"),
        ("filters[code][conditions][$starts_with]=b", "b"),
        ("filters[type][conditions][$is]=GIFT_VOUCHER", ""),
        ("filters[campaign][conditions][$is]=Tea", "c"),
        ("filters[campaign][conditions][$is_unknown]=", "a"),
        ("filters[campaign_id][conditions][$is_not]={tea}", "ab"),
        ("filters[category][conditions][$has_value]=", "ab"),
        ("filters[active][conditions][$is]=false", "b"),
        ("filters[is_referral_code][conditions][$is]=true", "c"),
        ("filters[published_at][conditions][$has_value]=", "c"),
        ("filters[published_at][conditions][$is_unknown]=", "ab"),
        ("filters[expiration_date][conditions][$has_value]=", "c"),
        ("filters[created_at][conditions][$more_than]=2", "a"),
    ],
)
def test_filters(shelf, query, wanted):
    query = query.replace("{yesterday}", (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    for name, thing in shelf.items():
        query = query.replace(f"{{{name}}}", thing.public_id)

    answer = Api().get(f"vouchers?{query}&order=code")

    assert "".join(codes(answer)) == wanted
    assert answer.json["total"] == len(wanted)


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("", "cba"),
        ("created_at", "abc"),
        ("-created_at", "cba"),
        ("code", "abc"),
        ("-code", "cba"),
        ("-updated_at", "bca"),
        ("updated_at", "bac"),
    ],
)
def test_orders(shelf, order, wanted):
    query = f"?order={order}" if order else ""

    assert "".join(codes(Api().get(f"vouchers{query}"))) == wanted


def test_pages_from_a_row_on(shelf):
    caller = Api()

    first = caller.get("vouchers?limit=2")
    last = first.json["vouchers"][-1]["id"]
    second = caller.get(f"vouchers?limit=2&starting_after={last}")

    assert (codes(first), first.json["has_more"]) == (["c", "b"], True)
    assert (codes(second), second.json["has_more"]) == (["a"], False)


@pytest.mark.parametrize("rows", [1, 50])
def test_the_number_of_queries_does_not_grow_with_the_rows(django_assert_num_queries, rows):
    for voucher in [VoucherFactory() for _ in range(rows)]:
        published(voucher)
    caller = Api()
    caller.get("vouchers")

    # the key, the total, the page, who holds them
    with django_assert_num_queries(4):
        assert len(codes(caller.get("vouchers?limit=100"))) == rows

    code = Voucher.objects.first().code
    with django_assert_num_queries(3):
        assert caller.get(f"vouchers/{code}").status == 200
