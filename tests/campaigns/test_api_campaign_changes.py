"""PUT and DELETE /v1/campaigns, enable, disable, and campaigns of one named code."""

from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from threading import Event, Thread

import pytest
from django.db import OperationalError, connection, transaction

from campaigns.actions.delete_campaign import erase_unpublished_codes
from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.staff.models import AuditEntry
from tests.config.server.test_api_and_its_database import setting
from tests.support.api.calls import Api
from tests.support.factories import CampaignFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db

PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
GIFTS = {"kind": "GIFT_VOUCHERS", "discount_type": None, "discount_value": None, "gift_amount": 25}
NOT_FOUND = (404, "not_found", "Resource not found", "Cannot find campaign with id Tea")


@pytest.mark.parametrize("by_name", [True, False])
def test_what_was_sent_is_changed_and_nothing_else(by_name):
    campaign = CampaignFactory(name="Coffee", category="autumn", metadata={"a": 1, "b": 2}, redemption_limit=3)
    caller = Api()

    answer = caller.put(
        f"campaigns/{'Coffee' if by_name else campaign.public_id}",
        {
            "description": "New description",
            "start_date": "2026-01-01T00:00:00Z",
            "expiration_date": "2042-01-01T00:00:00Z",
            "activity_duration_after_publishing": "P24D",
            "join_once": True,
            "type": "AUTO_UPDATE",
            "discount": {"type": "AMOUNT", "amount_off": 550},
            "gift": {"amount": 100},
            "metadata": {"b": 3, "c": 4},
            "unset_metadata_fields": ["a", "x"],
            "name": "Tea",
            "vouchers_count": 7,
        },
    )

    campaign.refresh_from_db()
    assert (answer.status, answer.json) == (200, caller.get("campaigns/Coffee").json)
    assert (answer.json["description"], answer.json["category"]) == ("New description", "autumn")
    assert (answer.json["start_date"], answer.json["expiration_date"]) == (
        "2026-01-01T00:00:00.000Z",
        "2042-01-01T00:00:00.000Z",
    )
    assert (answer.json["join_once"], answer.json["type"]) == (True, "AUTO_UPDATE")
    assert answer.json["activity_duration_after_publishing"] == "P24D"
    assert answer.json["voucher"]["discount"] == {"type": "AMOUNT", "amount_off": 550}
    assert (answer.json["metadata"], answer.json["voucher"]["redemption"]) == ({"b": 3, "c": 4}, {"quantity": 3})
    assert (campaign.gift_amount, campaign.pool_version) == (None, 1)
    assert (answer.json["creation_status"], answer.json["updated_at"] is not None) == ("DONE", True)
    entry = AuditEntry.objects.get(action="campaign.changed")
    assert (entry.actor_kind, entry.actor_label, entry.campaign_id) == ("api_key", "Shop", campaign.pk)


def test_null_clears_a_date_and_an_empty_text_a_text():
    """The Python SDK's `from_dict` sends null for all that it was not given."""
    campaign = CampaignFactory(
        name="Coffee", description="x", category="x", activity_duration="P1D", metadata={"a": 1}, join_once=True,
        start_date=datetime(2026, 1, 1, tzinfo=UTC), expiration_date=datetime(2026, 2, 1, tzinfo=UTC),
    )  # fmt: skip
    texts = ["description", "category", "activity_duration_after_publishing"]
    others = ["metadata", "join_once", "type", "discount", "unset_metadata_fields"]
    caller = Api()

    with_nulls = caller.put("campaigns/Coffee", dict.fromkeys(["start_date", "expiration_date", *texts, *others]))
    with_empty_texts = caller.put("campaigns/Coffee", dict.fromkeys(texts, ""))

    campaign.refresh_from_db()
    assert [with_nulls.json.get(name) for name in ["start_date", "expiration_date", *texts]] == [
        None, None, "x", "x", "P1D",
    ]  # fmt: skip
    assert [with_empty_texts.json[name] for name in texts] == [None] * 3
    assert (campaign.metadata, campaign.join_once, campaign.discount_value) == ({"a": 1}, True, 10)


def test_an_empty_body_changes_nothing():
    campaign = CampaignFactory(name="Coffee")

    answer = Api().put("campaigns/Coffee", {})

    assert (answer.status, answer.json["updated_at"]) == (200, None)
    assert not AuditEntry.objects.filter(campaign_id=campaign.pk).exists()


