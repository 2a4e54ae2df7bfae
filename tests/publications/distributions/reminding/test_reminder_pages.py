"""The pages of reminders: chosen with the audience, reviewed with numbers, followed code by code; and the rule's form."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.segments.models import Segment
from publications.automation.models import Rule
from publications.distributions.actions.advance import advance
from publications.distributions.models import Delivery, Distribution, KeptMessage
from publications.models import PublishedVoucher
from tests.support.distributions import draft, start
from tests.support.factories import CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def stored(settings):
    settings.EMAIL_BACKEND = "publications.distributions.sending.stored_email_backend.KeepMessages"


def test_the_steps_lead_from_the_campaign_to_the_start(signed_in):
    campaign = CampaignFactory(name="Autumn Roast", codes=2)
    publication = published(VoucherFactory(campaign=campaign), CustomerFactory(name="Mara Lind"))
    operator = signed_in("Operator")
    made = draft(audience="segment", body="", subject="")
    page = f"/distributions/{made.public_id}"

    missing = operator.post(f"{page}/audience", {"audience": "holders", "held": "Spring"})
    onwards = operator.post(f"{page}/audience", {"audience": "holders", "held": "Autumn Roast"})

    assert "There is no campaign “Spring”." in missing.content.decode()
    assert onwards.url == f"{page}/message"
    editor = operator.get(f"{page}/message").content.decode()
    assert "you have not used your code yet" in editor
    assert "Not at all: codes are only published" not in editor
    assert operator.get(f"{page}/codes").url == f"{page}/audience"
    made.refresh_from_db()
    assert (made.remind, made.campaign, made.audience) == (True, campaign, "holders")

    refused = operator.post(f"{page}/message", {"message": "email", "subject": "Hi", "body": "Use it soon."})
    operator.post(
        f"{page}/message", {"message": "email", "subject": "Hi", "body": "Use {{ code }} until {{ expires }}."}
    )
    review = operator.get(f"{page}/review").content.decode()

    assert "customers would have to look for it" in refused.content.decode()
    assert "<dt>Codes to remind of</dt><dd><strong>1</strong>" in review
    assert publication.vouchers[0].code not in review
    assert "in the pool" not in review
    assert 'aria-current="step"' in review
    assert f'{page}/codes"' not in review
    operator.post(f"{page}/start")
    made.refresh_from_db()
    assert made.status == "scheduled"
    assert PublishedVoucher.objects.count() == 1


def test_the_holders_are_narrowed_to_a_segment_and_the_pages_say_so(signed_in):
    CampaignFactory(name="Autumn Roast", codes=2)
    segment = Segment.objects.create(name="Testers", type="static")
    operator, made = signed_in("Operator"), draft(audience="segment", segment=segment)
    page = f"/distributions/{made.public_id}"
    chosen = {"audience": "holders", "held": "Autumn Roast"}

    operator.post(f"{page}/audience", {**chosen, "held_by": segment.pk})
    form, review = (operator.get(f"{page}/{step}").content.decode() for step in ("audience", "review"))
    of_segment = Distribution.objects.get().segment
    operator.post(f"{page}/audience", {**chosen, "segment": segment.pk})

    assert of_segment == segment
    assert f'<option value="{segment.pk}" selected>Testers</option>' in form
    assert f'Everyone in the segment <a href="/segments/{segment.public_id}' in review
    assert Distribution.objects.get().segment is None  # the other way's choice does not count


def test_taken_back_the_choice_leaves_an_ordinary_distribution(signed_in):
    campaign, customer = CampaignFactory(codes=1), CustomerFactory()
    made = draft(campaign=campaign, audience="holders", remind=True)

    signed_in("Operator").post(
        f"/distributions/{made.public_id}/audience", {"audience": "customer", "customer": customer.source_id}
    )

    made.refresh_from_db()
    assert (made.remind, made.audience, made.customer, made.campaign) == (False, "customer", customer, campaign)


def test_the_list_of_recipients_shows_each_code_and_asks_the_database_as_often_for_many(signed_in):
    few, many = (CampaignFactory() for _ in range(2))
    published(VoucherFactory(campaign=few), CustomerFactory())
    codes = [published(VoucherFactory(campaign=many), CustomerFactory()).vouchers[0].code for _ in range(20)]
    runs = [start(draft(campaign=campaign, audience="holders", remind=True)) for campaign in (few, many)]
    for run in runs:
        advance(run.pk)
    operator = signed_in("Operator")
    pages = [f"/distributions/{run.public_id}/" for run in runs]
    operator.get(pages[0])

    counts = []
    for page in pages:
        with CaptureQueriesContext(connection) as asked:
            operator.get(page)
        counts.append(len(asked))

    assert counts[0] == counts[1]
    page = operator.get(pages[1]).content.decode()
    assert all(code in page for code in codes)
    who = Delivery.objects.filter(distribution=runs[1]).earliest("pk")
    assert who.reminds.voucher.code in operator.get(f"/customers/{who.customer.public_id}/messages").content.decode()
    history = operator.get(f"/codes/{who.reminds.voucher.public_id}/").content.decode()
    assert "is stored, not sent:" in history
    assert f'href="/distributions/{runs[1].public_id}/"' in history
    stored = KeptMessage.objects.filter(delivery=who).get()
    viewer = signed_in("Viewer").get(f"/messages/{stored.pk}/").content.decode()
    assert who.reminds.voucher.code not in viewer


def test_a_copy_of_a_reminder_is_one_and_nothing_is_said_of_codes_that_return(signed_in):
    campaign = CampaignFactory()
    published(VoucherFactory(campaign=campaign), CustomerFactory())
    run = start(draft(campaign=campaign, audience="holders", remind=True))
    operator = signed_in("Operator")

    stop = operator.get(f"/distributions/{run.public_id}/stop").content.decode()
    operator.post(f"/distributions/{run.public_id}/duplicate")

    assert "return to the pool" not in stop
    copy = Distribution.objects.latest("pk")
    assert (copy.status, copy.remind, copy.campaign) == ("draft", True, campaign)


RULE = {
    "name": "Last call",
    "trigger": "expires_soon",
    "days_before": "7",
    "at": "09:30",
    "often": "weekly",
    "limit": "",
}


def test_a_rule_is_made_that_reminds_before_the_last_day(signed_in):
    campaign = CampaignFactory(name="Autumn Roast")
    operator = signed_in("Operator")

    wrong = operator.post("/automations/new", {**RULE, "days_before": "", "at": ""})
    made = operator.post("/automations/new", {**RULE, "campaign": "Autumn Roast"})

    problems = wrong.content.decode()
    assert all(text in problems for text in ("Choose a campaign.", "Enter a number of days.", "Enter a time"))
    rule = Rule.objects.select_related("distribution").get()
    assert made.url == f"/automations/{rule.distribution.public_id}/message"
    assert (rule.campaign, rule.days_before, rule.cron) == (campaign, 7, "30 9 * * *")
    assert (rule.distribution.remind, rule.distribution.campaign) == (True, campaign)
    page = f"/automations/{rule.distribution.public_id}"
    assert operator.get(f"{page}/codes").url == f"{page}/rule"
    operator.post(f"{page}/message", {"message": "email", "subject": "Soon", "body": "{{ code }} until {{ expires }}"})
    operator.post(f"{page}/activate")
    shown = operator.get(f"{page}/").content.decode()
    assert "7 days before the last day of an unused code of Autumn Roast" in shown
    rule.refresh_from_db()
    assert rule.next_run_at > timezone.now()
    assert rule.distribution.__class__.objects.get(pk=rule.pk).status == "active"


def test_another_trigger_makes_it_an_ordinary_one_and_back(signed_in):
    campaign = CampaignFactory(name="Autumn Roast")
    operator = signed_in("Operator")
    operator.post("/automations/new", {**RULE, "campaign": "Autumn Roast"})
    run = Distribution.objects.get()
    page = f"/automations/{run.public_id}/rule"

    operator.post(page, {**RULE, "trigger": "code_published", "campaign": ""})
    run.refresh_from_db()
    assert (run.remind, run.campaign, run.rule.cron, run.rule.days_before) == (False, None, "", None)

    operator.post(page, {**RULE, "campaign": "Autumn Roast"})
    run = Distribution.objects.get()
    assert (run.remind, run.campaign, run.rule.days_before) == (True, campaign, 7)
