"""The pages of segments: conditions put together without scripts, lists pasted and uploaded, who is in one."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict

from customers.segments.actions.create_segment import create_filter_segment, create_static_segment
from customers.segments.models import Segment
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db
LIST = "/segments/"


@pytest.fixture
def operator(signed_in):
    return signed_in("Operator")


def page_of(segment):
    return f"{LIST}{segment.public_id}/"


def rows(*conditions, **more):
    """The form with these rows: (field, which, operator, value)."""
    parts = dict(zip(("field", "which", "op", "value"), zip(*conditions, strict=True), strict=True))
    return {f"condition_{part}": list(values) for part, values in parts.items()} | {"junction": "and", **more}


def static(*customers):
    return create_static_segment("Testers", [customer.public_id for customer in customers], by=STAFF)


def test_a_segment_is_made_of_conditions(operator):
    campaign = CampaignFactory(name="Spring")
    sent = rows(
        ("address.city", "", "$is", 'Kyiv, "Lviv, old town"'),
        ("metadata", "tier", "$is_not", "bronze"),
        ("birthdate", "", "$has_value", "left over"),
        ("events", "order", "$more_than", "2"),
        ("publications", "Spring", "$is", "0"),
        name="Hoped for",
    )

    answer = operator.post(f"{LIST}new", sent)

    segment = Segment.objects.get()
    assert answer.url == page_of(segment)
    assert (segment.name, segment.type) == ("Hoped for", "auto-update")
    assert segment.filter == {
        "junction": "and",
        "address.city": {"conditions": {"$is": ["Kyiv", "Lviv, old town"]}},
        "metadata.tier": {"conditions": {"$is_not": ["bronze"]}},
        "birthdate": {"conditions": {"$has_value": ""}},
        "events.order.count": {"conditions": {"$more_than": ["2"]}},
        f"publications.{campaign.public_id}.count": {"conditions": {"$is": ["0"]}},
    }


def test_the_form_of_a_segment_holds_what_was_saved(operator):
    campaign = CampaignFactory(name="Spring")
    stored = {
        "junction": "or",
        "name": {"conditions": {"$contains": ["Ada", "B, C"]}},
        f"redemptions.{campaign.public_id}.count": {"conditions": {"$more_than": [1]}},
    }
    segment = create_filter_segment("Some", stored, by=STAFF)

    conditions = operator.get(f"{page_of(segment)}edit").context["conditions"]

    assert conditions.junction == "or"
    assert [(row.field, row.which, row.op, row.value) for row in conditions.rows] == [
        ("name", "", "$contains", 'Ada, "B, C"'),
        ("redemptions", "Spring", "$more_than", "1"),
    ]
    operator.post(f"{page_of(segment)}edit", rows(*_of(conditions), name="Some", junction="or"))
    segment.refresh_from_db()
    assert segment.filter[f"redemptions.{campaign.public_id}.count"] == {"conditions": {"$more_than": ["1"]}}


def _of(conditions):
    return [(row.field, row.which, row.op, row.value) for row in conditions.rows]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("name", "", "$is", ""), "Enter a value."),
        (("metadata", "", "$is", "gold"), "Enter a key."),
        (("publications", "Autumn", "$more_than", "0"), "There is no campaign “Autumn”."),
        (("created_at", "", "$before", "yesterday"), "must be an ISO 8601 time"),
        (("events", "order", "$more_than", "many"), "must be a whole number"),
    ],
)
def test_a_row_that_says_nothing_is_told_so_and_nothing_is_saved(operator, row, told):
    answer = operator.post(f"{LIST}new", rows(row, name="X"))

    assert told in answer.context["conditions"].rows[0].error
    assert Segment.objects.count() == 0


def test_two_rows_that_say_the_same_thing_twice_are_refused(operator):
    answer = operator.post(f"{LIST}new", rows(("name", "", "$is", "A"), ("name", "", "$is", "B"), name="X"))

    assert "There is already a condition like this" in answer.context["conditions"].rows[1].error


def test_rows_are_added_and_removed_without_saving(operator):
    two = rows(("name", "", "$is", "A"), ("email", "", "$contains", "@"), name="X")

    added = operator.post(f"{LIST}new", two | {"add": "1"}).context["conditions"]
    removed = operator.post(f"{LIST}new", two | {"remove": "0"}).context["conditions"]

    assert [row.field for row in added.rows] == ["name", "email", "name"]
    assert [row.field for row in removed.rows] == ["email"]
    assert Segment.objects.count() == 0


def test_another_field_offers_its_operators(operator):
    sent = rows(("created_at", "", "$contains", "x"), redraw="1")

    part = operator.post(f"{LIST}new", sent, headers={"HX-Request": "true", "HX-Target": "conditions"})

    assert part.context["conditions"].rows[0].op == "$after"
    assert "is fewer days ago than" in part.content.decode()
    assert "<html" not in part.content.decode()


def test_whom_the_conditions_fit_is_counted_with_five_of_them(operator):
    for number in range(7):
        CustomerFactory(name=f"Gold {number}", metadata={"tier": "gold"})
    CustomerFactory()

    audience = operator.get(f"{LIST}count", MultiValueDict(rows(("metadata", "tier", "$is", "gold")))).context[
        "audience"
    ]

    assert (audience.count, len(audience.sample)) == (7, 5)


def test_a_segment_is_made_of_a_pasted_list_and_a_file(operator):
    ada, bob, carl = CustomerFactory(), CustomerFactory(), CustomerFactory()
    file = SimpleUploadedFile("list.csv", f"email;name\n{carl.email};Carl\n".encode())

    operator.post(f"{LIST}new-list", {"name": "Testers", "customers": f"{ada.email}\n{bob.source_id}", "file": file})

    assert set(Segment.objects.get().members.values_list("customer", flat=True)) == {ada.pk, bob.pk, carl.pk}


def test_of_a_list_with_unknown_lines_nothing_is_made_unless_they_are_left_out(operator):
    ada = CustomerFactory()
    sent = {"name": "Testers", "customers": f"{ada.email}\nnobody@example.com"}

    refused = operator.post(f"{LIST}new-list", sent)
    made_then = Segment.objects.count()
    operator.post(f"{LIST}new-list", sent | {"leave_out_unknown": "on"})

    assert "line 2 “nobody@example.com”" in refused.context["form"].errors["customers"][0]
    assert made_then == 0
    assert Segment.objects.get().members.get().customer == ada


def test_customers_are_added_one_by_one_and_taken_out(operator):
    ada, bob = CustomerFactory(), CustomerFactory()
    segment = static(ada)

    operator.post(f"{page_of(segment)}add", {"customer": bob.public_id})
    operator.post(f"{page_of(segment)}customers/{ada.public_id}/remove")
    page = operator.get(page_of(segment)).content.decode()

    assert list(segment.members.values_list("customer", flat=True)) == [bob.pk]
    assert f"{bob.name}</a>" in page
    assert f"{ada.name}</a>" not in page


def test_a_name_is_taken_once(operator):
    static()

    answer = operator.post(f"{LIST}new", rows(("name", "", "$is", "A"), name="Testers"))

    assert "There is already a segment called “Testers”" in answer.context["form"].errors["name"][0]


def test_a_segment_is_deleted_unless_something_uses_it(operator):
    segment = static()
    operator.post(f"{page_of(segment)}delete")

    assert Segment.objects.count() == 0


def test_a_viewer_looks_and_is_offered_nothing_else(signed_in):
    segment = static(CustomerFactory())

    page = signed_in("Viewer").get(page_of(segment)).content.decode()

    assert "/remove" not in page
    assert f"{page_of(segment)}edit" not in page


def test_the_page_tells_the_conditions_in_words(operator):
    campaign, customer = CampaignFactory(name="Spring"), CustomerFactory(name="Ada")
    published(VoucherFactory(campaign=campaign), customer)
    conditions = {f"publications.{campaign.public_id}.count": {"conditions": {"$more_than": [0]}}}
    segment = create_filter_segment("Got spring", conditions, by=STAFF)

    answer = operator.get(page_of(segment))

    assert answer.context["conditions"] == ["Codes from campaign “Spring” is more than 0"]
    assert answer.context["audience"].count == 1
    assert "Ada" in answer.content.decode()


@pytest.mark.parametrize("count", [1, 50])
def test_the_list_and_the_members_cost_the_same_with_one_and_with_fifty(operator, django_assert_num_queries, count):
    segment = static(*CustomerFactory.create_batch(count))
    Segment.objects.bulk_create(Segment(name=f"S{n}", type="static") for n in range(count - 1))
    operator.get(LIST)

    with django_assert_num_queries(7):
        operator.get(LIST)
    with django_assert_num_queries(9):
        operator.get(page_of(segment))


@pytest.mark.parametrize("name", ["condition_which", "condition_value"])
def test_a_character_that_no_database_holds_is_passed_by(operator, name):
    CustomerFactory(metadata={"city": "Kyiv"})
    row = {"condition_field": "metadata", "condition_which": "city", "condition_op": "$is", "condition_value": "Kyiv"}

    answer = operator.get("/segments/count", row | {name: f"\x00{row[name]}"})

    assert "<strong>1</strong> customer matches now." in answer.content.decode()


@pytest.mark.parametrize(("op", "value", "shown_as"), [
    ("$before", "", "date"), ("$after", "2026-03-31", "date"), ("$after", "2026-03-31, 2026-04-30", "text"),
    ("$more_than", "30", "text"),
])  # fmt: skip
def test_a_day_is_chosen_in_a_calendar(operator, op, value, shown_as):
    row = {"condition_field": "created_at", "condition_which": "", "condition_op": op, "condition_value": value}

    shown = operator.post("/segments/new", {"name": "Days", "junction": "and", "redraw": "1", **row}).content.decode()

    assert f'<input type="{shown_as}" name="condition_value" value="{value}"' in shown
