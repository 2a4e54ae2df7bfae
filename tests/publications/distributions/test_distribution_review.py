"""The review of a draft: what would happen, the message for a chosen recipient, a test to oneself, and the start."""

from datetime import timedelta

import pytest
from django.utils import timezone

from customers.segments.models import Segment
from publications.distributions.models import Distribution, KeptMessage, Unsubscribe
from publications.models import PublishedVoucher
from tests.support.distributions import draft
from tests.support.factories import CampaignFactory, CustomerFactory, published
from tests.support.webhooks import listening

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(signed_in):
    return signed_in("Operator")


@pytest.fixture
def kept(settings):
    settings.EMAIL_BACKEND = "publications.distributions.sending.stored_email_backend.KeepMessages"


def page(made: Distribution, step: str = "review") -> str:
    return f"/distributions/{made.public_id}/{step}"


def test_it_counts_recipients_and_those_left_out_by_reason(operator):
    gone, holder = CustomerFactory(email="gone@example.com"), CustomerFactory()
    made = draft([CustomerFactory(), CustomerFactory(email=""), gone, holder], codes=3)
    published(made.campaign.vouchers.first(), holder)
    Unsubscribe.objects.create(email="gone@example.com", customer=gone)

    answer = operator.get(page(made))

    assert answer.context["problems"] == []
    assert (answer.context["dry_run"].recipients, answer.context["dry_run"].left_out) == (
        1, {"holds_a_code": 1, "no_email": 1, "unsubscribed": 1}
    )  # fmt: skip
    shown = answer.content.decode()
    assert "1 needed, 2 in the pool" in shown
    assert '<th scope="row">Unsubscribed</th><td class="num">1</td>' in shown


def test_too_few_codes_are_told(operator):
    made = draft(3, codes=1)

    shown = operator.get(page(made)).content.decode()

    assert "<strong>2 codes short.</strong> When the pool is empty, the distribution pauses" in shown


@pytest.mark.parametrize("audience", ["segment", "list", "customer"])
def test_what_is_missing_is_said_and_the_start_is_refused(operator, audience):
    made = Distribution.objects.create(name="Empty", kind="manual", audience=audience)

    shown = operator.get(page(made)).content.decode()
    answer = operator.post(page(made, "start"))

    assert "Not ready to start." in shown and "<li>Write a subject.</li>" in shown
    assert answer.url == page(made)
    made.refresh_from_db()
    assert made.status == "draft"


def test_a_segment_that_nobody_is_in(operator):
    segment = Segment.objects.create(name="Nobody", type="static")
    made = draft(audience="segment", segment=segment, codes=1)

    assert "Nobody would get anything." in operator.get(page(made)).content.decode()


def test_the_message_is_shown_for_the_first_and_for_any_chosen_recipient(operator):
    first, other, stranger = (CustomerFactory(name=name) for name in ("Ada Adler", "Ben Baker", "Zoe Zimmer"))
    made = draft([first, other], codes=2)

    by_default = operator.get(page(made)).context
    chosen = operator.get(
        page(made), {"recipient": other.source_id}, headers={"HX-Request": "true", "HX-Target": "preview"}
    )
    left_out = operator.get(page(made), {"recipient": stranger.public_id}).content.decode()
    unheard_of = operator.get(page(made), {"recipient": "nobody"}).context

    assert (by_default["shown_for"], by_default["message"].subject) == (first, "A gift for Ada Adler")
    assert "A gift for Ben Baker" in chosen.content.decode() and "<html" not in chosen.content.decode()
    assert "Zoe Zimmer would be skipped: not in the audience." in left_out
    assert unheard_of["recipient"].errors == {"recipient": ["There is no customer “nobody”."]}
    assert PublishedVoucher.objects.count() == 0  # the codes are drawn for show


def test_the_test_is_of_the_message_that_is_shown(operator):
    first, other = CustomerFactory(name="Ada Adler"), CustomerFactory(name="Ben Baker")
    made = draft([first, other], codes=2)

    part = {"HX-Request": "true", "HX-Target": "preview"}
    chosen = operator.get(page(made), {"recipient": other.public_id}, headers=part).content.decode()

    assert f'name="recipient" value="{other.public_id}" form="test-form"' in chosen
    assert '<form id="test-form"' in operator.get(page(made)).content.decode()


def test_what_a_webhook_would_be_told_of_the_chosen_recipient_is_shown(operator):
    first, other = CustomerFactory(name="Ada Adler", email=""), CustomerFactory(name="Ben Baker")
    campaign = CampaignFactory(codes=4, activity_duration="P7D")
    made = draft([first, other], campaign=campaign, codes_each=2, message="webhook", webhook=listening())

    by_default = operator.get(page(made))
    chosen = operator.get(page(made), {"recipient": other.source_id}).context["payload"]

    assert by_default.context["payload"]["customer"]["name"] == "Ada Adler"
    assert "&quot;type&quot;: &quot;distribution.message&quot;" in by_default.content.decode()
    assert (chosen["id"], chosen["customer"]["email"]) == (f"{made.public_id}.…", other.email)
    assert (chosen["publication_id"], [code["id"] for code in chosen["codes"]]) == ("pub_…", ["v_…", "v_…"])
    in_a_week = timezone.now() + timedelta(days=7)
    assert {code["expiration_date"][:13] for code in chosen["codes"]} == {f"{in_a_week:%Y-%m-%dT%H}"}
    assert PublishedVoucher.objects.count() == 0


