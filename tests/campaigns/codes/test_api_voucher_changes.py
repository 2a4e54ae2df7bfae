"""PUT and DELETE /v1/vouchers, enable and disable: changed, switched, deleted."""

from datetime import UTC, datetime

import pytest

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.staff.models import AuditEntry
from publications.actions.release import release
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CampaignFactory, StandaloneVoucherFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db

TENTH_OFF = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
CODE_IN_USE = "Duplicated voucher exists with id WELCOME"


def logged() -> list[tuple]:
    """[(action, object_id, kind of the actor)], the oldest first; without the making of the key."""
    entries = AuditEntry.objects.exclude(action="api_key.created").order_by("pk")
    return list(entries.values_list("action", "object_id", "actor_kind"))


def test_what_was_sent_is_changed_and_nothing_else():
    voucher = StandaloneVoucherFactory(code="BEAN", category="old", metadata={"a": 1}, additional_info="For Ada")
    caller = Api()

    answer = caller.put(
        "vouchers/BEAN",
        {
            "category": "new",
            "discount": {"type": "PERCENT", "percent_off": 45},
            "expiration_date": "2042-12-31T23:59:59Z",
            "active": False,
            "metadata": {"Season": "Winter"},
            "code": "OTHER",
            "redemption": {"quantity": 9},
        },
    )

    voucher.refresh_from_db()
    assert (answer.status, answer.json) == (200, caller.get("vouchers/BEAN").json)
    assert (answer.json["category"], answer.json["discount"]) == ("new", {"type": "PERCENT", "percent_off": 45})
    assert (answer.json["active"], answer.json["metadata"]) == (False, {"Season": "Winter"})
    assert (answer.json["additional_info"], answer.json["redemption"]["quantity"]) == ("For Ada", None)
    assert voucher.expiration_date == datetime(2042, 12, 31, 23, 59, 59, tzinfo=UTC)
    entry = AuditEntry.objects.get(action="code.changed")
    assert (entry.actor_kind, entry.actor_label, entry.object_id) == ("api_key", "Shop", voucher.public_id)
    assert entry.details["changes"]["discount_value"] == {"from": "10", "to": "45"}


def test_null_clears_a_date_and_an_empty_text_a_text():
    voucher = VoucherFactory(
        code="BEAN", category="old", additional_info="x", metadata={"a": 1}, active=False,
        start_date=datetime(2026, 1, 1, tzinfo=UTC), expiration_date=datetime(2026, 2, 1, tzinfo=UTC),
    )  # fmt: skip
    names = ["start_date", "expiration_date", "category", "additional_info", "metadata", "active", "discount"]
    caller = Api()

    with_nulls = caller.put("vouchers/BEAN", dict.fromkeys(names)).json
    with_empty_texts = caller.put("vouchers/BEAN", {"category": "", "additional_info": ""}).json

    voucher.refresh_from_db()
    assert [with_nulls[name] for name in names[:4]] == [None, None, "old", "x"]
    assert [with_empty_texts[name] for name in names[:4]] == [None] * 4
    assert (voucher.metadata, voucher.active) == ({"a": 1}, False)


def test_a_code_of_a_campaign_may_get_a_discount_of_its_own_of_the_same_type():
    voucher = VoucherFactory(code="BEAN")
    caller = Api()

    same = caller.put("vouchers/BEAN", {"discount": {"type": "PERCENT", "percent_off": 15}})
    other = caller.put("vouchers/BEAN", {"discount": {"type": "AMOUNT", "amount_off": 500}})

    voucher.refresh_from_db()
    assert same.json["discount"] == {"type": "PERCENT", "percent_off": 15}
    assert other.error == (
        400,
        "invalid_voucher",
        "Invalid Voucher",
        "It is not possible to change the type of a code's discount.",
    )
    assert (voucher.discount_type, voucher.discount_value) == ("PERCENT", 15)
    assert Campaign.objects.get().discount_value == 10


def test_a_published_code_can_be_changed_and_stays_published():
    voucher = published(VoucherFactory(code="BEAN")).vouchers[0]

    answer = Api().put("vouchers/BEAN", {"category": "vip"})

    assert (answer.json["publish"]["count"], answer.json["category"]) == (1, "vip")
    voucher.refresh_from_db()
    assert voucher.published_at is not None


def test_enabled_and_disabled_however_often():
    voucher, caller = VoucherFactory(code="BEAN"), Api()

    answers = [caller.send("POST", f"vouchers/{call}", "") for call in
               ("BEAN/disable", f"{voucher.public_id}/disable", "BEAN/enable", "BEAN/enable")]  # fmt: skip

    assert [(answer.status, answer.json["active"]) for answer in answers] == [
        (200, False),
        (200, False),
        (200, True),
        (200, True),
    ]
    assert [action for action, *_ in logged()] == ["code.disabled", "code.enabled"]


def test_a_deleted_voucher_is_gone_and_its_code_stays_reserved():
    voucher, caller = VoucherFactory(code="BEAN"), Api()

    answer = caller.delete("vouchers/BEAN")

    assert (answer.status, answer.content) == (204, b"")
    assert caller.get("vouchers/BEAN").status == caller.get(f"vouchers/{voucher.public_id}").status == 404
    assert caller.delete("vouchers/BEAN").error[:2] == (404, "not_found")
    assert caller.post("vouchers/BEAN", TENTH_OFF).status == 409
    assert [entry for entry in logged() if entry[0] == "code.deleted"] == [
        ("code.deleted", voucher.public_id, "api_key")
    ]


def test_force_frees_a_code_that_nobody_ever_got():
    VoucherFactory(code="BEAN")
    caller = Api()

    assert caller.delete("vouchers/BEAN?force=true").status == 204

    assert not Voucher.objects.exists()
    assert caller.post("vouchers/BEAN", TENTH_OFF).status == 200


@pytest.mark.parametrize("released", [False, True])
def test_what_was_published_stays_on_record_whatever_is_forced(released):
    publication = published(VoucherFactory(code="BEAN"))
    voucher = publication.vouchers[0]
    if released:
        release(voucher, by=STAFF, reason="Sent to the wrong customer")
    caller = Api()

    assert caller.delete("vouchers/BEAN?force=true").status == 204

    assert caller.get("vouchers/BEAN").status == 404
    assert caller.post("vouchers/BEAN", TENTH_OFF).status == 409
    history = caller.get("publications").json["publications"]
    assert [(row["id"], row["voucher"]["code"]) for row in history] == [(publication.public_id, "BEAN")]
    assert AuditEntry.objects.get(action="code.deleted").details == {"erased": False}


def test_a_deleted_code_is_not_published():
    campaign = CampaignFactory(name="Coffee", codes=1)
    caller = Api()
    caller.delete(f"vouchers/{campaign.vouchers.get().code}")

    answer = caller.post("publications", {"campaign": "Coffee", "customer": "12344"})

    assert answer.error[1] == "no_voucher_suitable_for_publication"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_voucher_that_there_is_not(method):
    answer = Api().send(method, "vouchers/NONE", "{}")

    assert answer.error == (404, "not_found", "Resource not found", "Cannot find voucher with id NONE")
    assert Api().send("POST", "vouchers/NONE/enable", "{}").error[:2] == (404, "not_found")
