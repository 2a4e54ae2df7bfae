"""The worker for messages as a real process: whom it serves while a mail server is slow, and how it stops."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest
from django.db import connection

from config.processes.die_with_parent import die_with_parent
from publications.distributions.actions.hold_place import hold_place
from publications.distributions.models import Delivery
from publications.webhooks.actions.create_address import create_address
from tests.support.distributions import running
from tests.support.factories import STAFF, CustomerFactory
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver
from tests.support.running_handout import ROOT

WORKER = [
    "procrastinate",
    "worker",
    "--queues",
    "messages",
    "--concurrency",
    "8",
    "--fetch-job-polling-interval",
    "0.5",
]


@pytest.fixture
def queue(transactional_db):
    yield
    with connection.cursor() as cursor:  # the tables of Procrastinate are not flushed after a test
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


def database_url() -> str:
    found = connection.settings_dict
    return f"postgres://{found['USER']}:{found['PASSWORD']}@/{found['NAME']}?host={found['HOST']}&port={found['PORT']}"


def states(run) -> list[str]:
    return sorted(set(run.deliveries.values_list("state", flat=True)))


def wait_for(reached, seconds=60) -> None:
    give_up = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.05)


def test_a_slow_mail_server_holds_one_place_and_a_stop_waits_for_what_is_on_its_way(queue, tmp_path, settings):
    settings.WEBHOOKS_MAY_BE_PRIVATE = True
    with MailServer() as server, Receiver() as receiver:
        server.holds = True
        address = create_address(receiver.url, events=["publication.succeeded"], by=STAFF)
        by_mail = running(30, codes=30)
        environment = os.environ | {
            "HANDOUT_DATA": str(tmp_path), "DATABASE_URL": database_url(), "WEBHOOKS_MAY_BE_PRIVATE": "1",
            "EMAIL_URL": f"smtp://127.0.0.1:{server.port}", "SITE_URL": "https://handout.example.com",
            "EMAIL_CONNECTIONS": "4", "LOG_LEVEL": "INFO",
        }  # fmt: skip
        said = tmp_path / "worker.log"
        with said.open("w") as log:
            worker = subprocess.Popen(
                [sys.executable, "manage.py", *WORKER],
                cwd=ROOT, env=environment, stdout=log, stderr=log, preexec_fn=die_with_parent,
            )  # fmt: skip
        try:
            wait_for(lambda: server.at_once == 4)
            people = [CustomerFactory(email="") for _ in range(20)]
            by_webhook = running(people, codes=20, message="webhook", webhook=address, subject="", body="")
            wait_for(lambda: states(by_webhook) == ["sent"])
            assert server.messages == []

            worker.send_signal(signal.SIGTERM)
            wait_for(lambda: "Stop requested" in said.read_text())
            server.holds = False
            worker.wait(60)
        finally:
            worker.kill()
            worker.wait()

    assert (server.most_at_once, states(by_mail)) == (4, ["published", "sent"])
    assert Delivery.objects.filter(distribution=by_mail, state="sent").count() == len(server.messages) == 4


def test_each_distribution_has_one_place_and_one_is_kept_for_whoever_looks_after_all():
    with ExitStack() as held:
        holds = [held.enter_context(hold_place(distribution, of=4)) for distribution in (1, 1, 2, 3, 4)]
    assert holds == [True, False, True, True, False]
    with hold_place(3, of=1) as only:
        assert only
