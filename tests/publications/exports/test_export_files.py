"""The files of exports on the disk: one that cannot be written, those that killed workers left, those that are too old."""

import os
import resource
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.utils import timezone

from config.staff.models import ProjectSettings
from publications.exports.actions import write_export
from publications.exports.actions.delete_old_files import delete_old_files
from publications.exports.actions.download_export import NoFile, download_export
from publications.exports.actions.hand_out import order_hand_out
from publications.exports.actions.write_export import make_export_file, retry_export
from publications.exports.models import Export
from publications.exports.report import order_report
from publications.models import Publication, PublishedVoucher
from tests.support.factories import STAFF, CampaignFactory

pytestmark = pytest.mark.django_db


def made(export) -> Export:
    make_export_file(export.pk)
    export.refresh_from_db()
    return export


@contextmanager
def files_of_at_most(count: int):
    """The kernel refuses this process to write longer files, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full_fails_the_export_and_a_retry_makes_the_file_of_the_same_codes():
    campaign = CampaignFactory(codes=20)
    export = order_hand_out(campaign, count=10, by=STAFF, for_whom="Print shop")

    with files_of_at_most(300):
        made(export)

    assert export.status == "failed"
    assert export.error == ("The server’s disk is full. Free up some space, then retry: nothing is lost.")
    assert (export.rows, export.sha256) == (10, "")
    assert not export.file.storage.exists(export.file.name)
    published = set(PublishedVoucher.objects.values_list("voucher__code", flat=True))
    assert len(published) == 10

    assert retry_export(export, by=STAFF)
    made(export)

    assert (export.status, export.error, export.rows) == ("done", "", 10)
    with export.file.open() as file:
        assert {line.split(",")[0] for line in file.read().decode().splitlines()[1:]} == published
    assert Publication.objects.get().voucher_count == 10


def test_a_folder_that_may_not_be_written_is_told(monkeypatch, tmp_path):
    (tmp_path / "unfinished").write_text("a file where a folder should be")
    monkeypatch.setattr(settings, "HANDOUT_DATA", tmp_path)

    export = made(order_report("customers", by=STAFF))

    assert export.status == "failed"
    assert export.error == (
        "The file could not be written (File exists). Fix that on the server, then retry: nothing is lost."
    )


def test_the_file_of_an_attempt_that_was_cut_off_is_deleted_by_the_next():
    export = order_report("customers", by=STAFF)
    storage = export.file.storage
    lost = storage.save("exports/2026/11/cut-off.csv", ContentFile(b"half a fi"))
    Export.objects.update(status="running", file=lost)

    made(export)

    assert not storage.exists(lost)
    assert storage.exists(export.file.name)


def test_the_file_of_an_attempt_that_began_and_was_cut_off_since_the_row_was_read_is_deleted_too():
    export = order_report("customers", by=STAFF)
    Export.objects.update(status="running")
    read_before = Export.objects.get()
    lost = export.file.storage.save("exports/2026/11/cut-off.csv", ContentFile(b"half a fi"))
    Export.objects.update(file=lost)

    write_export._write(read_before)

    export.refresh_from_db()
    assert (export.status, export.file.storage.exists(lost)) == ("done", False)


def test_files_are_deleted_when_their_days_are_over_and_the_codes_stay_published():
    ProjectSettings.objects.update_or_create(id=1, defaults={"keep_files_days": 7})
    old, new = (
        made(order_hand_out(CampaignFactory(codes=2), count=2, by=STAFF, for_whom="Print shop")) for _ in range(2)
    )
    file = old.file.name
    Export.objects.filter(pk=old.pk).update(finished_at=timezone.now() - timedelta(days=7, minutes=1))
    Export.objects.filter(pk=new.pk).update(finished_at=timezone.now() - timedelta(days=6))

    deleted = delete_old_files()

    assert deleted == 1
    old.refresh_from_db()
    new.refresh_from_db()
    assert not new.file.storage.exists(file)
    assert new.file.storage.exists(new.file.name)
    assert (old.status, old.rows, old.file.name, new.file_deleted_at) == ("done", 2, "", None)
    assert timezone.now() - old.file_deleted_at < timedelta(minutes=1)
    assert PublishedVoucher.objects.filter(released_at=None).count() == 4
    with pytest.raises(NoFile, match="has been deleted"):
        download_export(old, by=STAFF)
    assert delete_old_files() == 0


def test_what_a_killed_worker_left_aside_is_deleted_after_a_day():
    folder = Path(settings.HANDOUT_DATA) / "unfinished"
    folder.mkdir(exist_ok=True)
    left, growing = folder / "left.csv", folder / "growing.csv"
    for path in (left, growing):
        path.write_text("Code\r\n")
    os.utime(left, (time.time() - 90_000,) * 2)

    delete_old_files()

    assert (left.exists(), growing.exists()) == (False, True)
    growing.unlink()


@pytest.mark.parametrize(("status", "said"), [("queued", "not ready yet"), ("failed", "Retry the export first")])
def test_there_is_nothing_to_download_before_the_file_is_there(status, said):
    export = order_report("codes", by=STAFF)
    export.status = status

    with pytest.raises(NoFile, match=said):
        download_export(export, by=STAFF)
