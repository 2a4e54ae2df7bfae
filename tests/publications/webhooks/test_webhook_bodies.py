"""What webhooks say: the fields and types of Voucherify's own schema, in the bytes that its receivers expect."""

import json
import re
from datetime import datetime

import pytest

from campaigns.codes.actions.extend_pool import fulfil_order, order_codes
from campaigns.models import Campaign
from config.actor import Actor
from config.events.note import note_event
from publications.actions.publish import publish
from publications.dashboard.drain_outbox import drain_outbox
from publications.exports.actions.hand_out import order_hand_out
from publications.exports.actions.write_export import make_export_file
from publications.models import Publication
from publications.redemptions.actions.redeem import Use, redeem, redeem_together
from publications.webhooks.models import WebhookDelivery
from tests.support.factories import (
    STAFF,
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)
from tests.support.root import ROOT
from tests.support.webhooks import listening_to_main

pytestmark = pytest.mark.django_db
SCHEMAS = json.loads((ROOT / "tests" / "samples").joinpath("webhook-publication-succeeded.json").read_text())
SCHEMAS = SCHEMAS["components"]["schemas"]
SHOP = Actor("api_key", 7, "Web shop")


@pytest.fixture(autouse=True)
def address(db):
    return listening_to_main()


def bodies() -> list[dict]:
    drain_outbox()
    return [json.loads(delivery.body) for delivery in WebhookDelivery.objects.order_by("pk")]


def test_a_publication_is_told_as_the_contract_shows_it():
    campaign = CampaignFactory(name="Autumn Roast", code_prefix="ROAST-", category="Coffee", metadata={"team": "north"})
    voucher = VoucherFactory(campaign=campaign, code="ROAST-8")
    customer = CustomerFactory(
        name="Mara Lindqvist", email="mara@example.com", source_id="crm-77", metadata={"vip": True}
    )
    publication = published(voucher, customer, channel="Newsletter", source_id="order-1", metadata={"row": 4}, by=SHOP)

    (body,) = bodies()

    made = publication.created_at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    told_customer = {
        "id": customer.public_id,
        "name": "Mara Lindqvist",
        "email": "mara@example.com",
        "source_id": "crm-77",
        "metadata": {"vip": True},
        "object": "customer",
    }
    assert body["user"] is None
    assert body["customer"] == told_customer
    assert body["publication"] == {
        "id": publication.public_id,
        "object": "publication",
        "created_at": made,
        "customer_id": customer.public_id,
        "tracking_id": "crm-77",
        "metadata": {"row": 4},
        "channel": "Newsletter",
        "source_id": "order-1",
        "result": "SUCCESS",
        "vouchers_id": [voucher.public_id],
        "customer": told_customer | {"summary": None, "loyalty": None, "referrals": None},
    }
    assert body["voucher"] == body["vouchers"][0]
    assert body["voucher"]["code"] == "ROAST-8"
    assert body["voucher"]["holder_id"] == customer.public_id
    assert body["voucher"]["redemption"] == {"quantity": 1, "redeemed_quantity": 0}
    assert body["campaign"]["name"] == "Autumn Roast"
    assert body["campaign"]["voucher"] == {
        "type": "DISCOUNT_VOUCHER",
        "discount": {"type": "PERCENT", "percent_off": 10},
        "redemption": {"quantity": 1, "redeemed_quantity": 0},
        "code_config": {
            "length": 8,
            "charset": "23456789ABCDEFGHJKLMNPQRSTUVWXYZ",
            "pattern": "########",
            "prefix": "ROAST-",
            "postfix": "",
        },
    }


def test_the_envelope_stands_around_it():
    published()

    (body,) = bodies()

    delivery = WebhookDelivery.objects.get()
    assert (body["id"], body["type"]) == (delivery.event_id, "publication.succeeded")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["created_at"])
    assert body["data"] == {name: body[name] for name in body if name not in ("id", "type", "created_at", "data")}


def test_one_of_the_staff_is_named_as_the_user():
    published(by=Actor("user", 12, "Mara Lind"))

    assert bodies()[0]["user"] == {"id": "user_12"}


