"""Importing publications while others publish, and while it is killed: each code has one holder. Real processes."""

import signal
import time
from contextlib import suppress
from threading import Barrier, Thread

import pytest
from django.db import close_old_connections, connection

from campaigns.codes.models import Voucher
from customers.models import Customer
from publications.actions.publish import publish, publish_code
from publications.actions.run_publication_import import import_publications
from publications.dashboard.verify import verify
from publications.models import Publication, PublicationImport, PublishedVoucher
from publications.refusals import PublishRefused
from tests.support.factories import STAFF, CampaignFactory
from tests.support.imports import counts, queued_publications
from tests.support.processes.forked import fork

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 12_000


def file_of(campaign, rows: int) -> str:
    codes = campaign.vouchers.order_by("id").values_list("code", flat=True)[:rows]
    return "Code,Customer ID,Date\n" + "".join(f"{code},cust_{n % 500},2022-01-01\n" for n, code in enumerate(codes))


def broken() -> list[str]:
    return [found.name for found in verify() if found.violations and "survives a crash" not in found.name]


def test_a_killed_worker_is_taken_up_where_it_was():
    queued = queued_publications(file_of(CampaignFactory(codes=ROWS), ROWS))

    process = fork(
        f"from publications.actions.run_publication_import import import_publications; import_publications({queued.pk})"
    )
    deadline = time.monotonic() + 60
    while PublicationImport.objects.get(pk=queued.pk).rows_read < 5_000:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    between, left = PublicationImport.objects.get(pk=queued.pk), Publication.objects.count()
    import_publications(queued.pk)

    queued.refresh_from_db()
    assert left == between.rows_imported
    assert (queued.status, counts(queued)) == ("done", (ROWS, ROWS, 0, 0))
    assert Publication.objects.count() == PublishedVoucher.objects.count() == ROWS
    assert Customer.objects.count() == 500
    assert broken() == []


@pytest.mark.parametrize("join_once", [False, True])
def test_whoever_publishes_at_the_same_time_gets_other_codes(join_once):
    campaign = CampaignFactory(codes=6_000, join_once=join_once)
    imports = [queued_publications(file_of(campaign, 4_000)) for _ in range(2)]
    codes = list(campaign.vouchers.order_by("id")[:4_000:40])
    barrier, errors = Barrier(5), []

    def run(work):
        try:
            barrier.wait()
            work()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    def from_the_pool():
        for n in range(100):
            publish(campaign, {"source_id": f"cust_{n}"}, origin="api", by=STAFF)

    def the_files_own_codes():
        for n, voucher in enumerate(codes):
            with suppress(PublishRefused):
                publish_code(voucher, {"source_id": f"cust_{n}"}, origin="api", by=STAFF)

    work = [lambda key=each.pk: import_publications(key) for each in imports]
    threads = [Thread(target=run, args=[one]) for one in (*work, from_the_pool, from_the_pool, the_files_own_codes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close_old_connections()

    done = list(PublicationImport.objects.all())
    ours = Publication.objects.filter(origin="import").count()
    assert errors == []
    assert [each.status for each in done] == ["done", "done"]
    assert sum(each.rows_imported for each in done) == ours > 0
    assert PublishedVoucher.objects.count() == Publication.objects.filter(result="SUCCESS").count()
    assert Voucher.objects.exclude(published_at=None).count() == PublishedVoucher.objects.count()
    assert Voucher.objects.filter(pk__lte=codes[-1].pk, published_at=None).count() == 0
    assert broken() == []
