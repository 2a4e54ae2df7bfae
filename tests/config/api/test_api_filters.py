"""Filters that Voucherify documents beside plain fields: states, any key of metadata, numbers, ids."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.api import lists as api_lists
from config.api.filters import MOST_KEYS
from publications.models import Publication
from publications.redemptions.actions.redeem import redeem
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published
from tests.support.plans import analyse, plan

pytestmark = pytest.mark.django_db


def found(path, name="vouchers", key="code"):
    answer = Api().get(path)
    assert answer.status == 200, answer.json
    assert answer.json["total"] == len(answer.json[name])
    return {row[key] for row in answer.json[name]}


@pytest.mark.parametrize(
    ("op", "wanted"),
    [
        ("$active", {"GOOD"}),
        ("$inactive", {"OFF", "LATER", "OVER", "OFF-AND-OVER"}),
        ("$enabled", {"GOOD", "LATER", "OVER"}),
        ("$disabled", {"OFF", "OFF-AND-OVER"}),
        ("$expired", {"OVER", "OFF-AND-OVER"}),
        ("$is", {"GOOD", "LATER", "OVER"}),
    ],
)
@pytest.mark.parametrize("form", ["filters[active][conditions][{}]={}", "[filters][active][conditions][{}]={}"])
def test_vouchers_by_their_state(op, wanted, form):
    now, day = timezone.now(), timedelta(days=1)
    VoucherFactory(code="GOOD", start_date=now - day), VoucherFactory(code="OFF", active=False)
    VoucherFactory(code="LATER", campaign=CampaignFactory(start_date=now + day))
    VoucherFactory(code="OVER", campaign=CampaignFactory(expiration_date=now - day))
    VoucherFactory(code="OFF-AND-OVER", active=False, expiration_date=now - day)

    assert found("vouchers?" + form.format(op, "true" if op == "$is" else "")) == wanted


def test_campaigns_that_are_not_active():
    CampaignFactory(name="On"), CampaignFactory(name="Off", active=False)
    CampaignFactory(name="Over", expiration_date=timezone.now() - timedelta(days=1))

    assert found("campaigns?filters[active][conditions][$inactive]=", "campaigns", "name") == {"Off", "Over"}


METADATA = {
    "GOLD": {"tier": "gold", "batch": 7, "vip": True, "a]b'c\"; DROP": "odd", "day": "2026-03-01", "ключ": "так"},
    "SILVER": {"tier": "silver", "batch": 12, "x.y": "dotted", "nested": {"a": 1}},
    "NONE": None,
}
ASKED = [
    ("tier", "$is", "gold", {"GOLD"}),
    ("tier", "$in", "gold", {"GOLD"}),
    ("tier", "$is_not", "gold", {"SILVER", "NONE"}),
    ("tier", "$contains", "il", {"SILVER"}),
    ("tier", "$starts_with", "go", {"GOLD"}),
    ("tier", "$has_value", "", {"GOLD", "SILVER"}),
    ("tier", "$is_unknown", "", {"NONE"}),
    ("batch", "$is", "7", {"GOLD"}),
    ("batch", "$is", "7.0", {"GOLD"}),
    ("batch", "$more_than", "7", {"SILVER"}),
    ("batch", "$less_than", "12", {"GOLD"}),
    ("vip", "$is", "true", {"GOLD"}),
    ("day", "$after", "2026-02-01", {"GOLD"}),
    ("x.y", "$is", "dotted", {"SILVER"}),
    ("a]b'c\"; DROP", "$is", "odd", {"GOLD"}),
    ("a]b'c\"; DROP", "$contains", "od", {"GOLD"}),
    ("ключ", "$is", "так", {"GOLD"}),
    ("%s", "$contains", "%(x)s", set()),
    ("nobody", "$is", "' OR 1=1 --", set()),
]


@pytest.fixture
def with_metadata():
    for code, metadata in METADATA.items():
        campaign = CampaignFactory(name=code, metadata=metadata or {})
        publication = published(VoucherFactory(code=code, campaign=campaign, metadata=metadata), CustomerFactory())
        Publication.objects.filter(pk=publication.pk).update(metadata=metadata, channel=code)


@pytest.mark.parametrize(("key", "op", "value", "wanted"), ASKED)
def test_any_key_of_metadata(with_metadata, key, op, value, wanted):
    query = urlencode({f"filters[metadata.{key}][conditions][{op}]": value})

    assert found(f"vouchers?{query}") == wanted
    assert found(f"campaigns?{query}", "campaigns", "name") == wanted
    assert found(f"publications?{query}", "publications", "channel") == wanted


def test_metadata_beside_other_conditions(with_metadata):
    both = "filters[metadata.tier][conditions][$is]=gold&filters[metadata.batch][conditions][$is]=12"

    assert found(f"vouchers?{both}") == set()
    assert found(f"vouchers?{both}&filters[junction]=or") == {"GOLD", "SILVER"}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("filters[metadata.][conditions][$is]=x", "metadata.<key>"),
        ("filters[metadata.a%0Ab][conditions][$is]=x", "printable"),
        (f"filters[metadata.{'k' * 300}][conditions][$is]=x", "printable"),
        ("filters[metadata.batch][conditions][$more_than]=many", "must be a number"),
        ("filters[metadata.tier][conditions][$like]=x", "the operators of this field are $is"),
        (
            "&".join(f"filters[metadata.k{n}][conditions][$is]=x" for n in range(MOST_KEYS + 1)),
            "at most 20 metadata keys",
        ),
        ("filters[category_ids][conditions][$is]=cat_1", "have no ids; filter by categor"),
    ],
)
@pytest.mark.parametrize("path", ["vouchers", "campaigns"])
def test_a_filter_that_cannot_be_says_what_can(path, query, told):
    code, key, _, details = Api().get(f"{path}?{query}").error

    assert (code, key) == (400, "invalid_query_params")
    assert told in details


# 30,000 vouchers without the value that is looked for, and three with it among the oldest.
MANY = """
INSERT INTO codes_voucher (campaign_id, code, unit_type, metadata)
SELECT %s, 'MANY-' || n, '', jsonb_build_object('batch', n, 'all', 'same') FROM generate_series(1, 30000) AS n
"""


def test_a_value_of_metadata_is_found_by_an_index():
    campaign = CampaignFactory()
    for code in "ABC":
        VoucherFactory(code=code, campaign=campaign, metadata={"order": "A-1"})
    with connection.cursor() as cursor:
        cursor.execute(MANY, [campaign.pk])
    analyse("codes_voucher", "campaigns_campaign")
    asked = "vouchers?filters[metadata.order][conditions][$is]=A-1"

    with CaptureQueriesContext(connection) as seen:
        assert found(asked) == set("ABC")

    (lookup,) = [query["sql"] for query in seen if "@>" in query["sql"]]
    assert "voucher_metadata" in plan(lookup)
    many = Api().get("vouchers?filters[metadata.all][conditions][$is]=same").json
    assert (many["total"], len(many["vouchers"])) == (30_000, 10)


def test_a_filter_that_takes_too_long_is_refused(monkeypatch):
    campaign = CampaignFactory()
    with connection.cursor() as cursor:
        cursor.execute(MANY, [campaign.pk])
    monkeypatch.setattr(api_lists, "SECONDS", 0.001)

    error = Api().get("vouchers?filters[metadata.batch][conditions][$contains]=nothing").error

    assert error[:2] == (400, "invalid_query_params")
    assert "Narrow the search" in error[3]
    assert found("campaigns", "campaigns", "name") == {campaign.name}


@pytest.mark.parametrize(
    ("op", "value", "wanted"),
    [("$is", 1, {"ONCE"}), ("$more_than", 0, {"ONCE", "TWICE"}), ("$less_than", 1, {"NEVER"}), ("$in", 2, {"TWICE"}),
     ("$not_in", 1, {"NEVER", "TWICE"})],
)  # fmt: skip
def test_vouchers_by_how_often_they_were_redeemed(op, value, wanted):
    campaign = CampaignFactory(redemption_limit=None)
    for code, times in (("NEVER", 0), ("ONCE", 1), ("TWICE", 2)):
        voucher = VoucherFactory(code=code, campaign=campaign)
        for _ in range(times):
            redeem(voucher, by=STAFF)

    assert found(f"vouchers?filters[redemption.redeemed_quantity][conditions][{op}]={value}") == wanted


def test_by_ids_of_campaigns_and_categories():
    one = VoucherFactory(code="ONE")
    VoucherFactory(code="TWO")

    reference = one.campaign.public_id
    assert found(f"vouchers?filters[campaign_ids][conditions][$in][]={reference}") == {"ONE"}
    assert found(f"vouchers?campaign_ids={reference}") == {"ONE"}
    assert found(f"campaigns?campaign_ids={reference}", "campaigns", "id") == {reference}
    assert found("vouchers?filters[category_ids][conditions][$is_unknown]=") == {"ONE", "TWO"}
    assert found("vouchers?filters[category_ids][conditions][$has_value]=") == set()