def test_the_body_is_what_javascript_makes_of_it():
    """Receivers parse the body, write it again by JSON.stringify and sign that."""
    published(customer=CustomerFactory(name='Zoë – 日本 \u2028 "q" \\ /'))

    (body,) = bodies()

    assert WebhookDelivery.objects.get().body == json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def percent():
    published(VoucherFactory(campaign=CampaignFactory(discount_value="12.5")))


def amount_of_a_campaign_with_dates():
    dates = {"start_date": "2026-01-01T00:00:00Z", "expiration_date": "2036-01-01T00:00:00Z"}
    published(
        VoucherFactory(campaign=CampaignFactory(discount_type="AMOUNT", discount_value=5, category="Tea", **dates))
    )


def units():
    campaign = CampaignFactory(discount_type="UNIT", discount_value=2, unit_type="prod_1")
    published(VoucherFactory(campaign=campaign))


def fixed_price():
    published(VoucherFactory(campaign=CampaignFactory(discount_type="FIXED", discount_value="9.99")))


def gift():
    campaign = CampaignFactory(
        kind=Campaign.Kind.GIFT_VOUCHERS, gift_amount=25, discount_type=None, discount_value=None
    )
    published(VoucherFactory(campaign=campaign, type="GIFT_VOUCHER"))


def referral_without_limit():
    campaign = CampaignFactory(kind=Campaign.Kind.REFERRAL_PROGRAM, redemption_limit=None, auto_update=True)
    published(VoucherFactory(campaign=campaign))


def standalone():
    published(StandaloneVoucherFactory())


def customer_of_whom_nothing_is_known():
    published(customer=CustomerFactory(name="", email="", source_id=None))


def several():
    publish(CampaignFactory(codes=5), CustomerFactory(), count=5, origin="api", by=STAFF)


EVERY_SHAPE = [
    percent, amount_of_a_campaign_with_dates, units, fixed_price, gift, referral_without_limit, standalone,
    customer_of_whom_nothing_is_known, several,
]  # fmt: skip


@pytest.mark.parametrize("make", EVERY_SHAPE)
def test_every_publication_fits_the_schema(make):
    make()

    (body,) = bodies()

    assert list(misfits(body["data"], {"$ref": "EventPublicationSucceededData"})) == []
    for voucher in body["vouchers"]:
        assert list(misfits(voucher, {"$ref": "SimpleVoucher"}, "vouchers[]")) == []
    assert len(body["vouchers"]) == body["vouchers_count"] == Publication.objects.get().voucher_count
    assert ("voucher" in body) == (body["vouchers_count"] == 1)


def test_the_checker_of_the_schema_finds_what_does_not_fit():
    published()
    (body,) = bodies()
    body["data"]["publication"] |= {"channel": None, "vouchers_id": "v_1", "created_at": "yesterday"}
    del body["data"]["publication"]["metadata"]
    body["data"]["voucher"]["discount"] = {"type": "PERCENT", "percent_off": "10"}

    assert sorted(misfits(body["data"], {"$ref": "EventPublicationSucceededData"})) == [
        "publication.channel: None",
        "publication.created_at: 'yesterday'",
        "publication.metadata: missing",
        "publication.vouchers_id: 'v_1'",
        "voucher.discount: {'type': 'PERCENT', 'percent_off': '10'}",
    ]


@pytest.mark.django_db(transaction=True)
def test_a_hand_out_tells_its_first_hundred_codes_and_how_many_there_are():
    export = order_hand_out(CampaignFactory(codes=130), count=120, by=STAFF, for_whom="Print shop")
    make_export_file(export.pk)

    (body,) = bodies()

    assert (body["customer"], body["publication"]["customer"], body["publication"]["customer_id"]) == (None, None, None)
    assert body["publication"]["channel"] == "CSV"
    assert (len(body["vouchers"]), body["vouchers_count"]) == (100, 120)
    assert "voucher" not in body


