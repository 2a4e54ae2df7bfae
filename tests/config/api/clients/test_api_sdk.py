"""The official Python SDK, unmodified, against this server (docs/api.md, "The wire contract")."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import voucherify
from voucherify.exceptions import ApiException
from voucherify.models import (
    CampaignsCreateRequestBody,
    CreatePublicationCampaign,
    Customer,
    CustomerAddress,
    CustomersCreateRequestBody,
    FilterConditionsString,
    Junction,
    ParameterCreatedBeforeAfter,
    ParameterFiltersListPublications,
    ParameterFiltersListPublicationsCampaignName,
    ParameterFiltersListPublicationsResult,
    ParameterOrderListPublications,
    ParameterOrderVouchers,
    ParameterResultListPublications,
    PublicationsCreateRequestBody,
)

from campaigns.codes.models import Voucher
from config.api.actions.create_api_key import create_api_key
from tests.support.factories import (
    STAFF,
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sdk(live_server):
    key, token = create_api_key("SDK", for_integrations=True, by=STAFF)
    configuration = voucherify.Configuration(
        host=live_server.url, api_key={"X-App-Id": str(key.app_id), "X-App-Token": token}
    )
    with voucherify.ApiClient(configuration) as client:
        yield client


@pytest.fixture
def publications(sdk):
    return voucherify.PublicationsApi(sdk)


def test_it_publishes_a_named_code(publications):
    StandaloneVoucherFactory(code="ycs2AnLT", discount_value="12.5")
    customer = CustomerFactory(source_id="12344")

    answer = publications.create_publication(
        publications_create_request_body=PublicationsCreateRequestBody(
            voucher="ycs2AnLT", customer=Customer(id=customer.public_id), metadata={"test": True}
        )
    )

    assert (answer.result, answer.channel, answer.customer_id) == ("SUCCESS", "API", customer.public_id)
    assert (answer.tracking_id, answer.metadata, answer.customer.source_id) == ("12344", {"test": True}, "12344")
    assert (answer.voucher.code, answer.voucher.discount.percent_off) == ("ycs2AnLT", 12.5)
    assert (answer.voucher.publish.count, answer.voucher.holder_id) == (1, customer.public_id)
    assert answer.created_at.tzinfo is not None


def test_it_publishes_several_codes_of_a_campaign(publications):
    campaign = CampaignFactory(name="100k-test", codes=3)

    answer = publications.create_publication(
        publications_create_request_body=PublicationsCreateRequestBody(
            campaign=CreatePublicationCampaign(name="100k-test", count=2),
            customer=Customer(email="erlich@example.com", name="Erlich Bachman"),
        )
    )

    assert answer.vouchers == [f"C{campaign.pk}-000000", f"C{campaign.pk}-000001"]
    assert answer.vouchers_id == [voucher.public_id for voucher in Voucher.objects.order_by("pk")[:2]]
    assert answer.voucher is None


def test_a_channel_of_ones_own_is_echoed(publications):
    VoucherFactory(code="NEWS-1")

    response = publications.create_publication_without_preload_content(
        publications_create_request_body=PublicationsCreateRequestBody(
            voucher="NEWS-1", customer=Customer(source_id="12344"), channel="newsletter_October"
        )
    )

    assert (response.status, json.loads(response.data)["channel"]) == (200, "newsletter_October")


def test_join_once_gives_the_same_code_twice(publications):
    CampaignFactory(name="Club", codes=2)
    body = PublicationsCreateRequestBody(
        campaign=CreatePublicationCampaign(name="Club"), customer=Customer(source_id="member-1")
    )

    first = publications.create_publication(join_once=True, publications_create_request_body=body)
    again = publications.create_publication(join_once=True, publications_create_request_body=body)

    assert first.voucher.code == again.voucher.code
    assert first.id == again.id


def test_it_publishes_by_get(publications):
    CampaignFactory(name="BlackFriday", codes=1)

    answer = publications.create_publication1(
        customer=Customer(source_id="Customer_Source_ID", name="Ada", address=CustomerAddress(city="Łódź")),
        campaign=CreatePublicationCampaign(name="BlackFriday", count=1),
        source_id="order-1",
        metadata={"shop": {"lang": "en"}},
    )

    assert (answer.source_id, answer.tracking_id) == ("order-1", "Customer_Source_ID")
    assert (answer.customer.name, answer.metadata) == ("Ada", {"shop": {"lang": "en"}})
    assert answer.voucher.campaign == "BlackFriday"


def test_it_lists_publications(publications):
    coffee, tea = CampaignFactory(name="Coffee", codes=2), CampaignFactory(name="Tea")
    customer = CustomerFactory(source_id="12344")
    published(coffee.vouchers.first(), customer, channel="newsletter_October")
    published(VoucherFactory(campaign=tea, code="TEA-1"), customer)

    page = publications.list_publications(
        limit=1, page=2, order=ParameterOrderListPublications.MINUS_CREATED_AT, customer=customer.public_id
    )
    by_filter = publications.list_publications(
        filters=ParameterFiltersListPublications(
            junction=Junction.AND,
            campaign_name=ParameterFiltersListPublicationsCampaignName(
                conditions=FilterConditionsString(var_in=["Tea", "Cocoa"], ends_with="ea", contains=None)
            ),
            result=ParameterFiltersListPublicationsResult(conditions=FilterConditionsString(var_is="SUCCESS")),
        ),
        result=ParameterResultListPublications.SUCCESS,
        is_referral_code=False,
    )

    assert page.total == 2
    assert [(row.channel, row.voucher.campaign) for row in page.publications] == [("newsletter_October", "Coffee")]
    assert [row.voucher.code for row in by_filter.publications] == ["TEA-1"]
    assert (by_filter.total, by_filter.publications[0].customer.source_id) == (1, "12344")


def test_it_lists_failures_and_several_codes(publications):
    CampaignFactory(name="Two", codes=2)
    body = PublicationsCreateRequestBody(
        campaign=CreatePublicationCampaign(name="Two", count=2), customer=Customer(source_id="12344")
    )
    publications.create_publication(publications_create_request_body=body)
    with pytest.raises(ApiException) as refused:
        publications.create_publication(publications_create_request_body=body)

    rows = publications.list_publications(voucher=None).publications

    assert (refused.value.status, json.loads(refused.value.body)["key"]) == (400, "no_voucher_suitable_for_publication")
    assert [(row.result, row.failure_code, len(row.vouchers)) for row in rows] == [
        ("FAILURE", "no_voucher_suitable_for_publication", 0),
        ("SUCCESS", None, 2),
    ]


def test_it_lists_and_gets_vouchers(sdk):
    api = voucherify.VouchersApi(sdk)
    gift = CampaignFactory(name="Gifts", kind="GIFT_VOUCHERS", discount_type=None, discount_value=None, gift_amount=55)
    first, second = (VoucherFactory(campaign=gift, code=f"GIFT/{n}", type="GIFT_VOUCHER") for n in (1, 2))
    publication = published(first)

    listed = api.list_vouchers(
        limit=1,
        campaign="Gifts",
        order=ParameterOrderVouchers.CODE,
        created_at=ParameterCreatedBeforeAfter(before=datetime.now(UTC) + timedelta(days=1)),
    )
    by_ids = api.list_vouchers(ids=[second.public_id])
    held = api.list_vouchers(customer=publication.customer.source_id)
    got = api.get_voucher("GIFT/1")

    assert (listed.total, [row.code for row in listed.vouchers]) == (2, ["GIFT/1"])
    assert [row.code for row in by_ids.vouchers] == ["GIFT/2"]
    assert [row.id for row in held.vouchers] == [first.public_id]
    assert (got.gift.amount, got.gift.balance, got.discount) == (5500, 5500, None)
    assert (got.publish.count, got.publish.url) == (1, "/v1/vouchers/GIFT%2F1/publications?page=1&limit=10")
    assert (got.redemption.quantity, got.campaign_id) == (1, gift.public_id)


def test_it_makes_and_finds_campaigns(sdk):
    api = voucherify.CampaignsApi(sdk)

    made = api.create_campaign(
        CampaignsCreateRequestBody.from_dict(
            {
                "name": "Discount Campaign 4",
                "campaign_type": "DISCOUNT_COUPONS",
                "join_once": True,
                "type": "AUTO_UPDATE",
                "start_date": "2020-08-16T00:00:00Z",
                "vouchers_count": 3,
                "voucher": {
                    "type": "DISCOUNT_VOUCHER",
                    "discount": {"percent_off": 10, "type": "PERCENT"},
                    "redemption": {"quantity": 10},
                    "code_config": {"pattern": "10OFF-#######"},
                },
                "activity_duration_after_publishing": "P24D",
                "metadata": {"region": "AMER"},
            }
        )
    )

    assert (made.vouchers_count, made.vouchers_generation_status) == (0, "IN_PROGRESS")
    assert (made.voucher.discount.percent_off, made.voucher.redemption.quantity) == (10, 10)
    assert (made.voucher.code_config.pattern, made.voucher.code_config.length) == ("10OFF-#######", 7)
    assert (made.join_once, made.type, made.metadata) == (True, "AUTO_UPDATE", {"region": "AMER"})
    assert api.get_campaign("Discount Campaign 4").id == api.get_campaign(made.id).id == made.id
    assert [campaign.id for campaign in api.list_campaigns(limit=5).campaigns] == [made.id]


def test_it_makes_and_finds_customers(sdk):
    api = voucherify.CustomersApi(sdk)

    made = api.create_customer(
        CustomersCreateRequestBody.from_dict(
            {
                "source_id": "source_123",
                "name": "Bob Smith",
                "email": "bob.smith@example.com",
                "birthdate": "1990-01-02",
                "address": {"city": "New York", "line_1": "123 Main St."},
                "metadata": {"lang": "en", "test": True},
            }
        )
    )
    listed = api.list_customers(
        limit=1, city="New York", name="bob smith", created_at_after=datetime.now(UTC) - timedelta(hours=1)
    )

    assert (made.name, made.address.city, made.birthdate.isoformat()) == ("Bob Smith", "New York", "1990-01-02")
    assert (made.summary.redemptions.total_redeemed, made.loyalty.points, made.referrals.total) == (0, 0, 0)
    assert api.get_customer("source_123").id == api.get_customer(made.id).id == made.id
    assert (listed.total, listed.has_more, listed.customers[0].id) == (1, False, made.id)
    assert api.list_customers(starting_after=made.created_at).customers == []
