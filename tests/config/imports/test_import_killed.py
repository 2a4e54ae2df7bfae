"""An import survives what kills it: every row is imported or reported exactly once. Real processes, really killed."""

import signal
import time
from collections import Counter
from contextlib import suppress
from threading import Thread

import pytest
from django.db import OperationalError, close_old_connections, connection

from campaigns.codes.actions.import_codes import import_codes
from campaigns.codes.models import CodeImport, Voucher
from customers.actions.import_customers import import_customers
from customers.models import Customer
from tests.support.factories import CampaignFactory
from tests.support.imports import counts, error_rows, queued_codes, queued_customers
from tests.support.processes.forked import fork

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 60_000


def codes_file() -> str:
    """Every 100th row is bad, and every 1,000th repeats the code of 999 rows before."""
    rows = ["Code,Active"]
    for n in range(ROWS):
        active = "maybe" if n % 100 == 50 else "TRUE"
        rows.append(f"K{n - 999 if n and n % 1000 == 0 else n:07},{active}")
    return "\n".join(rows)


def run(import_id: int):
    return fork(f"from campaigns.codes.actions.import_codes import import_codes; import_codes({import_id})")


def wait_until_read(import_id: int, rows: int) -> None:
    deadline = time.monotonic() + 60
    while CodeImport.objects.get(pk=import_id).rows_read < rows:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def assert_each_row_once(import_id: int) -> None:
    done = CodeImport.objects.get(pk=import_id)
    bad = [n + 2 for n in range(ROWS) if n % 100 == 50 or (n and n % 1000 == 0)]
    assert done.status == "done"
    assert counts(done) == (ROWS, ROWS - len(bad), 0, len(bad))
    assert Voucher.objects.count() == ROWS - len(bad)
    assert [int(row[2]) for row in error_rows(done)[1:]] == bad
    assert Counter(row[3].partition(":")[0] for row in error_rows(done)[1:]) == {"Active": 600, "Code": 59}


def test_a_killed_worker_is_taken_up_where_it_was():
    queued = queued_codes(codes_file(), CampaignFactory())

    for rows in (10_000, 30_000):
        process = run(queued.pk)
        wait_until_read(queued.pk, rows)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    between, left = CodeImport.objects.get(pk=queued.pk), Voucher.objects.count()
    import_codes(queued.pk)

    assert 30_000 <= between.rows_read < ROWS
    assert left == between.rows_imported
    assert_each_row_once(queued.pk)


def test_several_workers_at_once_do_not_get_into_each_others_way():
    queued = queued_codes(codes_file(), CampaignFactory())

    processes = [run(queued.pk) for _ in range(3)]
    codes = [process.wait() for process in processes]

    assert codes == [0, 0, 0]
    assert_each_row_once(queued.pk)


def test_two_imports_of_the_same_codes_share_them():
    content = "Code\n" + "\n".join(f"K{n:07}" for n in range(20_000))
    backwards = "Code\n" + "\n".join(f"K{n:07}" for n in reversed(range(20_000)))
    imports = [queued_codes(content, CampaignFactory()), queued_codes(backwards, CampaignFactory())]

    processes = [run(each.pk) for each in imports]
    codes = [process.wait() for process in processes]

    done = CodeImport.objects.all()
    assert codes == [0, 0]
    assert [each.rows_read for each in done] == [20_000, 20_000]
    assert sum(each.rows_imported for each in done) == sum(each.rows_refused for each in done) == 20_000
    assert Voucher.objects.count() == 20_000


def test_a_lost_connection_is_an_error_for_the_queue_and_the_next_run_goes_on():
    queued = queued_codes(codes_file(), CampaignFactory())
    raised = []

    def first_run():
        try:
            import_codes(queued.pk)
        except OperationalError as error:
            raised.append(error)
        finally:
            with suppress(Exception):
                connection.close()

    thread = Thread(target=first_run)
    thread.start()
    wait_until_read(queued.pk, 10_000)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    thread.join()
    close_old_connections()
    between = CodeImport.objects.get(pk=queued.pk)
    import_codes(queued.pk)

    assert len(raised) == 1
    assert between.status == "running"
    assert_each_row_once(queued.pk)


def test_a_killed_all_or_nothing_import_has_left_nothing_and_starts_afresh():
    content = "Code\n" + "\n".join(f"K{n:07}" for n in range(ROWS))
    queued = queued_codes(content, CampaignFactory(), on_error="all_or_nothing")

    process = run(queued.pk)
    wait_until_read(queued.pk, 20_000)
    process.kill()
    process.wait()
    left = Voucher.objects.count()
    import_codes(queued.pk)

    queued.refresh_from_db()
    assert left == 0
    assert (queued.status, counts(queued)) == ("done", (ROWS, ROWS, 0, 0))
    assert Voucher.objects.count() == ROWS


def test_a_killed_import_of_customers_adds_nobody_twice():
    rows = "".join(f"Customer {n},{'' if n % 3 else f's{n}'}\n" for n in range(30_000))
    queued = queued_customers("Name,Source_id\n" + rows)

    process = fork(f"from customers.actions.import_customers import import_customers; import_customers({queued.pk})")
    deadline = time.monotonic() + 60
    while not Customer.objects.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.wait()
    import_customers(queued.pk)

    queued.refresh_from_db()
    assert (queued.status, counts(queued)) == ("done", (30_000, 30_000, 0, 0))
    assert Customer.objects.values("name").distinct().count() == Customer.objects.count() == 30_000


def test_memory_stays_flat_however_long_the_file_is():
    """200,000 rows, of which half are refused, within 32 MB of what an import of one row takes."""
    small = queued_codes("Code\nK\n", CampaignFactory())
    rows = "\n".join(f"L{n // 2:07},{'x' * 100}" for n in range(200_000))
    large = queued_codes("Code,note\n" + rows, CampaignFactory())

    process = fork(
        "from resource import *; from campaigns.codes.actions.import_codes import import_codes;"
        "peak = lambda: getrusage(RUSAGE_SELF).ru_maxrss;"
        f"import_codes({small.pk}); before = peak(); import_codes({large.pk}); print(peak() - before)"
    )
    grown_kb = int(process.communicate()[0])

    large.refresh_from_db()
    assert counts(large) == (200_000, 100_000, 0, 100_000)
    assert grown_kb < 32 * 1024
