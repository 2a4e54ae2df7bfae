"""Makes an export's file in the background; a hand-out's codes are published first."""

from __future__ import annotations

import errno
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Least, Now

from config.actor import Actor
from config.imports.csv.files import WrittenFile, csv_file
from config.imports.kinds import Column
from config.imports.xlsx.files import xlsx_file
from config.staff.audit import record
from config.staff.models import ProjectSettings
from publications.exports.actions.hand_out import NothingGiven, take_codes
from publications.exports.actions.order_export import enqueue
from publications.exports.actions.order_selection import selected_columns, selected_rows
from publications.exports.choose_columns import chosen_columns
from publications.exports.models import Export, Format
from publications.exports.report import BATCH, batches, rows_of
from publications.refusals import Quarantined

Status = Export.Status
MANY_CODES = 10_000  # in one hand-out
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class _Stopped(Exception):
    """Somebody has stopped the export, or another worker has finished it."""


def make_export_file(export_id: int) -> None:
    """Does whatever is left to do for this export. It may be run again at any time, and twice at once.

    What cannot be mended by waiting ends as FAILED, with the reason on the row; a database that is away is raised
    (OperationalError, InterfaceError), for the task to try again later.
    """
    begun = Export.objects.filter(pk=export_id, status__in=[Status.QUEUED, Status.RUNNING])
    if not begun.update(status=Status.RUNNING, started_at=Coalesce("started_at", Now())):
        return  # finished, or failed and not ordered anew
    try:
        export = Export.objects.select_related("campaign").get(pk=export_id)
        if export.kind == Export.Kind.HAND_OUT:
            if not take_codes(export_id):
                return
            _tell_the_planner(export)
            export.refresh_from_db()
        _write(export)
    except _Stopped:
        pass
    except (OperationalError, InterfaceError):
        raise
    except NothingGiven as nothing:
        _fail(export_id, str(nothing))
    except Quarantined as held:
        _fail(export_id, f"{held.details} Retry then.")
    except OSError as problem:
        _fail(export_id, _why(problem))
    except Exception:
        _fail(export_id, "It stopped because of an unexpected error; see the server’s log. Nothing is lost: retry.")
        raise


def retry_export(export: Export, *, by: Actor) -> bool:
    """Resumes a failed or stopped export where it ended. False if it is neither, or someone else just did this."""
    with transaction.atomic():
        failed = Export.objects.filter(pk=export.pk, status__in=[Status.FAILED, Status.STOPPED])
        if not failed.update(status=Status.QUEUED, error="", finished_at=None):
            return False
        record(
            "export.retried", by=by, object_id=export.public_id, object_label=export.file_name,
            campaign_id=export.campaign_id,
        )  # fmt: skip
        enqueue(export)
    return True


def stop_export(export: Export, *, by: Actor) -> bool:
    """Stops a queued or running export. Codes of a hand-out published by then stay published: when it is resumed, they
    are in its file.

    False if it had already ended.
    """
    with transaction.atomic():
        running = Export.objects.filter(pk=export.pk, status__in=[Status.QUEUED, Status.RUNNING])
        if not running.update(status=Status.STOPPED, finished_at=Now()):
            return False
        record(
            "export.stopped", by=by, object_id=export.public_id, object_label=export.file_name,
            campaign_id=export.campaign_id,
        )  # fmt: skip
    return True


def _tell_the_planner(export: Export) -> None:
    """A young table to which a hand-out has just added most of the rows is unknown to the planner until autovacuum
    comes round: it was seen to take minutes for a batch of the file. This takes less than a second at any size."""
    if (export.total or 0) >= MANY_CODES:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE publications_publishedvoucher")
            cursor.execute("ANALYZE codes_voucher")


def _write(export: Export) -> None:
    this, storage = Export.objects.filter(pk=export.pk, status=Status.RUNNING), export.file.storage
    # A name of its own for each attempt, known to the row before there is a file: so none is ever left behind
    # unknown, and one attempt never writes over another's.
    name = export.file.field.generate_filename(export, f"{export.public_id}-{secrets.token_hex(8)}.{export.format}")
    with transaction.atomic():
        earlier = this.select_for_update().values_list("file", flat=True).first()
        if not this.update(file=name):
            return
    if earlier:  # as the row names it now: another worker may have begun since `export` was read
        storage.delete(earlier)
    if export.parameters is None:
        rows, columns = rows_of(export), chosen_columns(export)
    else:
        rows, columns = selected_rows(export), selected_columns(export)
    if export.kind != Export.Kind.HAND_OUT:
        rows = rows._replace(queryset=rows.queryset.using(settings.REPORTS_DATABASE))
        this.update(total=rows.queryset.order_by().count(), done=0)
    with _file(export, columns, _counted(export, batches(rows))) as file:
        stored = storage.save(name, file.content)
    finished = this.filter(file=name).update(
        status=Status.DONE,
        file=stored,
        rows=file.rows,
        size=file.size,
        sha256=file.sha256,
        protected_codes=file.protected_codes,
        protected_others=file.protected_others,
        cut_cells=file.cut_cells,
        finished_at=Now(),
        **({"done": file.rows} if export.kind == Export.Kind.HAND_OUT else {"done": F("total")}),
    )
    if not finished:  # another worker began later, and it will finish, or has finished
        storage.delete(stored)


def _file(export: Export, columns: list[Column], of: Iterator[QuerySet]) -> AbstractContextManager[WrittenFile]:
    zone = ProjectSettings.current().time_zone
    if export.format == Format.XLSX:
        return xlsx_file(columns, of, zone=zone, name=export.get_kind_display())
    return csv_file(columns, of, export.csv_layout(zone=zone))


def _counted(export: Export, of: Iterator[QuerySet]) -> Iterator[QuerySet]:
    """Passes the batches on, and notes how far the file has come when the writer asks for the next one."""
    this = Export.objects.filter(pk=export.pk, status=Status.RUNNING)
    for number, batch in enumerate(of):
        if not this.update(done=Least(number * BATCH, F("total"))):
            raise _Stopped
        yield batch


def _fail(export_id: int, error: str) -> None:
    Export.objects.filter(pk=export_id, status=Status.RUNNING).update(
        status=Status.FAILED, error=error, finished_at=Now()
    )


def _why(problem: OSError) -> str:
    if problem.errno in NO_ROOM:
        return "The server’s disk is full. Free up some space, then retry: nothing is lost."
    return (
        f"The file could not be written ({problem.strerror or problem}). "
        "Fix that on the server, then retry: nothing is lost."
    )
