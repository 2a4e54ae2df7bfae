"""What staff may do to a code: make it, switch it, change its fields, and never touch whether it is published."""

from datetime import UTC, datetime

import pytest

from campaigns.check_value import InvalidFields
from campaigns.codes.actions.change_code import CodeGone, change_code
from campaigns.codes.actions.create_codes import CodeTaken, create_code, create_codes
from campaigns.codes.actions.switch_code import disable_code, enable_code
from campaigns.codes.code_space import CodeSpaceTooSmall, code_space
from campaigns.codes.models import Voucher
from config.staff.models import AuditEntry
from tests.support.factories import STAFF, CampaignFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db
TENTH_OFF = {"discount_type": "PERCENT", "discount_value": 10}


def test_a_code_is_disabled_and_enabled_once_each():
    voucher = VoucherFactory()

    assert disable_code(voucher, by=STAFF)
    assert not disable_code(voucher, by=STAFF)
    assert enable_code(voucher, by=STAFF)
    assert not enable_code(voucher, by=STAFF)

    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == ["code.disabled", "code.enabled"]
    voucher.campaign.refresh_from_db()
    assert voucher.campaign.pool_version == 2


@pytest.mark.django_db(transaction=True)
def test_a_code_read_before_its_publication_and_changed_after_it_stays_published():
    voucher = VoucherFactory()
    read_before = Voucher.objects.get(pk=voucher.pk)
    published(voucher)

    change_code(read_before, {"category": "vip"}, by=STAFF)
    disable_code(read_before, by=STAFF)

    voucher.refresh_from_db()
    assert (voucher.category, voucher.active) == ("vip", False)
    assert voucher.published_at is not None


def test_only_what_differs_is_logged_and_long_texts_are_not_spelt_out():
    voucher = VoucherFactory(category="old")

    change_code(voucher, {"category": "", "additional_info": "For Ada", "metadata": {}, "active": True}, by=STAFF)

    voucher.refresh_from_db()
    assert (voucher.category, voucher.additional_info, voucher.metadata) == (None, "For Ada", None)
    assert AuditEntry.objects.get().details == {
        "changes": {"category": {"from": "old", "to": None}},
        "texts_changed": ["additional_info"],
    }


@pytest.mark.parametrize("changes", [{"published_at": None}, {"code": "OTHER"}, {"campaign": None}])
def test_the_rest_of_a_code_cannot_be_changed(changes):
    with pytest.raises(InvalidFields):
        change_code(VoucherFactory(), changes, by=STAFF)


def test_an_expiration_before_the_start_is_refused():
    with pytest.raises(InvalidFields) as refused:
        change_code(
            VoucherFactory(start_date=datetime(2026, 6, 1, tzinfo=UTC)),
            {"expiration_date": datetime(2026, 5, 1, tzinfo=UTC)},
            by=STAFF,
        )

    assert list(refused.value.errors) == ["expiration_date"]


def test_a_deleted_code_is_not_changed():
    voucher = VoucherFactory(deleted_at=datetime(2026, 1, 1, tzinfo=UTC))

    with pytest.raises(CodeGone):
        change_code(voucher, {"category": "vip"}, by=STAFF)
    assert not disable_code(voucher, by=STAFF)


def test_a_named_standalone_code():
    voucher = create_code(" WELCOME ", TENTH_OFF, by=STAFF)

    voucher.refresh_from_db()
    assert (voucher.code, voucher.campaign, voucher.type, voucher.discount_value) == (
        "WELCOME", None, "DISCOUNT_VOUCHER", 10,
    )  # fmt: skip
    with pytest.raises(CodeTaken):
        create_code("WELCOME", TENTH_OFF, by=STAFF)


def test_a_named_code_of_a_campaign_has_the_campaigns_type_and_value():
    gifts = CampaignFactory(kind="GIFT_VOUCHERS", gift_amount=25, discount_type=None, discount_value=None)

    voucher = create_code("GIFT-1", {}, campaign=gifts, by=STAFF)

    assert (voucher.type, voucher.gift_amount) == ("GIFT_VOUCHER", None)
    gifts.refresh_from_db()
    assert gifts.pool_version == 1


@pytest.mark.parametrize("code", ["", " ", "A\tB", "A\x00B", "x" * 256])
def test_a_text_that_cannot_be_a_code_is_refused(code):
    with pytest.raises(InvalidFields) as refused:
        create_code(code, TENTH_OFF, by=STAFF)

    assert list(refused.value.errors) == ["code"]


def test_many_standalone_codes_at_random():
    fields = {"type": "GIFT_VOUCHER", "gift_amount": 25, "metadata": {"batch": 1}, "category": "staff"}

    assert create_codes(code_space(length=10), fields, count=1_500, by=STAFF) == 1_500

    assert (
        Voucher.objects.filter(
            campaign=None, metadata={"batch": 1}, **{k: fields[k] for k in ("type", "gift_amount", "category")}
        ).count()
        == 1_500
    )
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_label, entry.details) == (
        "code.created", "1,500 standalone codes", {"count": 1500},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "count", "error"),
    [({}, 1, InvalidFields), (TENTH_OFF, 0, InvalidFields), (TENTH_OFF, 10_001, InvalidFields), (TENTH_OFF, 33, CodeSpaceTooSmall)],
)  # fmt: skip
def test_standalone_codes_that_cannot_be_are_refused(fields, count, error):
    with pytest.raises(error):
        create_codes(code_space(length=1), fields, count=count, by=STAFF)

    assert Voucher.objects.count() == 0
