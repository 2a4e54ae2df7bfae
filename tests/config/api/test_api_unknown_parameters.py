"""A parameter that a list does not know is refused: else it would answer with everybody's rows."""

import pytest

from tests.support.api.calls import Api
from tests.support.openapi_examples import OPERATIONS, a_shop, with_real_ids

pytestmark = pytest.mark.django_db

LISTS = sorted(
    {name for name, operation in OPERATIONS.items() if operation.is_list}
    | {"list_segments_of_customer", "list_metadata_schemas"} & set(OPERATIONS)
)  # fmt: skip


@pytest.fixture
def address():
    shop = a_shop()
    return lambda name: with_real_ids(OPERATIONS[name].address(), shop)


@pytest.mark.parametrize("name", LISTS)
def test_what_a_list_does_not_know(address, name):
    caller = Api()

    for query in (
        "colour=red",
        "colour[shade]=red",
        "colour=",
        "campaing=Coffee",
        "customerId=1",
        "=red",
        "limit[a]=1",
    ):
        answer = caller.get(f"{address(name)}?{query}")
        parameter = query.partition("=")[0]
        assert answer.error[:2] == (400, "invalid_query_params"), query
        assert answer.error[3].startswith(f"{parameter}: this list has no such parameter; available: "), query


@pytest.mark.parametrize("name", LISTS)
def test_what_does_no_harm(address, name):
    caller = Api()
    plain = caller.get(address(name)).json

    for query in ("_=1732960000", "_t=7", "colour=None", "filters=None", "page=1"):
        assert caller.get(f"{address(name)}?{query}").json == plain, query


def test_the_refusal_names_what_the_list_takes():
    assert Api().get("redemptions?colour=red").error[3] == (
        "colour: this list has no such parameter; available: limit, page, order, starting_after, campaign, customer, result, "
        "voucher_code, related_object_id, related_object_parent_id, parent_redemption_id, failure_code, object, customer_id, "
        "campaign_name, user_login, created_at, filters"
    )


@pytest.mark.parametrize(
    "query", ["created_at=2026-01-01", "created_at[since]=2026-01-01", "created_at[before][0]=2026-01-01", "filters=x"]
)
def test_what_is_known_in_another_form(query):
    assert Api().get(f"redemptions?{query}").error[:2] == (400, "invalid_query_params")


def test_a_list_without_filters_refuses_them():
    assert Api().get("customers?filters[email][conditions][$is]=a").error[1] == "invalid_query_params"
