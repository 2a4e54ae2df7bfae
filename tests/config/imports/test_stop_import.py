"""A running import is stopped: what it has imported counts, nothing comes after it, and it can be continued."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from campaigns.codes.actions.import_codes import CodeImporter, import_codes
from campaigns.codes.models import CodeImport, Voucher
from config.imports import run_import
from config.imports.retry_import import retry_import
from config.imports.stop_import import NotRunning, stop_import
from config.staff.models import AuditEntry
from tests.support.factories import STAFF, CampaignFactory
from tests.support.imports import counts, error_rows, queued_codes

FILE = "Code,Active\nA-1,yes\nA-2,perhaps\nA-3,yes\nA-4,perhaps\nA-5,yes\n"


def stop(code_import):
    stop_import(code_import, CodeImporter(code_import), by=STAFF)


def run(code_import) -> CodeImport:
    import_codes(code_import.pk)
    return CodeImport.objects.get(pk=code_import.pk)


def codes() -> list[str]:
    return list(Voucher.objects.order_by("code").values_list("code", flat=True))


@pytest.fixture
def stopped_after(monkeypatch):
    """`stopped_after(import, 1)`: it is stopped once so many chunks (of two rows) have been written."""
    read = run_import.next_chunk

    def stopping(code_import, chunks):
        taken = 0

        def next_chunk(rows, most=2):
            nonlocal taken
            if most and taken == chunks:
                stop(code_import)
            taken += most > 0
            return read(rows, most)

        monkeypatch.setattr(run_import, "next_chunk", next_chunk)
        done = run(code_import)
        monkeypatch.setattr(run_import, "next_chunk", lambda rows, most=2: read(rows, most))
        return done

    return stopping


@pytest.mark.django_db
def test_what_was_imported_is_kept_and_the_rest_is_imported_once_it_is_continued(stopped_after):
    first = stopped_after(queued_codes(FILE, CampaignFactory()), 1)

    assert (first.status, counts(first), codes()) == ("stopped", (2, 1, 0, 1), ["A-1"])
    assert [row[0] for row in error_rows(first)] == ["Code", "A-2"]
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "codes.imported",
        "codes.import_stopped",
    ]

    retry_import(first, by=STAFF, defer=lambda import_id: None)
    done = run(first)

    assert (done.status, counts(done), codes()) == ("done", (5, 3, 0, 2), ["A-1", "A-3", "A-5"])
    assert [row[0] for row in error_rows(done)] == ["Code", "A-2", "A-4"]


@pytest.mark.django_db
def test_all_or_nothing_that_is_stopped_imports_nothing_and_begins_anew(stopped_after):
    content = FILE.replace("perhaps", "no")

    first = stopped_after(queued_codes(content, CampaignFactory(), on_error="all_or_nothing"), 2)
    assert (first.status, first.rows_imported, codes()) == ("stopped", 0, [])

    retry_import(first, by=STAFF, defer=lambda import_id: None)
    done = run(first)

    assert (done.status, counts(done)) == ("done", (5, 5, 0, 0))


@pytest.mark.django_db
def test_one_that_has_not_begun_never_does_and_one_that_has_ended_is_not_stopped():
    waiting = queued_codes(FILE, CampaignFactory())
    stop(waiting)

    assert (run(waiting).status, codes()) == ("stopped", [])
    with pytest.raises(NotRunning):
        stop(waiting)
    with pytest.raises(NotRunning):
        stop(run(queued_codes(FILE, CampaignFactory())))


@pytest.mark.django_db(transaction=True)
def test_whoever_stops_it_from_elsewhere_gets_a_true_count(monkeypatch):
    read = run_import.next_chunk
    monkeypatch.setattr(run_import, "next_chunk", lambda rows, most=50: read(rows, most))
    code_import = queued_codes("Code\n" + "".join(f"S-{n}\n" for n in range(5_000)), CampaignFactory())

    def running():
        try:
            import_codes(code_import.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        run_in_thread = threads.submit(running)
        while not Voucher.objects.exists():
            assert not run_in_thread.done()
        stop(code_import)
        at_once = Voucher.objects.count()
        run_in_thread.result()

    ended = CodeImport.objects.get()
    assert (ended.status, ended.rows_imported) == ("stopped", at_once)
    assert 0 < Voucher.objects.count() == at_once < 5_000


@pytest.mark.django_db
def test_it_is_stopped_and_continued_on_its_page(signed_in):
    code_import = queued_codes(FILE, CampaignFactory())
    page = f"/codes/import/{code_import.pk}"
    browser = signed_in("Manager")

    assert f'action="{page}/stop"' in browser.get(page).content.decode()
    assert signed_in("Operator").post(f"{page}/stop").status_code == 403
    answer = browser.post(f"{page}/stop", follow=True)
    assert "Stopped. Nothing was imported." in answer.content.decode()
    assert f'action="{page}/retry"' in answer.content.decode()

    browser.post(f"{page}/retry")
    assert CodeImport.objects.get().status == "queued"
    assert "This import had already ended." not in browser.post(f"{page}/stop", follow=True).content.decode()
    assert "This import had already ended." in browser.post(f"{page}/stop", follow=True).content.decode()
