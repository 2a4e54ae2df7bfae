"""Alerts survive `kill -9` of who sends them: each is recorded before the mail server hears of it, and none is sent twice."""

import random
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db.models import F

from config.alerts.actions.keep_alerts import Found, keep_alerts
from config.alerts.actions.send_notices import send_notices
from config.alerts.models import Alert, Kind, Notice
from tests.support.factories import UserFactory
from tests.support.mail_server import MailServer
from tests.support.processes.forked import Forked, fork

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 12
SEND = "from config.alerts.actions.send_notices import send_notices; send_notices()"


@pytest.fixture
def server(settings):
    with MailServer() as server:
        settings.EMAIL_IS_SENT = True
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


def tell_everybody(name: str) -> None:
    open_ones = list(Alert.objects.values_list("subject", flat=True))
    keep_alerts(Kind.POOL_LOW, [Found(name, f"{name} is running low")], still=open_ones)


def sender(server: MailServer) -> Forked:
    return fork(SEND, EMAIL_URL=f"smtp://127.0.0.1:{server.port}")


def states() -> Counter:
    return Counter(Notice.objects.values_list("email", flat=True))


def wait_until(reached) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline, states()
        time.sleep(0.005)


def ten_minutes_pass() -> None:
    Notice.objects.filter(email="sending").update(email_at=F("email_at") - timedelta(minutes=11))


def test_killed_while_the_server_has_the_message_it_is_not_sent_again(server):
    """This server drops a message whose sender hangs up; others keep it. Nobody can know which."""
    UserFactory(role="Manager", email="mara@example.com")
    tell_everybody("Autumn")
    server.holds = True
    worker = sender(server)
    wait_until(lambda: server.at_once == 1)
    at_death = states()
    worker.kill()
    worker.wait()
    server.holds = False

    soon = send_notices()
    ten_minutes_pass()
    later = send_notices()

    assert at_death == {"sending": 1}
    assert (soon, later, server.messages) == (0, 0, [])
    assert states() == {"unknown": 1}


def test_killed_again_and_again_nobody_gets_an_alert_twice_and_none_is_forgotten(server):
    for number in range(PEOPLE):
        UserFactory(role="Manager", email=f"m{number}@example.com")
    server.delay = 0.005
    dice = random.Random("alerts")
    sender(server).wait()  # so that those who are killed are there at once

    for number in range(8):
        tell_everybody(f"Campaign {number}")
        worker = sender(server)
        time.sleep(dice.random() * 0.15)
        worker.kill()
        worker.wait()
    assert send_notices() >= 0
    ten_minutes_pass()
    send_notices()

    got = Counter()
    for message in server.messages:
        text = message.get_content()
        got.update((message["To"], number) for number in range(8) if f"Campaign {number} is running low" in text)
    assert set(got.values()) <= {1}
    assert set(states()) <= {"sent", "unknown"}
    assert states()["sent"] <= sum(got.values()) <= sum(states().values()) == 8 * PEOPLE
