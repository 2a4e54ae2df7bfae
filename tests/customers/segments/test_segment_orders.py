"""Segments of customers by what their orders came to."""

import pytest

from customers.models import Customer
from customers.segments.pages.condition_forms import in_words
from customers.segments.segment_filter import InvalidSegmentFilter, read_segment_filter
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.actions.roll_back import roll_back
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CustomerFactory, StandaloneVoucherFactory

pytestmark = pytest.mark.django_db
FIELD = "summary.orders.total_amount"


@pytest.fixture
def people():
    for name, amounts in (("none", []), ("small", [500]), ("large", [500, 9_500])):
        customer = CustomerFactory(name=name)
        for amount in amounts:
            redeem(StandaloneVoucherFactory(), customer=customer, order={"amount": amount}, by=STAFF)
    undone = redeem(StandaloneVoucherFactory(), customer=customer, order={"amount": 50_000}, by=STAFF)
    roll_back(undone, by=STAFF)


@pytest.mark.parametrize(
    ("op", "values", "wanted"),
    [
        ("$more_than", [0], {"small", "large"}),
        ("$more_than_equal", ["10000"], {"large"}),
        ("$more_than", [10_000], set()),
        ("$less_than", [500.5], {"none", "small"}),
        ("$is", [0, 500], {"none", "small"}),
        ("$is_not", [500], {"none", "large"}),
    ],
)
def test_a_segment_by_the_sum_of_orders(people, op, values, wanted):
    sent = {FIELD: {"conditions": {op: values}}}

    assert set(Customer.objects.filter(read_segment_filter(sent)).values_list("name", flat=True)) == wanted
    assert in_words(sent)[0].startswith("Total of paid orders, in cents ")


def test_it_is_made_by_the_api_and_read(people):
    caller = Api()
    made = caller.post(
        "segments",
        {"name": "Good customers", "type": "passive", "filter": {FIELD: {"conditions": {"$more_than": [9_999]}}}},
    )

    assert made.status == 200, made.json
    listed = caller.get(f"customers?segment_id={made.json['id']}").json
    assert [customer["name"] for customer in listed["customers"]] == ["large"]
    assert listed["customers"][0]["summary"]["orders"]["total_amount"] == 10_000


def test_a_value_that_is_no_number_says_so():
    with pytest.raises(InvalidSegmentFilter, match=r"total_amount.conditions.\$is: must be a number"):
        read_segment_filter({FIELD: {"conditions": {"$is": ["much"]}}})