def test_the_amount_of_gift_vouchers():
    campaign = CampaignFactory(name="Gifts", **GIFTS)

    answer = Api().put("campaigns/Gifts", {"gift": {"amount": 3050}, "discount": {"type": "PERCENT", "percent_off": 5}})

    campaign.refresh_from_db()
    assert answer.json["voucher"]["gift"] == {"amount": 3050, "balance": 3050}
    assert (campaign.gift_amount, campaign.discount_type) == (Decimal("30.50"), None)


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"type": "STANDALONE"}, "type: This cannot be changed."),
        ({"type": "BULK"}, "type: must be 'STATIC', 'AUTO_UPDATE' or 'STANDALONE'"),
        ({"join_once": "yes"}, "join_once: must be true or false"),
        ({"expiration_date": 5}, "expiration_date: must be an ISO 8601 time such as 2026-03-01T12:00:00Z"),
        ({"start_date": "2026-02-30"}, "start_date: must be an ISO 8601 time such as 2026-03-01T12:00:00Z"),
        (
            {"start_date": "2026-02-01", "expiration_date": "2026-01-01"},
            "expiration_date: The expiration must be after the start.",
        ),
        (
            {"discount": {"type": "PERCENT", "percent_off": 0}},
            "voucher.discount: Enter a percentage above 0 and up to 100.",
        ),
        (
            {"activity_duration_after_publishing": "soon"},
            "activity_duration_after_publishing: Write it as “30 days”, “12 hours” or, in ISO 8601, “P30D”.",
        ),
        ({"metadata": {"a": "x" * 33_000}}, "metadata: Metadata can have at most 32 KB; this is 32 KB."),
        ({"unset_metadata_fields": "a"}, "unset_metadata_fields: must be an array"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_changes(body, details):
    campaign = CampaignFactory(name="Coffee")

    answer = Api().put("campaigns/Coffee", {"description": "New"} | body)

    campaign.refresh_from_db()
    assert answer.error == (400, "invalid_payload", "Invalid payload", details)
    assert campaign.description == ""


def test_enabled_and_disabled_however_often():
    campaign, caller = CampaignFactory(name="Coffee"), Api()

    for call, active in [("Coffee/disable", False), ("Coffee/disable", False), (f"{campaign.public_id}/enable", True)]:
        answer = caller.send("POST", f"campaigns/{call}", "")
        campaign.refresh_from_db()
        assert (answer.status, answer.json, campaign.active) == (200, {}, active)

    actions = AuditEntry.objects.filter(campaign_id=campaign.pk).order_by("pk").values_list("action", "actor_kind")
    assert list(actions) == [("campaign.disabled", "api_key"), ("campaign.enabled", "api_key")]


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "Tea"), ("DELETE", "Tea"), ("POST", "Tea/enable"), ("POST", "Tea/disable"), ("GET", "Tea/summary"),
     ("POST", "Tea/vouchers"), ("POST", "Tea/vouchers/BEAN")],
)  # fmt: skip
def test_a_campaign_that_there_is_not(method, path):
    assert Api().send(method, f"campaigns/{path}", "{}").error == NOT_FOUND


def test_a_name_with_a_slash():
    CampaignFactory(name="2026/Coffee", active=False)
    caller = Api()

    caller.send("POST", "campaigns/2026%2FCoffee/enable", "")

    assert caller.get("campaigns/2026%2FCoffee").json["active"] is True


def test_a_deleted_campaign_is_hidden_at_once():
    campaign = CampaignFactory(name="Coffee", codes=3)
    caller = Api()

    answer = caller.delete("campaigns/Coffee")
    action = caller.get(f"async-actions/{answer.json['async_action_id']}").json

    assert (answer.status, list(answer.json)) == (202, ["async_action_id"])
    assert (action["type"], action["status"], action["operation_status"]) == (
        "CAMPAIGN.VOUCHERS_DELETE",
        "DONE",
        "SUCCESS",
    )
    assert action["result"] == {"message": "Campaign deleted; 0 voucher(s) erased.", "done_count": 0}
    assert caller.get("campaigns/Coffee").status == caller.delete(f"campaigns/{campaign.public_id}").status == 404
    assert caller.get("vouchers").json["total"] == 0
    assert Voucher.objects.count() == 3
    assert AuditEntry.objects.get(action="campaign.deleted").actor_kind == "api_key"


@pytest.mark.django_db(transaction=True)
def test_force_erases_its_unpublished_codes_in_the_background(monkeypatch):
    monkeypatch.setattr("campaigns.actions.delete_campaign.CHUNK", 2)
    campaign = CampaignFactory(name="Coffee", codes=5)
    published(campaign.vouchers.order_by("pk").first())
    caller = Api()

    answer = caller.delete("campaigns/Coffee?force=true")
    path = f"async-actions/{answer.json['async_action_id']}"
    before = caller.get(path).json
    erase_unpublished_codes(campaign.pk)
    erase_unpublished_codes(campaign.pk)
    after = caller.get(path).json

    assert (before["status"], before["operation_status"], before["progress"]) == ("IN_PROGRESS", "UNKNOWN", 0)
    assert before["result"] is None
    assert (after["status"], after["operation_status"], after["progress"]) == ("DONE", "SUCCESS", 100)
    assert after["result"] == {"message": "Campaign deleted; 4 voucher(s) erased.", "done_count": 4}
    assert Voucher.objects.count() == 1
    assert caller.post("campaigns", {"name": "Coffee", "voucher": PERCENT}).status == 200


