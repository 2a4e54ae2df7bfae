"""What is sent, and what counts as delivered, against a real receiver that fails on purpose."""

import hashlib
import hmac
import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from publications.webhooks.actions.deliver import deliver
from publications.webhooks.actions.send_due import REST, _claim, addresses_due, send_due
from publications.webhooks.models import WebhookAddress, WebhookDelivery
from tests.support.factories import published
from tests.support.plans import seem_empty
from tests.support.receiver import Receiver, after, answer, drip, hang_up, say_nothing
from tests.support.webhooks import a_delivery, listening, make_due, pass_on


@pytest.fixture(autouse=True)
def private_addresses_are_allowed(settings):
    settings.WEBHOOKS_MAY_BE_PRIVATE = True


def post(url: str, seconds: float = 10):
    return deliver(url, b"{}", headers={"Content-Type": "application/json"}, seconds=seconds)


@pytest.mark.django_db(transaction=True)
def test_a_publication_reaches_the_receiver_signed():
    with Receiver() as receiver:
        address = listening(f"{receiver.url}?shop=7")
        publication = published()

        pass_on()

    (got,) = receiver.got
    delivery = WebhookDelivery.objects.get()
    assert got.path == "/hook?shop=7"
    assert got.body == delivery.body.encode()
    assert got.json["publication"]["id"] == publication.public_id
    assert got.headers == {
        "host": receiver.url.split("/")[2],
        "accept-encoding": "identity",
        "connection": "close",
        "content-length": str(len(got.body)),
        "content-type": "application/json",
        "user-agent": "Handout",
        "x-voucherify-signature": hmac.new(address.secret.encode(), got.body, hashlib.sha256).hexdigest(),
        "x-handout-event": "publication.succeeded",
        "x-handout-event-id": delivery.event_id,
        "x-handout-attempt": "1",
    }


@pytest.mark.django_db(transaction=True)
def test_a_delivery_remembers_how_it_went():
    with Receiver([lambda handler: answer(handler, 201, b"thanks")]) as receiver:
        delivery = a_delivery(listening(receiver.url))

        pass_on()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.next_attempt_at) == ("delivered", 1, None)
    assert (delivery.answer_status, delivery.answer_body, delivery.error) == (201, "thanks", "")
    (attempt,) = delivery.log
    assert (attempt["status"], attempt["error"]) == (201, "")
    assert 0 <= attempt["ms"] < 10_000


@pytest.mark.django_db(transaction=True)
def test_what_failed_is_sent_again_with_the_same_event_id_and_body():
    with Receiver([500, hang_up, 200]) as receiver:
        delivery = a_delivery(listening(receiver.url))

        for _ in range(4):
            pass_on()
            make_due(delivery)

    delivery.refresh_from_db()
    assert [got.headers["x-handout-attempt"] for got in receiver.got] == ["1", "2", "3"]
    assert len({(got.headers["x-handout-event-id"], got.body) for got in receiver.got}) == 1
    assert (delivery.status, delivery.attempts, delivery.error) == ("delivered", 3, "")
    assert [(attempt["status"], attempt["error"]) for attempt in delivery.log] == [
        (500, "It responded with 500."),
        (None, "The connection was closed without a response."),
        (200, ""),
    ]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_status_of_2xx_is_success(status):
    with Receiver([status]) as receiver:
        assert post(receiver.url).delivered


@pytest.mark.parametrize("status", [400, 401, 404, 410, 429, 500, 503])
def test_any_other_is_not(status):
    with Receiver([status]) as receiver:
        sent = post(receiver.url)

    assert (sent.delivered, sent.status, sent.error) == (False, status, f"It responded with {status}.")


def test_a_redirect_is_not_followed():
    with Receiver() as elsewhere, Receiver([lambda handler: answer(handler, 307, Location=elsewhere.url)]) as receiver:
        sent = post(receiver.url)

    assert elsewhere.got == []
    assert sent.error == "It responded with 307. Redirects are not followed: enter the URL it redirects to."


@pytest.mark.parametrize("step", [say_nothing, drip])
def test_a_receiver_has_so_long_and_no_longer(step):
    with Receiver([step]) as receiver:
        sent = post(receiver.url, seconds=0.4)

    assert (sent.status, sent.error) == (None, "No response within 0.4 seconds.")
    assert 390 <= sent.milliseconds < 5_000


def test_a_slow_receiver_is_waited_for():
    with Receiver([after(0.3)]) as receiver:
        assert post(receiver.url).delivered


def test_once_it_has_answered_2xx_how_the_rest_comes_matters_no_more():
    def begins_only(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"only so much")

    def never_ends(handler):
        handler.send_response(200)
        handler.end_headers()
        drip(handler)

    with Receiver([begins_only, never_ends]) as receiver:
        cut, endless = post(receiver.url), post(receiver.url, seconds=0.4)

    assert (cut.delivered, cut.body) == (True, "only so much")
    assert (endless.delivered, endless.status) == (True, 200)


def test_a_kilobyte_of_the_answer_is_kept_whatever_it_holds():
    with Receiver([lambda handler: answer(handler, 200, b"\0\xff" * 5_000_000)]) as receiver:
        sent = post(receiver.url)

    assert sent.body == "\ufffd" * 1024


