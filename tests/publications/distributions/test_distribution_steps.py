"""A draft is filled in step by step, each at an address of its own; it can be left and found again at any of them."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from config.staff.models import AuditEntry
from customers.segments.models import Segment
from publications.distributions.actions.change_draft import NoDraft, change_draft
from publications.distributions.actions.create_draft import create_draft
from publications.distributions.actions.discard_draft import discard_draft
from publications.distributions.models import Distribution
from tests.support.distributions import draft, put_all_into, running
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory
from tests.support.webhooks import listening

pytestmark = pytest.mark.django_db
STEPS = ("audience", "codes", "message", "when", "review")
WRITTEN = {"message": "email", "subject": "For {{ customer.name }}", "body": "Your code: {{ code }}"}


@pytest.fixture
def operator(signed_in):
    return signed_in("Operator")


def page(made: Distribution, step: str = "") -> str:
    return f"/distributions/{made.public_id}/{step}"


def errors(answer) -> dict:
    return {field: list(told) for field, told in answer.context["form"].errors.items()}


def done(answer) -> list[str]:
    return [step["name"] for step in answer.context["steps"] if step["done"]]


def test_from_the_name_to_the_review(operator):
    segment = Segment.objects.create(name="Testers", type="static")
    campaign = CampaignFactory(name="Autumn", codes=1)

    answer = operator.post("/distributions/new", {"name": "  Black   Friday "})
    made = Distribution.objects.get()
    visited = [answer.url]
    for fields in (
        {"audience": "segment", "segment": segment.pk},
        {"gives": "codes", "campaign": "Autumn", "codes_each": "2", "skip_holders": "on"},
        WRITTEN,
        {"when": "now"},
    ):
        visited.append(operator.post(visited[-1], fields).url)

    assert visited == [page(made, step) for step in STEPS]
    made.refresh_from_db()
    assert (made.name, made.status, made.kind, made.actor_id) == ("Black Friday", "draft", "manual", operator.user.pk)
    assert (made.segment, made.campaign, made.codes_each, made.starts_at) == (segment, campaign, 2, None)
    assert (made.subject, made.body) == (WRITTEN["subject"], WRITTEN["body"])
    assert done(operator.get(page(made, "review"))) == ["audience", "codes", "message", "when"]
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == [
        "distribution.created",
        *["distribution.changed"] * 3,  # "now" is what it was
    ]


def test_send_to_many_from_a_campaign_or_a_segment_has_it_chosen_already(operator, signed_in):
    campaign = CampaignFactory(name="Autumn", codes=1)
    segment = Segment.objects.create(name="Testers", type="static")
    of_campaign, of_segment = f"/distributions/new?campaign={campaign.public_id}", f"?segment={segment.public_id}"

    assert f'href="{of_campaign}"' in operator.get(f"/campaigns/{campaign.public_id}/").content.decode()
    assert of_segment in operator.get(f"/segments/{segment.public_id}/").content.decode()
    offered = operator.get(of_campaign)
    assert offered.context["form"].initial["name"] == campaign and "Sends codes of Autumn." in offered.content.decode()
    first = operator.post(of_campaign, {"name": "One"}).url
    second = operator.post(f"/distributions/new{of_segment}", {"name": "Two"}).url

    one, two = Distribution.objects.get(name="One"), Distribution.objects.get(name="Two")
    assert (one.campaign, one.segment, first) == (campaign, None, page(one, "audience"))
    assert (two.campaign, two.segment, second) == (None, segment, page(two, "codes"))
    viewer = signed_in("Viewer")
    for address in (f"/campaigns/{campaign.public_id}/", f"/segments/{segment.public_id}/"):
        assert "/distributions/new" not in viewer.get(address).content.decode()


@pytest.mark.parametrize("asked", ["campaign=camp_nothing", "campaign=1", "segment=%00", "segment=camp_x"])
def test_what_leads_to_no_campaign_and_no_segment_is_not_found(operator, asked):
    assert operator.get(f"/distributions/new?{asked}").status_code == 404


def test_codes_of_a_single_code_are_not_sent_to_many(operator):
    campaign = CampaignFactory(codes=1, standalone=True)

    assert operator.get(f"/distributions/new?campaign={campaign.public_id}").status_code == 404
    assert "/distributions/new" not in operator.get(f"/campaigns/{campaign.public_id}/").content.decode()


def test_a_draft_that_was_left_is_found_again_at_the_step_that_is_missing(operator):
    made = create_draft("Left", by=STAFF)
    segment = Segment.objects.create(name="Testers", type="static")

    answer = operator.post(page(made, "audience"), {"audience": "segment", "segment": segment.pk, "leave": ""})

    assert answer.url == "/distributions/"
    assert f'href="{page(made, "codes")}"' in operator.get(page(made)).content.decode()


def test_a_pasted_list_is_matched_and_its_unknown_lines_are_shown(operator):
    made, ada = create_draft("List", by=STAFF), CustomerFactory(email="ada@example.com", source_id="shop-1")

    answer = operator.post(
        page(made, "audience"), {"audience": "list", "recipients": "ADA@example.com\nnobody@example.com\nshop-1"}
    )

    assert answer.url == page(made, "audience")  # to look at what is unknown
    assert [(row.line, row.given, row.customer) for row in made.listed.all()] == [
        (1, "ADA@example.com", ada), (2, "nobody@example.com", None), (3, "shop-1", ada),
    ]  # fmt: skip
    shown = operator.get(page(made, "audience")).content.decode()
    assert "The list has 3 lines; 1 matches no customer’s address or source ID" in shown
    assert "<code>nobody@example.com</code>" in shown


def test_a_list_that_is_known_leads_on_and_stays_when_the_step_is_saved_again(operator):
    made = create_draft("List", by=STAFF)
    CustomerFactory(email="ada@example.com")
    file = SimpleUploadedFile("list.csv", "\ufeffE-mail;Name\r\nada@example.com;Ada\r\n".encode())

    first = operator.post(page(made, "audience"), {"audience": "list", "file": file})
    again = operator.post(page(made, "audience"), {"audience": "list", "create_unknown": "on"})

    assert (first.url, again.url) == (page(made, "codes"), page(made, "codes"))
    made.refresh_from_db()
    assert (made.audience, made.create_unknown) == ("list", True)
    assert [row.given for row in made.listed.all()] == ["ada@example.com"]


def test_one_customer_by_any_of_their_ids(operator):
    made, ada = create_draft("One", by=STAFF), CustomerFactory(name="Ada Adler", email="ada@example.com")

    for typed in (ada.source_id, ada.public_id, "ada@example.com", "Adler"):
        change_draft(Distribution.objects.get(), by=STAFF, audience="segment", customer_id=None)
        operator.post(page(made, "audience"), {"audience": "customer", "customer": typed})
        made.refresh_from_db()
        assert (made.audience, made.customer) == ("customer", ada), typed


@pytest.mark.parametrize(
    ("step", "fields", "told"),
    [
        ("audience", {"audience": "segment"}, {"segment": ["Choose a segment."]}),
        ("audience", {"audience": "customer"}, {"customer": ["Choose a customer."]}),
        ("audience", {"audience": "customer", "customer": "zoe"}, {"customer": ["There is no customer “zoe”."]}),
        ("audience", {"audience": "list"}, {"recipients": ["Paste a list, or choose a file."]}),
        ("audience", {"audience": "trigger"}, {"audience": ["Select a valid choice. trigger is not one of the available choices."]}),
        ("codes", {"gives": "codes"}, {"campaign": ["Choose a campaign."]}),
        ("codes", {"gives": "codes", "campaign": "Nope"}, {"campaign": ["There is no campaign “Nope”."]}),
        ("codes", {"gives": "codes", "campaign": "Once", "codes_each": "2"}, {"codes_each": ["This campaign gives each customer one code."]}),
        ("codes", {"gives": "codes", "campaign": "Once", "codes_each": "21"}, {"codes_each": ["Ensure this value is less than or equal to 20."]}),
        ("message", {"message": "email"}, {"subject": ["Write a subject."], "body": ["Write a text."]}),
        ("message", {"message": "webhook"}, {"webhook": ["Choose a webhook. A Manager can add one in the settings."]}),
        ("when", {"when": "later"}, {"starts_at": ["Enter a date and time."]}),
        ("when", {"when": "later", "starts_at": "9999-12-31T23:59"}, {"starts_at": ["Choose a time within the next five years."]}),
        ("when", {"when": "later", "starts_at": "2020-01-01T10:00"}, {"starts_at": ["This time has passed. Choose a later one."]}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_saved(operator, step, fields, told):
    CampaignFactory(name="Once", join_once=True)
    made = create_draft("Wrong", by=STAFF)

    answer = operator.post(page(made, step), fields)

    assert errors(answer) == told
    assert AuditEntry.objects.exclude(action="distribution.created").count() == 0


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("body", "Hello,\n{{ customer.nmae }}", "Line 2: {{ customer.nmae }} is not a variable."),
        ("subject", "{{ code", "Line 1: “{{ code” is not a complete variable."),
    ],
)
def test_an_unknown_variable_is_refused_and_named(operator, field, text, told):
    made = draft(codes=1)

    answer = operator.post(page(made, "message"), {**WRITTEN, field: text})

    (problem,) = errors(answer)[field]
    assert problem.startswith(told)


def test_a_message_without_a_code_has_no_variables_of_codes_and_cannot_be_left_out(operator):
    made = create_draft("Plain", by=STAFF)

    answer = operator.post(page(made, "message"), {"message": "none"})

    assert "message" in errors(answer)
    assert "{{ codes }}" not in answer.content.decode()
    (problem,) = errors(operator.post(page(made, "message"), WRITTEN))["body"]
    assert problem == "Line 1: {{ code }} can only be used in a message with a code."


def test_a_webhook_takes_the_place_of_the_text_which_is_kept(operator):
    made, address = draft(codes=1), listening()

    operator.post(page(made, "message"), {"message": "webhook", "webhook": address.pk, "subject": "S", "body": "B"})

    made.refresh_from_db()
    assert (made.message, made.webhook, made.subject) == ("webhook", address, "S")


def test_a_date_is_in_the_project_s_time_zone(operator, project):
    project(time_zone="Asia/Tokyo")
    made, day = create_draft("Later", by=STAFF), (timezone.now() + timedelta(days=3)).date()

    operator.post(page(made, "when"), {"when": "later", "starts_at": f"{day}T09:30"})

    made.refresh_from_db()
    assert made.starts_at.isoformat() == f"{day}T00:30:00+00:00"
    assert f'value="{day}T09:30"' in operator.get(page(made, "when")).content.decode()


@pytest.mark.parametrize("as_htmx", [True, False])
def test_the_sample_shows_what_is_being_written_and_saves_nothing(operator, as_htmx):
    made = draft([CustomerFactory(name="Ada Adler")], codes=1)
    headers = {"HX-Request": "true", "HX-Target": "sample"} if as_htmx else {}
    fields = {**WRITTEN, "subject": "Dear {{ customer.first_name }}"} | ({} if as_htmx else {"sample": ""})

    answer = operator.post(page(made, "message"), fields, headers=headers)

    shown = answer.content.decode()
    assert "<strong>Dear Ada</strong>" in shown
    assert ("<html" in shown) is not as_htmx
    made.refresh_from_db()
    assert made.subject == "A gift for {{ customer.name }}"


def test_the_sample_says_what_is_wrong(operator):
    made = draft(1, codes=1)

    answer = operator.post(
        page(made, "message"), {**WRITTEN, "body": "{{ cod }}"}, headers={"HX-Request": "true", "HX-Target": "sample"}
    )

    assert "In the text: Line 1: {{ cod }} is not a variable." in answer.content.decode()


@pytest.mark.parametrize("step", STEPS)
def test_what_runs_has_no_steps_any_more(operator, step):
    made = running(1)

    answer = operator.get(page(made, step))

    assert answer.url == page(made)


def test_a_form_that_was_open_while_it_was_started_changes_nothing():
    made = draft(1, codes=1)
    opened = Distribution.objects.get(pk=made.pk)
    put_all_into("running")

    with pytest.raises(NoDraft):
        change_draft(opened, by=STAFF, codes_each=5)
    with pytest.raises(NoDraft):
        discard_draft(opened, by=STAFF)

    made.refresh_from_db()
    assert (made.codes_each, made.listed.count()) == (1, 1)


def test_a_draft_is_renamed_and_thrown_away(operator):
    made = draft(2, codes=1)

    operator.post(page(made, "name"), {"name": "Another name"})
    made.refresh_from_db()
    operator.post(page(made, "discard"))

    assert made.name == "Another name"
    assert Distribution.objects.count() == 0
    assert AuditEntry.objects.latest("pk").action == "distribution.discarded"


def test_customers_are_suggested_by_the_beginning_of_their_name(operator):
    CustomerFactory(name="Ada Adler", email="ada@example.com", source_id="shop-7")
    CustomerFactory(name="Ben Baker", erased_at=None)

    shown = operator.get("/distributions/customers?q=ad").content.decode()

    assert 'data-value="shop-7"' in shown and "Ben" not in shown
    assert "data-value" not in operator.get("/distributions/customers?q=").content.decode()


def test_without_an_undo_window_it_starts_at_once(operator, project):
    project(undo_minutes=0)

    shown = operator.get(page(draft(1, codes=1), "when")).content.decode()

    assert "As soon as you start it" in shown and "0 minutes" not in shown


def test_an_email_that_was_given_up_half_written_holds_up_nothing(operator):
    made = draft(1, codes=1)
    half_written = {"subject": "For {{ nobody }}", "body": "{{ code"}

    refused = operator.post(page(made, "message"), {"message": "email", **half_written})
    given_up = operator.post(page(made, "message"), {"message": "none", **half_written})

    assert set(errors(refused)) == {"subject", "body"}
    assert given_up.url == page(made, "when")
    made.refresh_from_db()
    assert (made.message, made.body) == ("none", "{{ code")