@pytest.mark.django_db(transaction=True)
def test_an_erasing_that_was_broken_off_tells_what_is_done_and_goes_on(monkeypatch):
    monkeypatch.setattr("campaigns.actions.delete_campaign.CHUNK", 2)
    campaign = CampaignFactory(name="Coffee", codes=5)
    caller = Api()
    path = f"async-actions/{caller.delete('campaigns/Coffee?force=true').json['async_action_id']}"

    # Somebody holds the first code, which is in the last chunk; who waits for it gives up.
    first = campaign.vouchers.order_by("pk").first()
    with held(first), setting("lock_timeout", "1ms"), pytest.raises(OperationalError):
        erase_unpublished_codes(campaign.pk)
    between = caller.get(path).json
    erase_unpublished_codes(campaign.pk)
    after = caller.get(path).json

    assert (between["status"], between["progress"], between["result"]) == ("IN_PROGRESS", 80, None)
    assert (after["status"], after["progress"], after["result"]["done_count"]) == ("DONE", 100, 5)


@contextmanager
def held(voucher):
    """Another connection has the voucher's row locked."""
    locked, done = Event(), Event()

    def hold():
        with transaction.atomic():
            Voucher.objects.select_for_update().get(pk=voucher.pk)
            locked.set()
            done.wait(60)
        connection.close()

    holder = Thread(target=hold)
    holder.start()
    assert locked.wait(60)
    try:
        yield
    finally:
        done.set()
        holder.join()


def test_a_standalone_campaign_has_its_one_code_at_once():
    caller = Api()

    answer = caller.post(
        "campaigns",
        {"name": "Welcome", "type": "STANDALONE", "voucher": PERCENT | {"code_config": {"pattern": "WELCOME"}}},
    )

    campaign = Campaign.objects.get()
    assert (answer.status, answer.json["type"], answer.json["vouchers_count"]) == (200, "STANDALONE", 1)
    assert (answer.json["vouchers_generation_status"], answer.json) == ("DONE", caller.get("campaigns/Welcome").json)
    assert (campaign.vouchers.get().code, campaign.standalone) == ("WELCOME", True)
    assert caller.get("vouchers/WELCOME").json["campaign_id"] == campaign.public_id
    assert answer.json["voucher"]["code_config"]["length"] == 8


@pytest.mark.parametrize(
    ("voucher", "begins"),
    [
        ({"code": "WELCOME"}, "WELCOME"),
        ({"code_config": {"pattern": "WEL", "prefix": "A-", "postfix": "-Z"}}, "A-WEL-Z"),
        ({"code_config": {"pattern": "WEL-##"}}, "WEL-"),
        ({"code_config": {"prefix": "W-"}}, "W-"),
        ({}, ""),
    ],
)
def test_how_its_code_is_named(voucher, begins):
    answer = Api().post("campaigns", {"name": "Welcome", "type": "STANDALONE", "voucher": PERCENT | voucher})

    assert answer.status == 200
    assert Voucher.objects.get().code.startswith(begins)


@pytest.mark.parametrize(
    ("body", "status", "details"),
    [
        ({"vouchers_count": 2}, 400, "vouchers_count: This type of campaign has a single code."),
        (
            {"campaign_type": "REFERRAL_PROGRAM"},
            400,
            "campaign_type: A referral program needs one code per customer.",
        ),
        ({"voucher": PERCENT | {"code": "TAKEN"}}, 409, "Duplicated voucher exists with id TAKEN"),
        ({"voucher": PERCENT | {"code": " "}}, 400, "code: Enter 1 to 255 visible characters."),
    ],
)
def test_a_standalone_campaign_that_cannot_be(body, status, details):
    VoucherFactory(code="TAKEN")

    answer = Api().post("campaigns", {"name": "Welcome", "type": "STANDALONE", "voucher": PERCENT} | body)

    assert (answer.status, answer.error[3]) == (status, details)
    assert not Campaign.objects.filter(name="Welcome").exists()


def test_a_standalone_campaign_takes_no_more_codes_and_stays_what_it_is():
    caller = Api()
    caller.post("campaigns", {"name": "Welcome", "type": "STANDALONE", "voucher": PERCENT | {"code": "WELCOME"}})

    more = [
        caller.post("campaigns/Welcome/vouchers", {}),
        caller.post("campaigns/Welcome/vouchers?vouchers_count=3", {}),
        caller.post("campaigns/Welcome/vouchers/OTHER", {}),
        caller.post("campaigns/Welcome/import", [{"code": "OTHER"}]),
        caller.upload("campaigns/Welcome/importCSV", "Code\nOTHER\n"),
    ]
    again = caller.put("campaigns/Welcome", {"type": "STANDALONE", "description": "x"})
    other = caller.put("campaigns/Welcome", {"type": "AUTO_UPDATE"})

    assert [(answer.status, answer.json["key"]) for answer in more] == [(400, "invalid_campaign")] * 5
    assert (again.status, other.status) == (200, 400)
    assert [campaign["name"] for campaign in caller.get(
        "campaigns?filters[type][conditions][$is]=STANDALONE"
    ).json["campaigns"]] == ["Welcome"]  # fmt: skip
    assert caller.get("campaigns?filters[type][conditions][$is]=BULK").json["total"] == 0
    assert Voucher.objects.count() == 1
