"""Without a mail server messages are kept, so that a new user sees what would be sent; and the test message to oneself."""

from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.db.models.functions import Now

from config.staff.models import AuditEntry
from publications.distributions.actions.advance import advance
from publications.distributions.models import Delivery, KeptMessage
from publications.distributions.sending.send_test_message import NotSent, preview_message, send_test_message
from publications.distributions.sending.stored_email_backend import delete_old_messages
from publications.models import Publication
from tests.support.distributions import draft, running
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_mail_server(settings):
    settings.EMAIL_BACKEND = "publications.distributions.sending.stored_email_backend.KeepMessages"


def test_a_run_without_a_mail_server_keeps_what_it_would_send():
    run = running([CustomerFactory(name="Ada", email="ada@example.com")], codes=1)

    advance(run.pk)

    (kept,) = KeptMessage.objects.all()
    code = Publication.objects.get().ledger.get().voucher.code
    assert (kept.to, kept.subject, kept.sender) == ("ada@example.com", "A gift for Ada", "handout@localhost")
    assert kept.text.startswith(f"Your code: {code}\n\n--\n")
    assert f">{code}</strong>" in kept.html
    assert (kept.delivery, Delivery.objects.get().state) == (Delivery.objects.get(), "kept")


def test_handouts_own_messages_are_kept_too():
    EmailMessage("Hello", "Text", "a@example.com", ["b@example.com"], bcc=["c@example.com"]).send()

    kept = KeptMessage.objects.get()
    assert (kept.to, kept.text, kept.html, kept.delivery) == ("b@example.com, c@example.com", "Text", "", None)


def test_old_ones_are_deleted(project):
    project(keep_files_days=5)
    for days in (4, 6):
        EmailMessage(f"{days} days", "Text", "a@example.com", ["b@example.com"]).send()
        KeptMessage.objects.filter(subject=f"{days} days").update(created_at=Now() - timedelta(days=days))

    assert delete_old_messages() == 1
    assert KeptMessage.objects.get().subject == "4 days"


def test_a_test_message_takes_no_code():
    made = draft([CustomerFactory(name="Ada")], campaign=CampaignFactory(codes=1, code_pattern="AB-####"))

    sent = send_test_message(made, to="me@example.com", by=STAFF)

    kept = KeptMessage.objects.get()
    assert (kept.to, kept.subject) == ("me@example.com", "[Test] A gift for Ada")
    assert (kept.text, sent.subject) == (sent.text, "A gift for Ada")
    assert kept.text.startswith("Your code: AB-")
    assert "List-Unsubscribe" not in kept.headers
    assert (Publication.objects.count(), made.campaign.vouchers.filter(published_at=None).count()) == (0, 1)
    assert AuditEntry.objects.filter(action="distribution.test_kept", object_id=made.public_id).count() == 1


def test_a_test_message_that_no_server_takes_is_told(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    with pytest.raises(NotSent, match="Connection refused"):
        send_test_message(draft(1, codes=1), to="me@example.com", by=STAFF)


def test_a_preview_for_a_chosen_recipient_or_an_example():
    customer = CustomerFactory(name="Bob")

    assert preview_message(draft(1, codes=1), customer).subject == "A gift for Bob"
    assert preview_message(draft(codes=1)).subject == "A gift for Ada Example"
