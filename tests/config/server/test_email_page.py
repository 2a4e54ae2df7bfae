"""The page E-mail says how messages are sent, sends a test, and knows what the sender's domain needs."""

import pytest
from django.core import mail

from config.server.email_page import sender_domain
from config.staff.models import AuditEntry

pytestmark = pytest.mark.django_db
PAGE = "/settings/email"


@pytest.fixture
def sending(settings):
    settings.EMAIL_IS_SENT = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "smtp.example.com", 587, True
    settings.EMAIL_HOST_PASSWORD = "the secret of the mail server"
    settings.DEFAULT_FROM_EMAIL = "Mara's coffee <codes@coffee.example.com>"


def test_without_a_mail_server_it_says_what_to_set(signed_in, settings):
    settings.EMAIL_IS_SENT = False

    page = signed_in("Manager").get(PAGE).content.decode()

    assert "E-mail is not set up." in page and "EMAIL_URL=smtp+tls://" in page
    assert "Send test message" not in page


def test_it_tells_server_sender_and_what_the_domain_needs_but_no_password(signed_in, sending):
    page = signed_in("Manager").get(PAGE).content.decode()

    assert "smtp.example.com:587" in page and "STARTTLS" in page
    assert "_dmarc.coffee.example.com" in page and "SELECTOR._domainkey.coffee.example.com" in page
    assert "the secret of the mail server" not in page


def test_a_test_message_is_sent_and_recorded_without_its_address(signed_in, sending):
    answer = signed_in("Manager").post(PAGE, {"address": "mara@example.com"}, follow=True)

    assert [message.to for message in mail.outbox] == [["mara@example.com"]]
    assert "The mail server has accepted the test." in answer.content.decode()
    (entry,) = AuditEntry.objects.filter(action="email.tested")
    assert "mara" not in f"{entry.object_label} {entry.details}"


def test_what_the_mail_server_answered_stands_beside_the_address(signed_in, sending, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 9, False

    page = signed_in("Manager").post(PAGE, {"address": "mara@example.com"}).content.decode()

    assert "The test was not sent. The mail server answered:" in page
    assert not AuditEntry.objects.filter(action="email.tested").exists()


@pytest.mark.parametrize(
    ("sender", "domain"),
    [
        ("codes@example.com", "example.com"),
        ("Mara <codes@Coffee.Example.com>", "coffee.example.com"),
        ("handout@localhost", ""),
        ("handout@shop.local", ""),
        ("nonsense", ""),
    ],
)
def test_the_domain_is_that_of_the_sender(settings, sender, domain):
    settings.DEFAULT_FROM_EMAIL = sender

    assert sender_domain() == domain
