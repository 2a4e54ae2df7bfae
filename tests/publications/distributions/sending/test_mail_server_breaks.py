"""A mail server breaks at each point of the exchange: only after the dot that ends a message does nobody know of it."""

import re
import shutil
import ssl
import subprocess

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from publications.distributions.actions.advance import advance
from publications.distributions.actions.unsubscribe import unsubscribe_url
from publications.distributions.models import Delivery, Distribution
from publications.distributions.sending.speak_smtp import SmtpBackend
from tests.support.distributions import running
from tests.support.factories import CustomerFactory
from tests.support.mail_server import MailServer

pytestmark = pytest.mark.django_db
LONG = (
    "Your code: {{ code }}\n" + "A line of a long message.\n" * 100_000
)  # more than the buffers between client and server hold


@pytest.fixture(params=["", "starttls", "tls"])
def any_server(request, settings, monkeypatch):
    """In clear, and by both kinds of TLS, whose connections tell in other ways that there is nothing to read."""
    tls = None
    if request.param:
        certificate, key = request.getfixturevalue("certificate")
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        trust = ssl.create_default_context(cafile=certificate)
        monkeypatch.setattr(SmtpBackend, "ssl_context", trust)
        settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = request.param == "starttls", request.param == "tls"
    yield from _server(settings, MailServer(tls=tls, starttls=request.param == "starttls"))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Of localhost, signed by itself: (certificate, key)."""
    if not shutil.which("openssl"):
        pytest.skip("openssl, which makes the certificate of this test, is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    made = (folder / "certificate.pem", folder / "key.pem")
    options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    files = ["-out", made[0], "-keyout", made[1], "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(["openssl", "req", *options, *files], check=True, capture_output=True)
    return made


@pytest.fixture
def server(settings):
    yield from _server(settings, MailServer())


def _server(settings, made):
    with made as started:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "localhost", started.port, 2
        settings.SITE_URL = "https://handout.example.com"
        yield started


def states() -> set[str]:
    return set(Delivery.objects.values_list("state", flat=True))


@pytest.mark.parametrize("point", ["banner", "MAIL", "RCPT", "DATA", "body"])
def test_what_breaks_before_the_dot_has_certainly_not_arrived(any_server, point):
    server = any_server
    run = running(3, codes=3, body=LONG if point == "body" else "Your code: {{ code }}")
    server.breaks_at = point

    advance(run.pk)

    run.refresh_from_db()
    assert (run.status, run.rests, states()) == ("running", 1, {"published"})
    # The first may be the cause, where the server was ready to take messages.
    blamed = 0 if point == "banner" else 1
    assert sum(delivery.attempts for delivery in Delivery.objects.all()) == blamed
    server.breaks_at = ""
    Distribution.objects.update(rests_until=Now(), body="Your code: {{ code }}")
    Delivery.objects.update(next_attempt_at=None)
    advance(run.pk)
    assert (states(), len(server.messages)) == ({"sent"}, 3)


def test_one_message_at_which_the_server_always_hangs_up_holds_up_nobody(server):
    run = running([CustomerFactory(email="ada@example.com"), *CustomerFactory.create_batch(2)], codes=3)
    server.answers["ada@example.com"] = ["die early"]

    for _ in range(2):
        Distribution.objects.update(rests_until=None)
        advance(run.pk)

    stuck = Delivery.objects.get(customer__email="ada@example.com")
    assert (stuck.state, stuck.attempts, stuck.next_attempt_at > timezone.now()) == ("published", 1, True)
    assert Delivery.objects.filter(state="sent").count() == len(server.messages) == 2


def test_what_breaks_after_the_dot_is_unknown_and_is_not_sent_again(server):
    run = running(2, codes=2)
    server.breaks_at = "dot"

    advance(run.pk)
    server.breaks_at = ""
    advance(run.pk)

    assert (states(), len({message["To"] for message in server.messages}), len(server.messages)) == ({"unknown"}, 2, 2)


def test_only_the_answer_to_the_message_itself_is_waited_for_longer(server, settings):
    settings.EMAIL_TIMEOUT, settings.EMAIL_ANSWER_TIMEOUT = 0.5, 20
    server.delay = 1.5
    run = running(2, codes=2)

    advance(run.pk)

    assert (states(), len(server.messages), server.connections) == ({"sent"}, 2, 1)


def test_a_word_before_the_end_of_the_message_is_taken_for_what_it_is(server):
    run = running(1, codes=1)
    server.in_the_middle = "552 Too much already"

    advance(run.pk)

    assert states() == {"failed"}
    assert Delivery.objects.get().detail == "552 Too much already"
    assert server.messages == []


def test_no_header_begins_with_an_empty_line(server, settings):
    settings.SITE_URL = "https://codes.a-shop-with-a-long-name.example.com"
    run = running([CustomerFactory(name="Ünï", email=f"{'a' * 60}@{'b' * 40}.example.com")], codes=1)

    advance(run.pk)

    (raw,) = server.raw
    head = raw.partition(b"\r\n\r\n")[0]
    link = unsubscribe_url(Delivery.objects.get()).encode()
    assert b"\r\nList-Unsubscribe: <" + link + b">\r\n" in head
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in head
    assert len(link) > 78
    assert not re.search(rb"(?m)^[A-Za-z-]+: *\r\n", head)
    assert max(len(line) for line in head.split(b"\r\n")) <= 998
