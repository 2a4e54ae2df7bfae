"""What publications do in the background. Tasks are thin: each calls a verb, and bears being run again."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from publications import delete_old_files as old_files
from publications import write_export

# For as long as it takes: a database that is away or busy comes back, and the work goes on where it stopped.
UNTIL_THE_DATABASE_ANSWERS = RetryStrategy(wait=10, retry_exceptions=[OperationalError, InterfaceError])


@app.task(retry=UNTIL_THE_DATABASE_ANSWERS)
def make_export_file(export_id: int) -> None:
    write_export.make_export_file(export_id)


@app.periodic(cron="40 * * * *")
@app.task(queueing_lock="delete_old_files")
def delete_old_files(timestamp: int) -> None:
    old_files.delete_old_files()
