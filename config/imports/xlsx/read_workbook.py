"""Workbooks (.xlsx) become CSV files before anything else looks at them: a sheet each, by a process of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import BoundedSemaphore
from typing import IO, NamedTuple

from django.conf import settings
from django.core.files import File

from config.imports.csv.uploads import NotCsv, Upload

PROGRAM = Path(__file__).with_name("read_sheet.py")
PATIENCE = 120  # seconds; its processor time is limited by itself
AT_ONCE = BoundedSemaphore(2)  # in one process, since each may take a gigabyte
IN_LINE = 30  # seconds
BUSY = "Other workbooks are being read at the moment. Upload this one again in a minute."
TOO_LARGE = "The workbook is too large to be read here. Save the sheet as “CSV UTF-8” and upload that file."


class Sheet(NamedTuple):
    content: File  # CSV, UTF-8, commas; deleted when it is closed
    names: list[str]  # of all sheets that can be chosen
    name: str


def is_workbook(upload: Upload) -> bool:
    upload.seek(0)
    return upload.read(4) == b"PK\x03\x04"


def read_sheet(upload: Upload, name: str = "") -> Sheet:
    """The sheet of that name, else the first that has rows. Raises NotCsv, whatever the workbook does to its reader."""
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".xlsx") as workbook:
        upload.seek(0)
        shutil.copyfileobj(upload, workbook)  # type: ignore[misc]  # a File of Django reads as any other
        workbook.flush()
        content = tempfile.TemporaryFile()  # noqa: SIM115 - who asked for it closes it
        try:
            told = _run(workbook.name, name, content)
        except BaseException:
            content.close()
            raise
    if "sheets" not in told:
        content.close()
        raise NotCsv(told.get("refused", TOO_LARGE))
    size = content.seek(0, 2)
    content.seek(0)
    file = File(content, name="sheet.csv")
    file.size = size
    return Sheet(file, told["sheets"], told["sheet"])


def _run(path: str, name: str, content: IO[bytes]) -> dict:
    """What the program says; nothing where it was ended by a limit."""
    if not AT_ONCE.acquire(timeout=IN_LINE):
        return {"refused": BUSY}
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-I", "-X", "utf8", str(PROGRAM), path, name],
            stdin=subprocess.DEVNULL,
            stdout=content,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {}
    finally:
        AT_ONCE.release()
    told: dict = {}
    for line in done.stderr.splitlines():
        if line.startswith(b"{"):
            told |= json.loads(line)
    if done.returncode or "refused" in told:  # rows that were written before it was ended are not the sheet
        return {"refused": told["refused"]} if "refused" in told else {}
    return told
