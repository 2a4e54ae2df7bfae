"""The official Python SDK, unmodified: vouchers, campaigns and customers changed, imported and deleted; async actions."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
import voucherify
from voucherify.exceptions import ApiException
from voucherify.models import (
    CampaignsCreateRequestBody,
    CampaignsImportVoucherItem,
    CampaignsUpdateRequestBody,
    CampaignsVouchersCreateInBulkRequestBody,
    CampaignsVouchersCreateRequestBody,
    CodeConfig,
    CustomersUpdateInBulkRequestBody,
    CustomersUpdateRequestBody,
    Discount,
    VouchersCreateRequestBody,
    VouchersCreateWithSpecificCodeRequestBody,
    VouchersImportCreateItemRequestBody,
    VouchersUpdateRequestBody,
)

from campaigns.actions.delete_campaign import erase_unpublished_codes
from campaigns.codes.actions.extend_pool import fulfil_order
from campaigns.codes.actions.import_codes import import_codes
from campaigns.codes.models import CodeImport, CodeOrder, Voucher
from campaigns.models import Campaign
from customers.actions.import_customers import import_customers
from customers.models import Customer, CustomerImport
from tests.config.api.clients.test_api_sdk import sdk  # noqa: F401 - a fixture
from tests.support.factories import CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db(transaction=True)

PERCENT = {"type": "PERCENT", "percent_off": 12.5}
GIFT = {"amount": 10000, "balance": 10000, "effect": "APPLY_TO_ORDER"}


@pytest.fixture
def vouchers(sdk):  # noqa: F811
    return voucherify.VouchersApi(sdk)


@pytest.fixture
def campaigns(sdk):  # noqa: F811
    return voucherify.CampaignsApi(sdk)


@pytest.fixture
def customers(sdk):  # noqa: F811
    return voucherify.CustomersApi(sdk)


@pytest.fixture
def result_of(sdk):  # noqa: F811
    """The async action of an answer, once its work is done."""

    def run(answer):
        for order in CodeOrder.objects.filter(status="queued"):
            fulfil_order(order.pk)
        for code_import in CodeImport.objects.filter(status="queued"):
            import_codes(code_import.pk)
        for customer_import in CustomerImport.objects.filter(status="queued"):
            import_customers(customer_import.pk)
        for campaign in Campaign.objects.filter(deletion__status="queued"):
            erase_unpublished_codes(campaign.pk)
        action = voucherify.AsyncActionsApi(sdk).get_async_action(answer.async_action_id)
        assert (action.status, action.progress, action.id) == ("DONE", 100, answer.async_action_id)
        assert action.created_at <= action.updated_at
        return action

    return run


def refused(call) -> tuple[int, str, str]:
    with pytest.raises(ApiException) as problem:
        call()
    body = json.loads(problem.value.body)
    assert body["code"] == problem.value.status
    return problem.value.status, body["key"], body["details"]


def test_a_random_code(vouchers):
    made = vouchers.generate_random_code(
        VouchersCreateRequestBody.from_dict(
            {"type": "GIFT_VOUCHER", "gift": GIFT, "code_config": {"pattern": "GIFT-####"}, "metadata": {"n": 1}}
        )
    )

    assert (made.code[:5], len(made.code), made.type, made.active) == ("GIFT-", 9, "GIFT_VOUCHER", True)
    assert (made.gift.amount, made.gift.balance, made.metadata) == (10000, 10000, {"n": 1})
    assert vouchers.get_voucher(made.code).id == made.id


def test_a_voucher_from_its_making_to_its_end(vouchers):
    body = VouchersCreateWithSpecificCodeRequestBody.from_dict(
        {"type": "DISCOUNT_VOUCHER", "discount": PERCENT, "redemption": {"quantity": 3}, "category": "new"}
    )

    made = vouchers.create_voucher("WELCOME/10", body)
    taken = refused(lambda: vouchers.create_voucher("WELCOME/10", body))
    changed = vouchers.update_voucher(
        "WELCOME/10",
        VouchersUpdateRequestBody.from_dict({
            "type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 45}, "active": False,
            "expiration_date": "2042-12-31T23:59:59Z", "metadata": {"Season": "Winter"}, "category": "second",
        }),
    )  # fmt: skip
    other_type = refused(
        lambda: vouchers.update_voucher(
            "WELCOME/10", VouchersUpdateRequestBody.from_dict({"discount": {"type": "AMOUNT", "amount_off": 1}})
        )
    )
    enabled, disabled = vouchers.enable_voucher("WELCOME/10"), vouchers.disable_voucher(made.id)
    deleted = vouchers.delete_voucher("WELCOME/10", force=True)

    assert (made.code, made.discount.percent_off, made.redemption.quantity) == ("WELCOME/10", 12.5, 3)
    assert taken == (409, "duplicate_found", "Duplicated voucher exists with id WELCOME/10")
    assert (changed.discount.percent_off, changed.active, changed.category) == (45, False, "second")
    assert (changed.expiration_date, changed.metadata) == (
        datetime(2042, 12, 31, 23, 59, 59, tzinfo=UTC),
        {"Season": "Winter"},
    )
    assert other_type == (400, "invalid_voucher", "It is not possible to change the type of a code's discount.")
    assert (enabled.active, disabled.active, deleted) == (True, False, None)
    assert refused(lambda: vouchers.get_voucher("WELCOME/10"))[:2] == (404, "not_found")


def test_vouchers_imported_as_json(vouchers, result_of):
    VoucherFactory(code="OLD")

    answer = vouchers.import_vouchers(
        [
            VouchersImportCreateItemRequestBody.from_dict(item)
            for item in (
                {
                    "code": "PROMO-1",
                    "type": "DISCOUNT_VOUCHER",
                    "active": False,
                    "discount": {"amount_off": 3000, "type": "AMOUNT"},
                    "start_date": "2020-12-01T23:00:00Z",
                    "redemption": {"quantity": 5},
                    "metadata": {"unit": "EUR", "n": 2},
                },
                {"code": "GIFT-1", "type": "GIFT_VOUCHER", "gift": GIFT},
                {"code": "OLD", "type": "DISCOUNT_VOUCHER", "discount": PERCENT},
            )
        ]
    )
    action = result_of(answer)
    promo = vouchers.get_voucher("PROMO-1")

    assert (action.type, action.operation_status) == ("VOUCHERS.IMPORT", "SUCCESS")
    assert (action.result["done_count"], [row["code"] for row in action.result["failed"]]) == (2, ["OLD"])
    assert (promo.discount.amount_off, promo.active, promo.metadata) == (3000, False, {"unit": "EUR", "n": 2})
    assert vouchers.get_voucher("GIFT-1").gift.amount == 10000


def test_vouchers_imported_as_a_file(vouchers, result_of, tmp_path):
    path = tmp_path / "vouchers.csv"
    path.write_text("Code,Voucher Type,Discount Type,Value\nA,DISCOUNT_VOUCHER,PERCENT,10\nB,GIFT_VOUCHER,,x\n")

    by_path = result_of(vouchers.import_vouchers_using_csv(file=str(path), webhooks_enable=False))
    as_bytes = result_of(vouchers.import_vouchers_using_csv(file=b"Code,Discount Type,Value\nC,PERCENT,5\n"))

    assert (by_path.type, by_path.result["done_count"], by_path.result["failed_count"]) == (
        "VOUCHERS.IMPORT_CSV", 1, 1,
    )  # fmt: skip
    assert [(row["code"], row["row"]) for row in by_path.result["failed"]] == [("B", 2)]
    assert (as_bytes.result["done_count"], vouchers.get_voucher("C").discount.percent_off) == (1, 5)


def test_a_campaign_changed_and_switched(campaigns):
    CampaignFactory(name="Autumn coffee", expiration_date=datetime(2042, 1, 1, tzinfo=UTC), metadata={"a": 1, "b": 2})
    cleared = CampaignsUpdateRequestBody(expiration_date=None)

    changed = campaigns.update_campaign(
        "Autumn coffee",
        CampaignsUpdateRequestBody(
            description="New description",
            type="AUTO_UPDATE",
            join_once=True,
            discount=Discount.from_dict({"type": "PERCENT", "percent_off": 20}),
            metadata={"b": 3},
            unset_metadata_fields=["a"],
        ),
    )
    after = campaigns.update_campaign(changed.id, cleared)
    campaigns.disable_campaign("Autumn coffee")
    disabled = campaigns.get_campaign("Autumn coffee")
    campaigns.enable_campaign(changed.id)

    assert (changed.description, changed.type, changed.join_once) == ("New description", "AUTO_UPDATE", True)
    assert (changed.voucher.discount.percent_off, changed.metadata) == (20, {"b": 3})
    assert (changed.expiration_date, after.expiration_date) == (datetime(2042, 1, 1, tzinfo=UTC), None)
    assert (disabled.active, campaigns.get_campaign("Autumn coffee").active) == (False, True)


def test_codes_added_to_a_campaign(campaigns, result_of):
    CampaignFactory(name="Coffee", code_length=6)

    one = campaigns.add_vouchers_to_campaign("Coffee")
    several = campaigns.add_vouchers_to_campaign(
        "Coffee",
        vouchers_count=3,
        campaigns_vouchers_create_in_bulk_request_body=CampaignsVouchersCreateInBulkRequestBody(
            code_config=CodeConfig(pattern="X-###"), metadata={"batch": 7}
        ),
    )
    named = campaigns.add_voucher_with_specific_code_to_campaign(
        "Coffee", "BEAN", CampaignsVouchersCreateRequestBody(additional_info="For Ada", metadata={"Season": "Fall"})
    )
    action = result_of(several)

    assert (len(one.code), one.campaign, one.async_action_id) == (6, "Coffee", None)
    assert (several.code, action.type, action.result["done_count"]) == (None, "CAMPAIGN.VOUCHERS_GENERATE", 3)
    assert Voucher.objects.filter(code__startswith="X-", metadata={"batch": 7}).count() == 3
    assert (named.code, named.additional_info, named.metadata) == ("BEAN", "For Ada", {"Season": "Fall"})
    assert refused(lambda: campaigns.add_voucher_with_specific_code_to_campaign("Coffee", "BEAN")) == (
        409, "duplicate_found", "Duplicated voucher exists with id BEAN",
    )  # fmt: skip
    assert campaigns.get_campaign("Coffee").vouchers_count == 5


def test_codes_imported_into_a_campaign(campaigns, result_of):
    CampaignFactory(name="Coffee")

    as_json = result_of(
        campaigns.import_vouchers_to_campaign(
            "Coffee", [CampaignsImportVoucherItem.from_dict({"code": "CODE7", "redemption": {"quantity": 1}, "active": True})]
        )
    )  # fmt: skip
    as_file = result_of(campaigns.import_vouchers_to_campaign_using_csv("Coffee", file=b"Code,Active\nCODE8,true\n"))
    again = refused(lambda: campaigns.import_vouchers_to_campaign("Coffee", [CampaignsImportVoucherItem(code="CODE7")]))

    assert (as_json.type, as_json.result["done_count"]) == ("CAMPAIGN.VOUCHERS_IMPORT", 1)
    assert (as_file.type, as_file.result["done_count"]) == ("CAMPAIGN.VOUCHERS_IMPORT_CSV", 1)
    assert again == (400, "duplicate_key", "1 voucher codes(s) already exist: CODE7")
    assert campaigns.get_campaign("Coffee").vouchers_count == 2


def test_a_standalone_campaign(campaigns, vouchers):
    made = campaigns.create_campaign(
        CampaignsCreateRequestBody.from_dict({
            "name": "Welcome", "type": "STANDALONE", "campaign_type": "DISCOUNT_COUPONS",
            "voucher": {"type": "DISCOUNT_VOUCHER", "discount": PERCENT, "code_config": {"pattern": "WELCOME"}},
        })
    )  # fmt: skip

    assert (made.type, made.vouchers_count, made.vouchers_generation_status) == ("STANDALONE", 1, "DONE")
    assert vouchers.get_voucher("WELCOME").campaign_id == made.id
    assert refused(lambda: campaigns.add_vouchers_to_campaign("Welcome"))[:2] == (400, "invalid_campaign")


def test_the_summary_of_a_campaign(campaigns):
    campaign = CampaignFactory(name="Coffee", codes=3)
    published(campaign.vouchers.first())

    today = datetime.now(UTC).date()
    summary = campaigns.get_campaign_summary("Coffee", start_date=today, end_date=today)
    before = campaigns.get_campaign_summary("Coffee", end_date=today - timedelta(days=1))

    assert (summary.object, summary.campaign.id) == ("campaign_summary", campaign.public_id)
    assert (summary.vouchers_created, summary.publications, summary.publications_succeeded) == (3, 1, 1)
    assert (summary.redemptions, summary.discounted_amount, before.publications) == (0, 0, 0)


def test_a_campaign_deleted(campaigns, result_of):
    CampaignFactory(name="Hidden", codes=2)
    CampaignFactory(name="Erased", codes=2)

    hidden = result_of(campaigns.delete_campaign("Hidden"))
    erased = result_of(campaigns.delete_campaign("Erased", force=True))

    assert (hidden.type, hidden.result["done_count"], erased.result["done_count"]) == ("CAMPAIGN.VOUCHERS_DELETE", 0, 2)
    assert refused(lambda: campaigns.get_campaign("Hidden"))[:2] == (404, "not_found")
    assert Voucher.objects.count() == 2


def test_a_customer_changed_and_deleted(customers):
    CustomerFactory(source_id="alice@example.com", name="Old", metadata={"lang": "en"})

    changed = customers.update_customer(
        "alice@example.com",
        CustomersUpdateRequestBody.from_dict(
            {"name": "Alice", "birthdate": "1990-01-02", "address": {"city": "New York"}, "metadata": {"test": True}}
        ),
    )
    deleted = customers.delete_customer(changed.id)

    assert (changed.name, changed.birthdate, changed.address.city) == ("Alice", date(1990, 1, 2), "New York")
    assert (changed.metadata, deleted) == ({"lang": "en", "test": True}, None)
    assert refused(lambda: customers.get_customer("alice@example.com"))[:2] == (404, "not_found")
    assert refused(lambda: customers.update_customer("alice@example.com", CustomersUpdateRequestBody(name="x"))) == (
        404, "not_found", "Cannot find customer with id alice@example.com",
    )  # fmt: skip


def test_many_customers(customers, result_of):
    CustomerFactory(source_id="john", name="Old", phone="1")

    in_bulk = result_of(
        customers.update_customers_in_bulk(
            [
                CustomersUpdateInBulkRequestBody(source_id="john", name="John Smith", metadata={"n": 1}),
                CustomersUpdateInBulkRequestBody(source_id="jane", birthdate=date(2022, 3, 3)),
            ]
        )
    )
    as_file = result_of(customers.import_customers_using_csv(file=b"Source_id,Name,Email\nsue,Sue,sue@example.com\n"))

    assert (in_bulk.type, in_bulk.result["done_count"], in_bulk.result["errors"]) == ("CUSTOMERS.BULK_UPDATE", 2, [])
    assert (as_file.type, as_file.result["done_count"]) == ("CUSTOMERS.IMPORT_CSV", 1)
    assert list(Customer.objects.order_by("source_id").values_list("source_id", "name", "phone")) == [
        ("jane", "", ""), ("john", "John Smith", "1"), ("sue", "Sue", ""),
    ]  # fmt: skip


def test_async_actions_are_listed(sdk, vouchers, customers):  # noqa: F811
    api = voucherify.AsyncActionsApi(sdk)
    first = vouchers.import_vouchers_using_csv(file=b"Code,Discount Type,Value\nC,PERCENT,5\n")
    second = customers.import_customers_using_csv(file=b"Source_id\nsue\n")

    newest = api.list_async_actions(limit=1)
    all_ = api.list_async_actions(end_date=datetime.now(UTC) + timedelta(days=1))

    assert ([action.id for action in newest.async_actions], newest.has_more) == ([second.async_action_id], True)
    assert [(action.id, action.type, action.status) for action in all_.async_actions] == [
        (second.async_action_id, "CUSTOMERS.IMPORT_CSV", "IN_PROGRESS"),
        (first.async_action_id, "VOUCHERS.IMPORT_CSV", "IN_PROGRESS"),
    ]
    assert refused(lambda: api.get_async_action("aa_x")) == (404, "not_found", "Cannot find async_action with id aa_x")
