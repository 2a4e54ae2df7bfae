"""Opens an export's file for download; each download is recorded."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.files import File
from django.db import transaction
from django.db.models import F

from config.actor import Actor
from config.imports.csv.files import BYTE_ORDER_MARK
from config.imports.csv.formulas import neutralised_lines
from config.staff.audit import record
from publications.exports.models import Export

BLOCK = 256 * 1024


class NoFile(Exception):
    """There is nothing to download; the message says why."""


def download_export(export: Export, *, by: Actor) -> File:
    """The open file, recorded as downloaded. Raises NoFile, see `open_file`."""
    file = open_file(export)
    with transaction.atomic():
        Export.objects.filter(pk=export.pk).update(downloads=F("downloads") + 1)
        record(
            "export.downloaded", by=by, object_id=export.public_id, object_label=export.file_name,
            campaign_id=export.campaign_id, kind=export.kind, rows=export.rows,
        )  # fmt: skip
    return file


def open_file(export: Export) -> File:
    """Raises NoFile: not finished, failed, deleted after its retention, or missing from the disk."""
    if export.status != Export.Status.DONE:
        raise NoFile(
            "The file is not ready yet." if export.is_running else "The file was not created. Retry the export first."
        )
    if export.file_deleted_at:
        raise NoFile("The file has been deleted. Files are kept for a limited time (see the project settings).")
    try:
        return export.file.storage.open(str(export.file))
    except OSError:
        raise NoFile("The file is missing from the server’s storage. Tell the person who runs the server.") from None


def for_spreadsheets(file: File) -> Iterator[bytes]:
    """What was written for programs, as it is stored, as it may be opened by people. Closes the file."""
    with file:
        yield BYTE_ORDER_MARK
        block: list[bytes] = []
        size = 0
        for line in neutralised_lines(file):
            block.append(line)
            size += len(line)
            if size > BLOCK:
                yield b"".join(block)
                block, size = [], 0
        yield b"".join(block)
