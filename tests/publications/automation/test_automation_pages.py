"""The pages of automatic distributions: made, looked at, activated, paused, archived, and what each did."""

from uuid import uuid4

import pytest

from config.events.note import note_event
from config.staff.models import AuditEntry
from customers.actions.upsert import upsert_customer
from customers.segments.actions.create_segment import create_static_segment
from customers.segments.actions.watch_segments import look_at_segments
from publications.distributions.actions.advance import advance
from publications.distributions.actions.change_status import hold
from publications.distributions.models import Delivery, Distribution
from publications.distributions.reasons import StatusReason
from publications.exports.actions.write_export import make_export_file
from publications.exports.models import Export
from publications.models import Publication
from tests.publications.automation.test_automation_triggers import older
from tests.support.automations import automation, pass_on, publish_all
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db
LIST = "/automations/"


@pytest.fixture
def operator(signed_in):
    return signed_in("Operator")


def page_of(distribution):
    return f"{LIST}{distribution.public_id}/"


def told(client):
    """The messages of the page that follows."""
    return [str(message) for message in client.get(LIST).context["messages"]]


def test_one_is_made_in_three_steps_and_activated(operator):
    CampaignFactory(name="Welcome gift", codes=2)
    made = operator.post(f"{LIST}new", {"name": "Welcome", "trigger": "customer_created", "limit": "1 ever"})
    draft = Distribution.objects.get()
    codes = operator.post(made.url, {"gives": "codes", "campaign": "Welcome gift", "codes_each": "1"})
    message = {"message": "email", "subject": "Hello {{ customer.first_name }}", "body": "Your code: {{ code }}"}
    page = operator.post(codes.url, message)
    operator.post(f"{page_of(draft)}activate")

    draft.refresh_from_db()
    assert (made.url, codes.url, page.url) == (f"{page_of(draft)}codes", f"{page_of(draft)}message", page_of(draft))
    assert (draft.kind, draft.status, draft.audience, draft.campaign.name) == (
        "automatic", "active", "trigger", "Welcome gift",
    )  # fmt: skip
    assert (draft.rule.trigger, draft.rule.at_most, draft.rule.per) == ("customer_created", 1, "ever")
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == [
        "distribution.created", "distribution.changed", "distribution.changed", "distribution.activated",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "field", "words"),
    [
        ({"trigger": "segment_entered"}, "segment", "Choose a segment."),
        ({"trigger": "event"}, "event_name", "Enter the event’s name."),
        ({"trigger": "schedule", "cron": "9 o'clock"}, "cron", "Write five fields"),
        ({"trigger": "code_redeemed", "campaign": "Autumn"}, "campaign", "There is no campaign “Autumn”."),
        ({"trigger": "referrer", "campaign": "Spring"}, "campaign", "“Spring” is not a referral program."),
        ({"trigger": "customer_created", "limit": "n"}, "at_most", "Enter a number."),
        ({"trigger": "customer_created", "only_without": "Autumn"}, "only_without", "There is no campaign “Autumn”."),
        (
            {"trigger": "customer_created", "only_holders_of": "Spring", "only_without": "Spring"},
            "only_without",
            "No customer can both hold",
        ),
    ],
)
def test_what_a_trigger_needs_is_asked_for(operator, sent, field, words):
    CampaignFactory(name="Spring")

    answer = operator.post(f"{LIST}new", {"name": "X", **sent})

    assert words in answer.context["form"].errors[field][0]
    assert Distribution.objects.count() == 0


def test_conditions_on_the_properties_of_an_event(operator):
    sent = {
        "name": "Big order", "trigger": "event", "event_name": "order", "junction": "and",
        "condition_field": "property", "condition_which": "total", "condition_op": "$more_than", "condition_value": "50",
    }  # fmt: skip
    added = operator.post(f"{LIST}new", sent | {"add": "1"})
    operator.post(f"{LIST}new", sent)

    draft = Distribution.objects.get()
    assert len(added.context["conditions"].rows) == 2
    assert draft.rule.event_filter == {"junction": "and", "total": {"conditions": {"$more_than": ["50"]}}}
    assert operator.get(page_of(draft)).context["properties"] == ["total is more than 50"]