def test_a_webhook_for_nobody_has_nothing_to_show(operator):
    nobody = Segment.objects.create(name="Nobody", type="static")
    made = draft(audience="segment", segment=nobody, codes=1, message="webhook", webhook=listening())

    assert "The audience is empty." in operator.get(page(made)).content.decode()


def test_a_large_audience_is_counted_behind_the_page(operator, monkeypatch):
    monkeypatch.setattr("publications.distributions.pages.review.LARGE", 2)
    made = draft(3, codes=1)

    at_once = operator.get(page(made)).content.decode()
    later = operator.get(f"{page(made)}?count", headers={"HX-Request": "true", "HX-Target": "dry-run"}).content.decode()
    without_scripts = operator.get(f"{page(made)}?count").content.decode()

    assert f'hx-get="{page(made)}?count" hx-trigger="load"' in at_once and "needed, 1 in the pool" not in at_once
    assert "3 needed, 1 in the pool" in later and "<html" not in later and "hx-trigger" not in later
    assert "3 needed, 1 in the pool" in without_scripts


def test_recipients_are_suggested_from_the_audience_only(operator):
    made = draft([CustomerFactory(name="Ada Adler")], codes=1)
    CustomerFactory(name="Ada Zimmer")

    shown = operator.get(page(made, "recipients"), {"q": "ada"}).content.decode()

    assert "Ada Adler" in shown and "Ada Zimmer" not in shown


def test_the_frame_of_the_html_may_hold_styles_and_nothing_else(operator):
    made = draft([CustomerFactory(name="<b>Ada</b>")], codes=1)

    answer = operator.get(page(made, "preview"))

    assert answer["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
    )
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "&lt;b&gt;Ada" in answer.content.decode()


def test_a_test_message_takes_no_code(operator, kept):
    ben = CustomerFactory(name="Ben")
    made = draft([CustomerFactory(name="Ada"), ben], codes=2)

    answer = operator.post(page(made, "test"), {"to": "me@example.com", "recipient": ben.public_id})

    assert answer.url == f"{page(made)}?recipient={ben.public_id}"
    (message,) = KeptMessage.objects.all()
    assert (message.to, message.subject) == ("me@example.com", "[Test] A gift for Ben")
    assert made.campaign.vouchers.filter(published_at=None).count() == 2


def test_a_test_without_an_address_or_of_what_is_not_written_is_not_sent(operator, kept):
    operator.post(page(draft(1, codes=1), "test"), {"to": "me"})
    operator.post(page(draft(1, codes=1, body="{{ nothing }}"), "test"), {"to": "me@example.com"})

    assert KeptMessage.objects.count() == 0


def test_the_start_opens_the_undo_window_in_which_it_can_be_cancelled(operator, project):
    project(undo_minutes=10)
    made = draft(1, codes=1)

    answer = operator.post(page(made, "start"))
    shown = operator.get(answer.url).content.decode()
    operator.post(page(made, "cancel"))

    assert answer.url == page(made, "")
    assert "Starts in 9 min 5" in shown and f'action="{page(made, "cancel")}"' in shown
    made.refresh_from_db()
    assert made.status == "cancelled"
    cancelled = operator.get(answer.url).content.decode()
    assert "Cancelled before it started" in cancelled and "<dt>Was scheduled for</dt>" in cancelled
    assert "The distribution was cancelled before it started." in cancelled and "No recipients yet" not in cancelled


def test_a_date_is_kept_until_then(operator):
    at = timezone.now() + timedelta(days=2)
    made = draft(1, codes=1, starts_at=at)

    operator.post(page(made, "start"))

    made.refresh_from_db()
    assert (made.status, made.starts_at) == ("scheduled", at)


def test_started_twice_it_is_scheduled_once(operator):
    made = draft(1, campaign=CampaignFactory(codes=1))

    operator.post(page(made, "start"))
    again = operator.post(page(made, "start"))

    assert again.url == page(made, "")
    made.refresh_from_db()
    assert made.status == "scheduled"


def test_a_variable_that_says_nothing_for_the_recipient_is_told(operator):
    ada = CustomerFactory(name="Ada", metadata={"city": "Kyiv"})
    body = "{{ code }} {{ expires }} {{ customer.metadata.city }} {{ customer.metadata.shoe }} {{expires}}"
    made = draft([ada], codes=1, body=body)

    answer = operator.get(page(made))

    assert answer.context["blanks"] == ["{{ expires }}", "{{ customer.metadata.shoe }}"]
    assert "it stays blank" in answer.content.decode()
