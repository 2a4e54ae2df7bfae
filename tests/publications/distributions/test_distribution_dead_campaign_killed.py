"""A campaign is disabled, expires or is deleted while 8 processes with 4 threads each send its codes, and some of them are
killed: from the moment of its end nobody is sent or given a code of it, and whoever goes on afterwards sends none twice.
"""

import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.actions.change_campaign import change_campaign
from campaigns.actions.delete_campaign import delete_campaign
from campaigns.codes.models import Voucher
from customers.models import Customer
from publications.distributions.actions.change_status import NotPossible, resume, stop
from publications.distributions.actions.declare_unknown import declare_unknown
from publications.distributions.actions.end_run import wind_up_ended
from publications.distributions.models import Delivery
from publications.models import Publication, PublishedVoucher
from tests.publications.distributions.sending_client import THREADS
from tests.publications.redemptions.test_redeem_at_once import broken
from tests.support.distributions import running
from tests.support.factories import STAFF
from tests.support.mail_sink import mail_sink
from tests.support.processes.forked import Forked, fork

pytestmark = pytest.mark.django_db(transaction=True)
PROCESSES, RECIPIENTS = 8, 200


class Senders:
    """The processes, on the database of the tests. Who was killed is replaced."""

    def __init__(self, sink) -> None:
        self.environment = {
            "DATABASE_POOL_SIZE": str(THREADS), "EMAIL_URL": sink.url, "SITE_URL": "https://handout.example.com",
        }  # fmt: skip
        self.sink = sink
        self.processes = [self.start() for _ in range(PROCESSES)]
        self.fresh = list(self.processes)

    def start(self) -> Forked:
        return fork("from tests.publications.distributions.sending_client import main; main()", **self.environment)

    def tell(self, *commands: str) -> list[str]:
        for process in self.fresh:
            assert process.stdout.readline() == "ready\n"
        self.fresh = []
        for process, command in zip(self.processes, commands, strict=True):
            process.stdin.write(f"{command}\n")
            process.stdin.flush()
        return [process.stdout.readline().strip() for process in self.processes]

    def go(self, run) -> None:
        tasks = [f"go {run.pk} {n * THREADS} {PROCESSES * THREADS}" for n in range(PROCESSES)]
        assert set(self.tell(*tasks)) == {"at work"}

    def stop(self) -> None:
        assert self.tell(*["stop"] * PROCESSES) == ["stopped"] * PROCESSES

    def kill(self, number: int) -> None:
        self.processes[number].kill()
        self.processes[number].wait()
        self.processes[number] = self.start()
        self.fresh.append(self.processes[number])


@pytest.fixture(scope="module")
def senders(django_db_setup, tmp_path_factory):
    with mail_sink(tmp_path_factory.mktemp("sink")) as sink:
        started = Senders(sink)
        yield started
        for process in started.processes:
            process.kill()
            process.wait()


def many_customers() -> list[Customer]:
    return Customer.objects.bulk_create(
        Customer(source_id=f"shop-{n}", email=f"c{n}@example.com", address={}, metadata={}) for n in range(RECIPIENTS)
    )


def disable(campaign):
    change_campaign(campaign, {"active": False}, by=STAFF)


def expire(campaign):
    change_campaign(campaign, {"expiration_date": timezone.now() - timedelta(seconds=1)}, by=STAFF)


def delete(campaign):
    delete_campaign(campaign, by=STAFF)


@pytest.mark.parametrize(
    ("end", "reason"),
    [(disable, "campaign_disabled"), (expire, "campaign_expired"), (delete, "campaign_deleted")],
    ids=["disabled", "expired", "deleted"],
)
def test_from_the_moment_of_its_end_nobody_is_sent_or_given_a_code(senders, end, reason):
    run = running(many_customers(), codes=RECIPIENTS)
    before = len(senders.sink.mails())

    senders.go(run)
    wait_for(lambda: len(senders.sink.mails()) >= before + 40)
    senders.kill(0)
    end(run.campaign)
    wait_for_those_before()
    claimed, given = begun(), Publication.objects.count()
    senders.kill(1)
    wait_for(lambda: run.refresh_from_db() or run.status == "held")
    senders.stop()

    assert (begun(), Publication.objects.count(), run.status_reason) == (claimed, given, reason)
    assert 40 <= len(claimed) < RECIPIENTS
    declare_unknown(begun_before=timezone.now())  # what the killed ones had in hand
    got = Counter(address for address, _ in senders.sink.mails()[before:])
    assert max(got.values()) == 1
    assert addresses("sent") <= set(got) <= addresses("sent") | addresses("unknown")
    with pytest.raises(NotPossible):
        resume(run, by=STAFF)

    if end is delete:
        stop(run, by=STAFF)
        while wind_up_ended():
            pass
        assert set(Delivery.objects.values_list("state", flat=True)) <= {"sent", "unknown", "skipped"}
        assert (
            PublishedVoucher.objects.filter(released_at=None).count() == Delivery.objects.filter(state="sent").count()
        )
    if end is disable:
        change_campaign(run.campaign, {"active": True}, by=STAFF)
        resume(run, by=STAFF)
        senders.go(run)
        wait_for(lambda: run.refresh_from_db() or run.status == "done")
        senders.stop()
        got = Counter(address for address, _ in senders.sink.mails()[before:])
        assert (max(got.values()), Voucher.objects.filter(published_at=None).count()) == (1, 0)
        assert addresses("sent") <= set(got) <= addresses("sent") | addresses("unknown")
        assert len(addresses("sent")) + len(addresses("unknown")) == RECIPIENTS
    assert broken() == set()


def begun() -> set[int]:
    """Whose message somebody has begun to send."""
    return set(Delivery.objects.filter(state__in=["sending", "sent", "unknown"]).values_list("pk", flat=True))


def addresses(state: str) -> set[str]:
    return set(Delivery.objects.filter(state=state).values_list("email", flat=True))


def wait_for_those_before() -> None:
    """Until every transaction has ended that had begun before this moment: it may not have seen the end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (moment,) = cursor.fetchone()

        def ended() -> bool:
            cursor.execute(
                """SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND backend_type = 'client backend' AND state <> 'idle'
                      AND pid <> pg_backend_pid() AND xact_start <= %s""",
                [moment],
            )
            return cursor.fetchone()[0] == 0

        wait_for(ended)


def wait_for(reached, seconds=60) -> None:
    give_up = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.02)
