"""Codes that come in by a file and were used elsewhere: they are kept, and handed to nobody."""

import pytest

from campaigns.codes.models import Voucher
from tests.campaigns.codes.test_import_codes import GIFT
from tests.support.factories import CampaignFactory
from tests.support.imports import counts, imported_codes

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("heading", "row", "why"),
    [
        ("Redeemed quantity", "A,0", None),
        ("Redeemed quantity", "A,1", "used"),
        ("Redeemed quantity,Redemption limit", "A,2,5", "used"),
        ("Redeemed quantity,Redemption limit", "A,7,5", "used"),
    ],
)
@pytest.mark.parametrize("of_campaign", [True, False], ids=["of a campaign", "standalone"])
def test_a_code_that_was_used_elsewhere_does_not_come_into_the_pool(heading, row, why, of_campaign):
    more, value = ("", "") if of_campaign else (",Discount type,Value", ",PERCENT,10")

    done = imported_codes(f"Code,{heading}{more}\n{row}{value}\n", CampaignFactory() if of_campaign else None)

    assert counts(done)[1] == 1
    voucher = Voucher.objects.get()
    assert (voucher.withdrawn_why, voucher.withdrawn_at is None) == (why, why is None)


@pytest.mark.parametrize(
    ("heading", "row", "amount", "why"),
    [
        ("Gift amount", "A,20", 20, None),
        ("Gift balance", "A,7", 7, None),
        ("Gift amount,Gift balance", "A,20,20", 20, None),
        ("Gift amount,Gift balance", "A,20,7", 7, "used"),
        ("Value,Gift balance", "A,20,7", 7, "used"),
        ("Gift amount,Gift balance", "A,20,0", 0, "used"),
        ("Gift balance", "A,0", 0, "used"),
    ],
)
def test_nor_does_a_gift_card_of_which_somebody_spent_a_part(heading, row, amount, why):
    imported_codes(f"Code,{heading}\n{row}\n", CampaignFactory(**GIFT))

    voucher = Voucher.objects.get()
    assert (voucher.gift_amount, voucher.withdrawn_why) == (amount, why)
