"""A hand-out survives `kill -9` of its worker and of the database: each code once, none lost, none beyond what was asked."""

import os
import signal
import time
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import connection, transaction
from procrastinate.contrib.django import app as queue

from campaigns.codes.actions.extend_pool import extend_pool
from config.server.take_up_stalled_jobs import declare_workers_dead, take_up_stalled_jobs
from publications.exports.actions.hand_out import order_hand_out
from publications.exports.models import Export
from publications.models import PublishedVoucher
from tests.support.factories import STAFF, CampaignFactory
from tests.support.processes.forked import fork_command
from tests.support.running_handout import RunningHandout, manage, processes_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def empty_queue():
    """Procrastinate's tables are not Django's, so no test empties them."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


def campaign_of(count: int):
    campaign = CampaignFactory()
    with transaction.atomic():
        extend_pool(campaign, count=count)
    return campaign


def start_worker():
    """A worker in a process of its own, on the database of the tests. It ends when no job is left."""
    return fork_command("procrastinate", "worker", "--one-shot", "--concurrency", "1")


def wait_until(reached, seconds=180):
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def kill(worker):
    """In the midst of its work: it cannot note that it has gone further while we hold the row."""
    with transaction.atomic():
        Export.objects.select_for_update().get()
        worker.send_signal(signal.SIGKILL)
        worker.wait()


def resume():
    declare_workers_dead()
    async_to_sync(take_up_stalled_jobs)(queue)
    assert start_worker().wait(60) == 0


def codes_in(export) -> list[str]:
    export.refresh_from_db()
    assert (export.status, export.error) == ("done", "")
    with export.file.open() as file:
        return [line.split(",")[0] for line in file.read().decode().splitlines()[1:]]


def test_killed_while_codes_are_taken_it_goes_on_to_the_number_asked_for():
    campaign = campaign_of(50_000)
    export = order_hand_out(campaign, count=40_000, by=STAFF, for_whom="Print shop")

    worker = start_worker()
    wait_until(Export.objects.filter(done__gt=0).exists)
    kill(worker)
    taken = list(PublishedVoucher.objects.values_list("voucher__code", flat=True))
    resume()

    codes = codes_in(export)
    assert 0 < len(taken) < 40_000
    assert set(taken) < set(codes)
    assert len(codes) == len(set(codes)) == 40_000
    assert campaign.vouchers.filter(published_at=None).count() == 10_000


def test_killed_while_the_file_is_written_it_is_written_again_from_the_same_codes():
    campaign = campaign_of(110_000)
    export = order_hand_out(campaign, count=100_000, by=STAFF, for_whom="Print shop")
    unfinished = Path(settings.HANDOUT_DATA) / "unfinished"

    worker = start_worker()
    wait_until(lambda: Export.objects.filter(rows__isnull=False).exists() and any_bytes(unfinished))
    kill(worker)
    killed = Export.objects.get()
    taken = set(PublishedVoucher.objects.values_list("voucher__code", flat=True))
    resume()

    assert killed.status == "running"  # no half file claimed as done
    assert not killed.file.storage.exists(killed.file.name)
    codes = codes_in(export)
    assert len(codes) == 100_000
    assert set(codes) == taken
    assert export.file.name != killed.file.name


def any_bytes(folder: Path) -> bool:
    return any(path.stat().st_size for path in folder.glob("*.csv"))


FILL = """
INSERT INTO campaigns_campaign (name, kind, code_charset, metadata) VALUES ('Autumn', 'DISCOUNT_COUPONS', 'ABC', '{}');
INSERT INTO codes_voucher (campaign_id, code) SELECT max(c.id), 'C' || n FROM campaigns_campaign c,
       generate_series(1, 60000) AS n GROUP BY n;
"""
TAKE_UP = """
from asgiref.sync import async_to_sync
from procrastinate.contrib.django import app
from config.server.take_up_stalled_jobs import declare_workers_dead, take_up_stalled_jobs
declare_workers_dead()
async_to_sync(take_up_stalled_jobs)(app)
"""
ORDER = """
from campaigns.models import Campaign
from config.actor import SYSTEM
from publications.exports.actions.hand_out import order_hand_out
order_hand_out(Campaign.objects.get(), count=50_000, by=SYSTEM, for_whom="Print shop")
"""


def test_the_database_killed_midway_loses_no_code(tmp_path):
    """The whole of Handout as it is run, on a database of its own that is durable."""
    folder = tmp_path / "data"
    with RunningHandout(folder) as handout:
        handout.sql(FILL)
        assert manage(folder, "shell", "-c", ORDER).returncode == 0
        export = "SELECT status, done, rows, error FROM exports_export"

        wait_until(lambda: handout.sql(export)[0][1] > 0)
        for pid, command in processes_of(folder).items():
            if "bin/postgres" in command:
                os.kill(pid, signal.SIGKILL)
        handout.wait_until_healthy()
        manage(folder, "shell", "-c", TAKE_UP)  # what else would happen within the next minute or two
        wait_until(lambda: handout.sql(export)[0][0] in ("done", "failed"), seconds=120)

        assert handout.sql(export) == [("done", 50_000, 50_000, "")]
        assert handout.sql("SELECT count(*), count(DISTINCT voucher_id) FROM publications_publishedvoucher") == [
            (50_000, 50_000)
        ]
        verified = manage(folder, "verify")
        assert verified.returncode == 0, verified.stdout
