"""Without a mail server nothing is called sent: messages are kept here, every page says so, and how to change that."""

import pytest

from publications.distributions.actions.advance import advance
from publications.distributions.actions.change_status import NotPossible
from publications.distributions.actions.retry_failed import send_kept
from publications.distributions.models import Delivery
from publications.distributions.queries.follow_run import follow_run
from tests.support.distributions import draft, running
from tests.support.factories import STAFF, CustomerFactory
from tests.support.mail_server import MailServer

pytestmark = pytest.mark.django_db
BANNER = "E-mail is not set up: messages are stored, not sent."


@pytest.fixture(autouse=True)
def no_mail_server(settings):
    settings.EMAIL_BACKEND = "publications.distributions.sending.stored_email_backend.KeepMessages"
    settings.EMAIL_IS_SENT = False


@pytest.fixture
def operator(signed_in):
    return signed_in("Operator")


@pytest.mark.parametrize("step", ["audience", "codes", "message", "when", "review", ""])
def test_each_step_of_a_draft_says_so(operator, step):
    made = draft(1, codes=1)

    shown = operator.get(f"/distributions/{made.public_id}/{step}").content.decode()

    assert BANNER in shown and "EMAIL_URL=smtp+tls://" in shown


def test_what_sends_no_e_mail_needs_no_mail_server(operator):
    made = draft(1, codes=1, message="none")

    assert BANNER not in operator.get(f"/distributions/{made.public_id}/codes").content.decode()


def test_the_distribution_and_the_lists_call_it_kept(operator):
    run = running([CustomerFactory(name="Ada", email="ada@example.com")], codes=1)
    advance(run.pk)
    run.refresh_from_db()

    shown = operator.get(f"/distributions/{run.public_id}/").content.decode()
    kept = operator.get(f"/distributions/{run.public_id}/?state=kept").context["table"].page

    assert BANNER in shown and BANNER in operator.get("/distributions/").content.decode()
    assert "<dt>Sent</dt><dd>0</dd>" in shown and "<dt>Stored, not sent</dt><dd>1</dd>" in shown
    assert ">Stored, not sent</span>" in shown
    assert [row.record.state for row in kept] == ["kept"]
    assert (follow_run(run).reached, follow_run(run).kept, follow_run(run).remaining) == (0, 1, 0)


def test_a_test_message_is_told_to_be_kept(operator):
    made = draft(1, codes=1)

    told = operator.post(f"/distributions/{made.public_id}/test", {"to": "me@example.com"}, follow=True)

    assert "The test was stored in the Outbox, not sent: e-mail is not set up." in told.content.decode()


def test_what_was_kept_is_sent_once_there_is_a_mail_server(operator, settings):
    run = running(2, codes=2)
    advance(run.pk)
    with pytest.raises(NotPossible, match="E-mail is still not set up"):
        send_kept(run, by=STAFF)

    with MailServer() as server:
        settings.EMAIL_IS_SENT, settings.SITE_URL = True, "https://handout.example.com"
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
        shown = operator.get(f"/distributions/{run.public_id}/").content.decode()
        assert BANNER not in shown and "2 messages were stored, not sent," in shown
        operator.post(f"/distributions/{run.public_id}/send-kept")
        advance(run.pk)

    assert len(server.messages) == 2
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    with pytest.raises(NotPossible, match="There are no stored messages"):
        send_kept(run, by=STAFF)