def test_a_loop_is_told_and_it_stays_a_draft(operator):
    spring = CampaignFactory(name="Spring", codes=2)
    draft = automation("code_published", of=spring, campaign=spring, name="Again", active=False)

    operator.post(f"{page_of(draft)}activate")

    assert "“Again” publishes a code of Spring, which starts “Again”" in told(operator)[0]
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_an_active_one_is_not_changed(operator):
    active = automation()

    answer = operator.post(f"{page_of(active)}rule", {"name": "Other", "trigger": "customer_created"})

    assert answer.context["form"].non_field_errors() == [
        "This distribution is active, so it cannot be changed. Pause it first."
    ]


def test_it_is_paused_changed_activated_and_archived(operator):
    welcome = automation(name="Welcome")
    operator.post(f"/distributions/{welcome.public_id}/pause")
    assert told(operator) == [
        "Paused. Messages already on their way still go out. Events that occur while it is paused are ignored.",
    ]
    operator.post(f"{page_of(welcome)}rule", {"name": "Hello", "trigger": "code_redeemed", "limit": "1 day"})
    operator.post(f"{page_of(welcome)}activate")
    operator.post(f"{page_of(welcome)}archive")

    welcome.refresh_from_db()
    assert (welcome.name, welcome.rule.trigger, welcome.status) == ("Hello", "code_redeemed", "archived")
    changed = AuditEntry.objects.get(action="distribution.changed")
    assert changed.details == {"fields": ["name", "trigger", "limit per customer"]}


def test_what_handout_paused_is_resumed_or_paused_by_staff(operator):
    rule = automation()

    def buttons():
        page = operator.get(page_of(rule)).content.decode()
        return [act for act in ("activate", "pause", "resume", "archive") if f'{rule.public_id}/{act}"' in page]

    offered = [buttons()]
    hold(rule, StatusReason.POOL_EMPTY)
    offered.append(buttons())
    operator.post(f"/distributions/{rule.public_id}/resume")
    rule.refresh_from_db()
    resumed = rule.status
    hold(rule, StatusReason.POOL_EMPTY)
    operator.post(f"/distributions/{rule.public_id}/pause")
    offered.append(buttons())
    hold(rule, StatusReason.CAMPAIGN_DELETED)

    assert offered == [["pause", "archive"], ["pause", "resume", "archive"], ["activate", "archive"]]
    assert (resumed, Distribution.objects.get().status) == ("active", "paused")


@pytest.mark.parametrize("step", ["codes", "message"])
def test_who_changes_nothing_goes_back_to_its_page(operator, step):
    rule = automation(active=False)

    page = operator.get(f"{page_of(rule)}{step}").content.decode()

    assert f'<a class="btn" href="{page_of(rule)}">Cancel</a>' in page


def test_the_page_tells_for_whom_it_fired_and_why_others_were_left_out(operator):
    segment = create_static_segment("Friends", [CustomerFactory(source_id="friend").public_id], by=STAFF)
    rule = automation(only_segment=segment, name="Hello friends")
    everybody = automation(message="email", name="Hello all")
    older()
    upsert_customer({"source_id": "ada", "name": "Ada", "email": "ada@example.com"})
    upsert_customer({"source_id": "bob", "name": "Bob"})
    pass_on()
    publish_all()
    advance(everybody.pk, seconds=0.1)

    friends = operator.get(page_of(rule)).content.decode()
    all_of_them = operator.get(page_of(everybody)).content.decode()
    left_out = operator.get(page_of(everybody), {"state": "left_out"}).content.decode()

    assert friends.count("Not in the segment: Friends") == 2
    assert "Triggered 0 times, skipped 2 times." in " ".join(friends.split())
    assert "No e-mail address" in all_of_them and "Ada" in all_of_them
    assert "Bob" in left_out and "Ada" not in left_out


