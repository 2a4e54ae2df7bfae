"""The official Python SDK validates codes and asks what a customer may redeem."""

import pytest
import voucherify
from voucherify.models import (
    ApplicableToResultList,
    Customer,
    Error,
    InapplicableToResultList,
    Order,
    ValidationsRedeemableInapplicable,
    ValidationsValidateRequestBody,
)

from tests.config.api.clients.test_api_sdk import sdk  # noqa: F401 - a fixture
from tests.support.factories import CampaignFactory, StandaloneVoucherFactory, VoucherFactory

pytestmark = pytest.mark.django_db(transaction=True)


def redeemable(code):
    return voucherify.ValidationsValidateRequestBodyRedeemablesItem(id=code, object="voucher")


def test_it_validates_a_code_for_an_order(sdk):  # noqa: F811
    VoucherFactory(code="TEN", campaign=CampaignFactory(discount_type="AMOUNT", discount_value=10))

    result = voucherify.ValidationsApi(sdk).validate_stacked_discounts(
        ValidationsValidateRequestBody(redeemables=[redeemable("TEN")], customer=None, order=Order(amount=20000))
    )

    assert (result.valid, result.inapplicable_redeemables) == (True, None)
    assert (result.order.amount, result.order.total_amount) == (20000, 19000)
    (one,) = result.redeemables
    assert isinstance(one.applicable_to, ApplicableToResultList)
    assert isinstance(one.inapplicable_to, InapplicableToResultList)
    assert (one.result.discount.type, one.result.discount.amount_off) == ("AMOUNT", 1000)


def test_it_reads_why_codes_are_inapplicable(sdk):  # noqa: F811
    StandaloneVoucherFactory(code="OFF", active=False)

    result = voucherify.ValidationsApi(sdk).validate_stacked_discounts(
        ValidationsValidateRequestBody(
            redeemables=[redeemable("OFF"), redeemable("non_existing_voucher")],
            customer=Customer(source_id="somebody"),
            order=Order(amount=1000),
        )
    )

    assert result.valid is False
    assert len(result.redeemables) == len(result.inapplicable_redeemables) == 2
    first = result.inapplicable_redeemables[0]
    assert isinstance(first, ValidationsRedeemableInapplicable)
    assert (first.status, first.id, first.object) == ("INAPPLICABLE", "OFF", "voucher")
    assert isinstance(first.result.error, Error)
    assert [one.result.error.key for one in result.inapplicable_redeemables] == ["voucher_disabled", "not_found"]