def test_a_use_is_told_with_its_code_its_customer_and_its_order():
    voucher, customer = VoucherFactory(), CustomerFactory()
    redemption = redeem(
        voucher, customer=customer, order={"source_id": "o-1", "amount": 4500}, metadata={"till": 3}, by=SHOP
    )

    (body,) = bodies()

    assert body["type"] == "voucher.redeemed"
    assert body["redemption"] == {
        "id": redemption.public_id,
        "object": "redemption",
        "date": body["redemption"]["date"],
        "customer_id": customer.public_id,
        "tracking_id": customer.source_id,
        "metadata": {"till": 3},
        "result": "SUCCESS",
        "order": {
            "source_id": "o-1",
            "amount": 4500,
            "initial_amount": 4500,
            "discount_amount": 450,
            "total_discount_amount": 450,
            "applied_discount_amount": 450,
            "total_applied_discount_amount": 450,
            "total_amount": 4050,
        },
    }
    assert body["voucher"]["code"] == voucher.code
    assert body["voucher"]["redemption"] == {"quantity": 1, "redeemed_quantity": 1}
    assert body["customer"]["id"] == customer.public_id
    assert body["campaign"]["id"] == voucher.campaign.public_id
    assert list(misfits(body["voucher"], {"$ref": "SimpleVoucher"})) == []


def test_of_codes_used_together_each_tells_the_order_and_its_stack():
    redeem_together([Use(VoucherFactory()), Use(VoucherFactory())], order={"amount": 100}, by=SHOP)

    first, second = bodies()

    told = [body["redemption"]["order"] for body in (first, second)]
    assert [(order["amount"], order["applied_discount_amount"], order["total_amount"]) for order in told] == [
        (100, 10, 90),
        (100, 9, 81),
    ]
    assert first["redemption"]["redemption"] == second["redemption"]["redemption"]
    assert first["customer"] is None


@pytest.mark.django_db(transaction=True)
def test_codes_that_have_been_made_are_told_by_their_number():
    order = order_codes(CampaignFactory(name="Autumn Roast"), count=25, by=STAFF)
    fulfil_order(order.pk)

    (body,) = bodies()

    order.refresh_from_db()
    assert (body["type"], body["count"]) == ("campaign.vouchers.generation.completed", 25)
    assert datetime.fromisoformat(body["completed_at"]).replace(microsecond=0) == order.finished_at.replace(
        microsecond=0
    )
    assert body["campaign"]["name"] == "Autumn Roast"
    assert list(misfits(body["campaign"], {"$ref": "SimpleCampaign"})) == []


def test_it_tells_of_things_as_they_are_when_it_is_passed_on():
    publication = published()
    publication.campaign.__class__.objects.update(name="Renamed")
    note_event("publication.succeeded", publication.pk)

    assert {body["campaign"]["name"] for body in bodies()} == {"Renamed"}


def misfits(value, schema, where=""):
    """What of the value the schema does not allow. Fields that the schema does not know may stand beside."""
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rpartition("/")[2]] | {key: schema[key] for key in schema if key != "$ref"}
    if value is None and schema.get("nullable"):
        return
    types = {"string": str, "boolean": bool, "object": dict, "array": list, "integer": int, "number": (int, float)}
    kind = schema.get("type", "object")
    if not isinstance(value, types[kind]) or (kind in ("integer", "number") and isinstance(value, bool)):
        yield f"{where}: {value!r}"
        return
    known = value in schema.get("enum", [value])
    dated = schema.get("format") != "date-time" or value.endswith("Z")
    is_one = "oneOf" not in schema or any(not list(misfits(value, one)) for one in schema["oneOf"])
    if not (known and dated and is_one):
        yield f"{where}: {value!r}"
    for part in schema.get("allOf", []):
        yield from misfits(value, part, where)
    yield from _misfits_within(value, schema, kind, where)


def _misfits_within(value, schema, kind, where):
    if kind == "object":
        yield from (f"{where}.{name}: missing".lstrip(".") for name in schema.get("required", []) if name not in value)
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                yield from misfits(value[name], inner, f"{where}.{name}".lstrip("."))
    if kind == "array":
        for item in value:
            yield from misfits(item, schema.get("items", {}), f"{where}[]")