def test_a_message_of_unknown_fate_is_resolved(operator):
    rule = automation(message="email")
    older()
    CustomerFactory()
    pass_on()
    publish_all()
    Delivery.objects.update(state="unknown", reason="connection_lost")
    delivery = Delivery.objects.get()

    address = f"/distributions/{rule.public_id}/recipients/{delivery.pk}"
    assert f'action="{address}"' in operator.get(page_of(rule)).content.decode()
    operator.post(address, {"outcome": "sent"})

    delivery.refresh_from_db()
    assert delivery.state == "sent"


def test_a_draft_is_thrown_away(operator):
    draft = automation(active=False)

    operator.post(f"{page_of(draft)}discard")

    assert Distribution.objects.count() == 0


@pytest.mark.parametrize("count", [1, 50])
def test_the_lists_cost_the_same_with_one_and_with_fifty(operator, django_assert_num_queries, count):
    welcome = automation()
    for number in range(count - 1):
        automation(name=f"A{number}", active=False, campaign=welcome.campaign)
    older()
    CustomerFactory.create_batch(count)
    pass_on()
    publish_all()
    operator.get(LIST)

    with django_assert_num_queries(7):
        operator.get(LIST)
    with django_assert_num_queries(14):
        operator.get(page_of(welcome))


def test_its_id_leads_to_its_page_also_from_the_history(operator):
    welcome = automation()

    assert operator.get(f"/distributions/{welcome.public_id}/").url == page_of(welcome)


def test_only_holders_of_a_code_are_chosen_by_the_name_of_its_campaign(operator):
    CampaignFactory(name="Spring"), CampaignFactory(name="Autumn")
    sent = {"name": "Thanks", "trigger": "customer_created", "only_holders_of": "Spring", "only_without": "Autumn"}
    operator.post(f"{LIST}new", sent)
    draft = Distribution.objects.get()

    shown = operator.get(page_of(draft)).content.decode()
    again = operator.get(f"{page_of(draft)}rule").context["form"].initial

    assert "Holds a code of <a" in shown and "Holds no code of <a" in shown
    assert (again["only_holders_of"], again["only_without"]) == ("Spring", "Autumn")


def test_the_firings_as_a_file_filtered_as_the_page_is(signed_in):
    rule = automation("customer_created", at_most=1)
    older()
    ada = upsert_customer({"source_id": "ada", "name": "Ada", "email": "ada@example.com"})
    for _ in range(2):
        note_event("customer.created", ada.pk)
    upsert_customer({"source_id": "bob", "name": "Bob"})
    pass_on()
    publish_all()
    manager = signed_in("Manager")
    code = Publication.objects.get(customer=ada).ledger.get().voucher.code

    link = f"/exports/new?q=ada&amp;kind=firings&amp;run={rule.public_id}"
    assert link in manager.get(f"{page_of(rule)}?q=ada").content.decode()
    dialog = manager.get(link.replace("&amp;", "&"))
    manager.post("/exports/new", {**dialog.context["form"].initial, "made_for": "program", "token": uuid4()})
    export = Export.objects.get()
    make_export_file(export.pk)

    assert dialog.context["filters"] == [("Distribution", "Welcome"), ("Customer", "ada")]
    export.refresh_from_db()
    with export.file.open() as file:
        heading, *lines, end = file.read().decode().split("\r\n")
    assert heading == "Date,Customer,E-mail,Customer source ID,Sent to,Code,State,Reason,Attempts,Since"
    assert [line.split(",", 1)[1].rsplit(",", 1)[0] for line in lines] == [
        "Ada,ada@example.com,ada,,,skipped,Reached the limit: at most once,",
        "Ada,ada@example.com,ada,,,skipped,Reached the limit: at most once,",
        f"Ada,ada@example.com,ada,,{code},published,,0",
    ]
    assert end == ""


def test_while_the_members_of_the_segment_are_noted_the_page_says_so(operator):
    segment = create_static_segment("Friends", [CustomerFactory().public_id], by=STAFF)
    rule = automation("segment_entered", segment=segment)

    before = operator.get(page_of(rule)).content.decode()
    look_at_segments()
    after = operator.get(page_of(rule)).content.decode()

    assert ("Getting ready:" in before, "Getting ready:" in after) == (True, False)
