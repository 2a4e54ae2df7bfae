"""/v1/async-actions: the work itself, whoever ordered it (docs/adr/0013)."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.actions.delete_campaign import delete_campaign
from campaigns.codes.actions.extend_pool import order_codes
from campaigns.codes.models import CodeImport, CodeOrder
from campaigns.models import CampaignDeletion
from config.actor import SYSTEM
from config.public_ids import ASYNC_ACTION, action_id, action_of, public_id
from customers.models import CustomerImport
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CampaignFactory
from tests.support.imports import queued_codes, queued_customers

pytestmark = pytest.mark.django_db

MODELS = [CodeOrder, CodeImport, CustomerImport, CampaignDeletion]


def one_of_each():
    """An order, an import of codes and of customers, and a deletion, in this order."""
    campaign = CampaignFactory(name="Coffee")
    works = [
        order_codes(campaign, count=5, by=STAFF),
        queued_codes("Code\nA\n", campaign),
        queued_customers("Source ID\nA\n"),
        delete_campaign(campaign, force=True, by=STAFF),
    ]
    for ago, work in enumerate(reversed(works)):
        made = datetime(2026, 3, 1, 12, tzinfo=UTC) - timedelta(hours=ago)
        type(work).objects.filter(pk=work.pk).update(created_at=made)
    return works


def test_ids_say_what_kind_of_work_it_is():
    ids = {action_id(model.action_kind, 7) for model in MODELS}

    assert len(ids) == 4
    assert {action_of(action) for action in ids} == {(model.action_kind, 7) for model in MODELS}
    assert action_of(action_id(4, 2**58)) == (4, 2**58)
    assert [action_of(text) for text in ("", "aa_x", public_id("camp", 7), "x" * 5000)] == [None] * 4


def test_the_list_is_newest_first_whatever_the_kind():
    order, codes, customers, deletion = one_of_each()

    answer = Api("read").get("async-actions")

    assert answer.json == {
        "object": "list",
        "data_ref": "async_actions",
        "async_actions": [
            {
                "id": work.public_id,
                "type": type_,
                "status": "IN_PROGRESS",
                "operation_status": "UNKNOWN",
                "created_at": f"2026-03-01T{hour:02}:00:00.000Z",
                "updated_at": f"2026-03-01T{hour:02}:00:00.000Z",
                "processing_time": 0,
                "progress": 0,
                "object": "async_action",
            }
            for work, type_, hour in [
                (deletion, "CAMPAIGN.VOUCHERS_DELETE", 12),
                (customers, "CUSTOMERS.IMPORT_CSV", 11),
                (codes, "CAMPAIGN.VOUCHERS_IMPORT_CSV", 10),
                (order, "CAMPAIGN.VOUCHERS_GENERATE", 9),
            ]
        ],
        "has_more": False,
    }


def test_it_is_read_on_by_time():
    order, codes, customers, deletion = one_of_each()
    reader = Api("read")

    first = reader.get("async-actions?limit=3").json
    second = reader.get("async-actions", limit=3, end_date=first["async_actions"][-1]["created_at"]).json

    assert ([row["id"] for row in first["async_actions"]], first["has_more"]) == (
        [deletion.public_id, customers.public_id, codes.public_id],
        True,
    )
    assert ([row["id"] for row in second["async_actions"]], second["has_more"]) == ([order.public_id], False)


def test_drafts_and_what_the_server_orders_for_itself_are_left_out():
    draft = queued_codes("Code\nA\n")
    CodeImport.objects.update(status="draft")
    reserve = order_codes(CampaignFactory(), count=5, by=SYSTEM)
    reader = Api("read")

    assert reader.get("async-actions").json["async_actions"] == []
    assert reader.get(f"async-actions/{draft.public_id}").error == (
        404, "not_found", "Resource not found", f"Cannot find async_action with id {draft.public_id}",
    )  # fmt: skip
    assert reader.get(f"async-actions/{reserve.public_id}").json["type"] == "CAMPAIGN.VOUCHERS_GENERATE"


@pytest.mark.parametrize("id_", ["aa_x", "camp_x", "7"])
def test_an_id_of_nothing(id_):
    answer = Api("read").get(f"async-actions/{id_}")

    assert answer.error == (404, "not_found", "Resource not found", f"Cannot find async_action with id {id_}")
    assert (answer.json["resource_id"], answer.json["resource_type"]) == (id_, "async_action")


def test_a_kind_that_there_is_not():
    id_ = public_id(ASYNC_ACTION, 9)

    assert Api("read").get(f"async-actions/{id_}").error[:2] == (404, "not_found")


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("queued", ("IN_PROGRESS", "UNKNOWN", 0, 0, "2026-03-01T12:00:00.000Z")),
        ("running", ("IN_PROGRESS", "UNKNOWN", 40, 0, "2026-03-01T12:00:01.000Z")),
        ("done", ("DONE", "SUCCESS", 100, 1500, "2026-03-01T12:00:02.500Z")),
        ("failed", ("FAILED", "FAILED", 40, 1500, "2026-03-01T12:00:02.500Z")),
    ],
)
def test_how_far_it_is(status, wanted):
    order = order_codes(CampaignFactory(), count=5, by=STAFF)
    made = datetime(2026, 3, 1, 12, tzinfo=UTC)
    started, finished = made + timedelta(seconds=1), made + timedelta(seconds=2.5)
    CodeOrder.objects.update(
        status=status, done=0 if status == "queued" else 2, created_at=made,
        started_at=None if status == "queued" else started,
        finished_at=finished if status in ("done", "failed") else None,
    )  # fmt: skip

    action = Api("read").get(f"async-actions/{order.public_id}").json

    names = ["status", "operation_status", "progress", "processing_time", "updated_at"]
    assert tuple(action[name] for name in names) == wanted
    assert (action["result"] is None) == (status in ("queued", "running"))


@pytest.mark.parametrize(
    ("query", "details"),
    [
        ("limit=0", "limit: must be at least 1"),
        ("limit=101", "limit: must be at most 100"),
        ("end_date=x", "end_date: must be an ISO 8601 time such as 2026-03-01T12:00:00Z; this is 'x'"),
    ],
)
def test_a_query_that_cannot_be_used(query, details):
    assert Api("read").get(f"async-actions?{query}").error == (
        400,
        "invalid_query_params",
        "Invalid query params",
        details,
    )


@pytest.mark.parametrize("rows", [1, 50])
def test_the_number_of_queries_does_not_grow_with_the_rows(django_assert_num_queries, rows):
    campaign = CampaignFactory()
    for _ in range(rows):
        order_codes(campaign, count=1, by=STAFF)
    reader = Api("read")
    reader.get("async-actions")

    # the key, and the newest of each of the six kinds
    with django_assert_num_queries(7):
        assert len(reader.get("async-actions?limit=100").json["async_actions"]) == rows