@pytest.mark.parametrize(
    "said, error",
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "The response was not HTTP: BadStatusLine."),
        (b"HTTP/1.1 200 " + b"x" * 100_000, "The response was not HTTP: LineTooLong."),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200, "The response was not HTTP: HTTPException."),
        (b"", "The connection was closed without a response."),
    ],
)
def test_what_is_no_http_is_no_delivery(said, error):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak():
            connection, _ = server.accept()
            with connection, suppress(ConnectionError):  # some are hung up on before they have said it all
                connection.recv(65536)
                connection.sendall(said)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):  # what is left unread when it is closed makes it a reset
                    pass

        thread = threading.Thread(target=speak)
        thread.start()
        sent = post(f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()

    assert (sent.status, sent.error) == (None, error)


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert post(f"http://127.0.0.1:{port}/").error == "No connection: Connection refused."


def test_https_to_a_server_without_it():
    with Receiver() as receiver:
        sent = post(receiver.url.replace("http:", "https:"))

    assert sent.error.startswith("No secure connection: ")
    assert receiver.got == []


@pytest.mark.django_db(transaction=True)
def test_one_address_gets_several_at_once_and_never_more_than_eight():
    with Receiver([after(0.05)] * 20) as receiver:
        address = listening(receiver.url)
        for _ in range(20):
            a_delivery(address)

        assert send_due(address.pk) is False

    assert len(receiver.got) == 20
    assert 2 <= receiver.most_at_once <= 8
    assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {"delivered"}


@pytest.mark.django_db
def test_no_more_are_claimed_than_are_sent_at_once_where_the_table_was_empty_a_moment_ago():
    address = listening()
    due = [a_delivery(address) for _ in range(20)]
    make_due(*due)
    seem_empty("webhooks_webhookdelivery")

    claimed = _claim("address_id = %(key)s", address.pk, most=8)

    assert sorted(delivery.pk for delivery in claimed) == [delivery.pk for delivery in due[:8]]


@pytest.mark.django_db(transaction=True)
def test_the_oldest_goes_first():
    with Receiver([after(0.1)] * 8) as receiver:
        address = listening(receiver.url)
        ids = [a_delivery(address).event_id for _ in range(12)]

        pass_on()

    assert {got.headers["x-handout-event-id"] for got in receiver.got[:8]} == set(ids[:8])


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_gives_no_answer_is_left_alone_for_a_minute():
    """Whatever else waits: a dead receiver takes ten seconds of a worker in a minute, not all of its time."""
    with Receiver([hang_up] * 8) as receiver:
        address = listening(receiver.url)
        for _ in range(20):
            a_delivery(address)

        pass_on()
        pass_on()
        tried = len(receiver.got)
        WebhookAddress.objects.update(rests_until="2020-01-01T00:00:00Z")
        pass_on()

    assert tried == 8
    assert len(receiver.got) == 20
    assert WebhookDelivery.objects.filter(status="delivered").count() == 12


@pytest.mark.django_db
def test_a_rest_outlives_a_clock_that_is_put_back_a_little():
    """As the network does to a machine now and then. A rest that began "tomorrow" is another matter."""
    address = listening()
    a_delivery(address)

    WebhookAddress.objects.update(rests_until=Now() + REST + timedelta(seconds=5))
    assert addresses_due() == []

    WebhookAddress.objects.update(rests_until=Now() + timedelta(days=1))
    assert addresses_due() == [address.pk]


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_refuses_one_event_still_gets_the_others():
    with Receiver([500]) as receiver:
        address = listening(receiver.url)
        refused, other = a_delivery(address), a_delivery(address)

        pass_on()

    refused.refresh_from_db(), other.refresh_from_db()
    assert {refused.status, other.status} == {"waiting", "delivered"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Of shop.example.com, signed by itself: (certificate, key)."""
    if not shutil.which("openssl"):
        pytest.skip("openssl, which makes the certificate of this test, is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    names = ["-subj", "/CN=shop.example.com", "-addext", "subjectAltName=DNS:shop.example.com"]
    files = ["-keyout", folder / "key.pem", "-out", folder / "certificate.pem"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "certificate.pem", folder / "key.pem"


@pytest.mark.parametrize(
    "host, trusted, error",
    [
        ("shop.example.com", True, ""),
        ("shop.example.com", False, "No secure connection: self-signed certificate."),
        ("other.example.com", True, "No secure connection: Hostname mismatch"),
    ],
)
def test_over_tls_the_receiver_must_prove_its_name(certificate, monkeypatch, host, trusted, error):
    """Its name, although the connection is made to an address."""
    trust = ssl.create_default_context(cafile=certificate[0]) if trusted else ssl.create_default_context()
    monkeypatch.setattr("publications.webhooks.actions.deliver._trust", lambda: trust)
    monkeypatch.setattr("publications.webhooks.actions.deliver.resolve", lambda target: ["127.0.0.1"])
    with Receiver(certificate=certificate) as receiver:
        sent = post(receiver.url.replace("127.0.0.1", host))

    assert sent.error.startswith(error) and sent.delivered == (not error)
    assert len(receiver.got) == (1 if not error else 0)
