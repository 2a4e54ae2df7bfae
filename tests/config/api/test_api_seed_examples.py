"""The two publications with which the project began: a specific code, and codes of a pool. Every field they show is answered."""

import pytest

from tests.support.api.calls import Api
from tests.support.factories import CampaignFactory, CustomerFactory, StandaloneVoucherFactory

pytestmark = pytest.mark.django_db


def test_a_specific_code_to_a_specific_customer():
    voucher = StandaloneVoucherFactory(code="ycs2AnLT", redemption_limit=1)
    customer = CustomerFactory(source_id="12344")

    answer = Api().post(
        "publications", {"voucher": "ycs2AnLT", "customer": customer.public_id, "channel": "newsletter_October"}
    )

    assert answer.status == 200
    publication = answer.json
    published_at = publication["created_at"]
    assert publication["id"].startswith("pub_")
    assert publication["object"] == "publication"
    assert publication["customer_id"] == customer.public_id
    assert publication["tracking_id"] == "12344"
    assert publication["channel"] == "newsletter_October"
    shown = {
        "code": "ycs2AnLT",
        "campaign": None,
        "category": None,
        "type": "DISCOUNT_VOUCHER",
        "discount": {"type": "PERCENT", "percent_off": 10.0},
        "gift": None,
        "start_date": None,
        "expiration_date": None,
        "validity_timeframe": None,
        "validity_day_of_week": None,
        "publish": {
            "object": "list",
            "count": 1,
            "data_ref": "entries",
            "entries": [
                {
                    "customer_id": customer.public_id,
                    "customer": "12344",
                    "channel": "newsletter_October",
                    "published_at": published_at,
                    "metadata": None,
                    "object": "publication",
                }
            ],
            "total": 1,
            "url": "/v1/vouchers/ycs2AnLT/publications?page=1&limit=10",
        },
        "redemption": {
            "object": "list",
            "quantity": 1,
            "redeemed_quantity": 0,
            "url": "/v1/vouchers/ycs2AnLT/redemptions?page=1&limit=10",
        },
        "active": True,
        "additional_info": None,
        "metadata": {},
        "is_referral_code": False,
        "updated_at": None,
    }
    assert {field: publication["voucher"][field] for field in shown} == shown
    assert Api().get("vouchers/ycs2AnLT").json == publication["voucher"]
    assert publication["vouchers_id"] == [voucher.public_id]


def test_two_codes_of_a_pool_to_a_new_customer():
    campaign = CampaignFactory(name="100k-test", codes=3)

    answer = Api().post(
        "publications",
        {
            "campaign": {"name": "100k-test", "count": 2},
            "customer": {"email": "erlich@example.com", "name": "Erlich Bachman"},
            "metadata": {"test": True, "provider": "Shop Admin"},
        },
    )

    assert answer.status == 200
    publication = answer.json
    assert publication["id"].startswith("pub_")
    assert publication["object"] == "publication"
    assert publication["created_at"].endswith("Z")
    assert publication["customer_id"].startswith("cust_")
    assert publication["channel"] == "API"
    assert publication["metadata"] == {"test": True, "provider": "Shop Admin"}
    assert publication["vouchers"] == [f"C{campaign.pk}-000000", f"C{campaign.pk}-000001"]
    assert publication["customer"]["name"] == "Erlich Bachman"
