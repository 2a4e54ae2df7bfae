"""A Manager makes, edits and switches codes in the dashboard; nobody else may."""

import pytest
from django.urls import reverse

from campaigns.codes.models import Voucher
from tests.support.factories import StandaloneVoucherFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db

NEW = {
    "how": "named",
    "code": "WELCOME10",
    "code_length": "8",
    "code_charset": "0123456789",
    "type": "DISCOUNT_VOUCHER",
    "discount_type": "PERCENT",
    "discount_value": "10",
    "redemption_limit": "1",
    "active": "on",
}


def page_of(name, voucher):
    return reverse(f"campaigns:{name}", kwargs={"voucher_id": voucher.pk})


def test_a_code_with_a_name_of_its_own(signed_in):
    answer = signed_in("Manager").post("/codes/new", NEW | {"category": "staff"})

    voucher = Voucher.objects.get()
    assert answer["Location"] == reverse("dashboard:code", kwargs={"voucher_id": voucher.pk})
    assert (voucher.code, voucher.campaign, voucher.category, voucher.active) == ("WELCOME10", None, "staff", True)


@pytest.mark.parametrize(
    ("typed", "limit"),
    [({}, 1), ({"type": "GIFT_VOUCHER", "gift_amount": "25"}, None),
     ({"type": "GIFT_VOUCHER", "gift_amount": "25", "gift_limit": "3"}, 3)],
)  # fmt: skip
def test_a_gift_voucher_may_be_used_until_its_balance_is_0_unless_told(signed_in, typed, limit):
    signed_in("Manager").post("/codes/new", NEW | typed)

    assert Voucher.objects.get().redemption_limit == limit


def test_many_random_codes(signed_in):
    signed_in("Manager").post("/codes/new", NEW | {"how": "random", "count": "25", "code_prefix": "VIP-", "code": ""})

    codes = Voucher.objects.values_list("code", flat=True)
    assert len(codes) == 25
    assert all(code.startswith("VIP-") and code[4:].isdecimal() and len(code) == 12 for code in codes)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"code": ""}, "Enter the code."),
        ({"code": "TAKEN"}, "The code “TAKEN” already exists."),
        ({"type": "GIFT_VOUCHER"}, "Enter an amount above 0."),
        ({"discount_value": ""}, "Enter the value."),
        ({"how": "random", "count": ""}, "Enter the number of codes."),
        ({"how": "random", "count": "10001"}, "less than or equal to 10000"),
        ({"how": "random", "count": "10", "code_charset": "11"}, "appears twice"),
        (
            {"how": "random", "count": "101", "code_length": "2"},
            "101 more were requested: use at least 3 random positions",
        ),
    ],
)
def test_a_wrong_entry_is_said_and_nothing_is_made(signed_in, typed, said):
    VoucherFactory(code="TAKEN")

    answer = signed_in("Manager").post("/codes/new", NEW | typed)

    assert said in answer.content.decode()
    assert Voucher.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_editing_a_published_code_leaves_it_published(signed_in):
    voucher = StandaloneVoucherFactory(category="old", metadata={"a": 1})
    published(voucher)

    answer = signed_in("Manager").post(
        page_of("edit-code", voucher),
        {"category": "new", "initial-category": "old", "metadata": '{"a":1}', "active": "on", "initial-active": "True"},
    )

    assert answer.status_code == 302, answer.context["form"].errors
    voucher.refresh_from_db()
    assert (voucher.category, voucher.metadata, voucher.active) == ("new", {"a": 1}, True)
    assert voucher.published_at is not None


def test_an_unpublished_code_is_masked_on_its_form(signed_in):
    voucher = VoucherFactory(code="ROAST-POOLED")

    page = signed_in("Manager").get(page_of("edit-code", voucher)).content.decode()

    assert "••••••ED" in page
    assert "ROAST-POOLED" not in page


def test_a_code_is_switched_by_a_post_of_a_manager(signed_in):
    voucher = VoucherFactory()

    assert signed_in("Operator").post(page_of("disable-code", voucher)).status_code == 403
    assert signed_in("Manager").get(page_of("disable-code", voucher)).status_code == 405
    signed_in("Manager").post(page_of("disable-code", voucher))
    voucher.refresh_from_db()
    assert not voucher.active
    signed_in("Manager").post(page_of("enable-code", voucher))
    voucher.refresh_from_db()
    assert voucher.active


@pytest.mark.parametrize("role", ["Viewer", "Operator", "Exporter"])
def test_only_a_manager_makes_and_edits_codes(signed_in, role):
    client = signed_in(role)

    assert client.get("/codes/new").status_code == 403
    assert client.post(page_of("edit-code", VoucherFactory()), {}).status_code == 403
