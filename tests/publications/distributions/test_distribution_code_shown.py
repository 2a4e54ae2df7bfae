"""A distribution that publishes codes shows them: a message without the code does not start."""

import pytest

from publications.automation.actions.activate import activate
from publications.distributions.actions.schedule import CODE_MISSING, NotReady, schedule, what_is_missing
from publications.distributions.pages.forms import STARTER, MessageForm
from publications.distributions.sending.send_test_message import preview_with_blanks
from tests.support.automations import automation
from tests.support.distributions import draft
from tests.support.factories import STAFF, CustomerFactory

pytestmark = pytest.mark.django_db


def test_it_does_not_start():
    made = draft(1, codes=1, body="Hello {{ customer.name }}")

    with pytest.raises(NotReady) as refused:
        schedule(made, at=None, by=STAFF)

    assert refused.value.problems == [CODE_MISSING]


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Hello", "{{code}}"),
        ("Hello", "{{ codes }}"),
        ("For you: {{ code }}", "Hello"),
        ("Hello", "https://shop.example.com/?c={{ code }}"),
    ],
)
def test_the_code_may_stand_anywhere(subject, body):
    assert what_is_missing(draft(1, codes=1, subject=subject, body=body)) == []


def test_a_plain_message_needs_none():
    assert what_is_missing(draft(1, body="Hello")) == []


def test_an_automatic_one_is_not_activated():
    rule = automation(active=False, message="email")
    rule.body = "Hello"
    rule.save(update_fields=["body"])

    with pytest.raises(NotReady) as refused:
        activate(rule, by=STAFF)

    assert refused.value.problems == [CODE_MISSING]


def test_the_editor_says_so_and_starts_with_a_text_that_shows_it():
    unwritten = draft(1, codes=1, subject="", body="")
    without = MessageForm({"message": "email", "subject": "Hello", "body": "Hello"}, draft=unwritten)

    assert without.errors == {"body": [CODE_MISSING]}
    assert MessageForm(draft=unwritten).initial["body"] == STARTER
    assert "{{ code }}" in STARTER
    assert MessageForm(draft=draft(1, subject="", body="")).initial["body"] == ""


def test_a_variable_that_stays_empty_is_told():
    made = draft([CustomerFactory(name="")], codes=1, body="{{ code }} (for {{ customer.name }}, until {{ expires }})")

    assert preview_with_blanks(made)[1] == ["{{ customer.name }}", "{{ expires }}"]
