"""What exports do in the background."""

from __future__ import annotations

from procrastinate.contrib.django import app

from config.background import UNTIL_THE_DATABASE_ANSWERS
from publications.exports.actions import delete_old_files as old_files
from publications.exports.actions import write_export


@app.task(name="exports.make_export_file", retry=UNTIL_THE_DATABASE_ANSWERS)
def make_export_file(export_id: int) -> None:
    write_export.make_export_file(export_id)


@app.periodic(cron="40 * * * *")
@app.task(name="exports.delete_old_files", queueing_lock="delete_old_files")
def delete_old_files(timestamp: int) -> None:
    old_files.delete_old_files()
