"""What happens to codes in the background."""

from __future__ import annotations

from procrastinate.contrib.django import app

from campaigns.codes.actions.extend_pool import fulfil_order
from campaigns.codes.actions.import_codes import import_codes
from campaigns.codes.actions.keep_reserve import keep_reserves
from campaigns.codes.actions.note_expired import note_expired
from campaigns.codes.actions.undo_import import undo_import
from campaigns.codes.actions.update_metadata import update_metadata as run_update
from campaigns.codes.models import CodeImport
from config.actor import Actor
from config.background import UNTIL_THE_DATABASE_ANSWERS
from config.imports.delete_old_imports import delete_old_imports


@app.task(name="codes.fulfil_code_order", retry=UNTIL_THE_DATABASE_ANSWERS)
def fulfil_code_order(order_id: int) -> None:
    fulfil_order(order_id)


@app.periodic(cron="* * * * *")
@app.task(name="codes.keep_code_reserves", queueing_lock="keep_reserves", lock="keep_reserves")
def keep_code_reserves(timestamp: int) -> None:
    keep_reserves()


@app.periodic(cron="* * * * * */10")
@app.task(name="codes.note_expired_codes", queueing_lock="note_expired_codes", lock="note_expired_codes")
def note_expired_codes(timestamp: int) -> None:
    note_expired()


@app.task(name="codes.run_code_import", retry=UNTIL_THE_DATABASE_ANSWERS)
def run_code_import(import_id: int) -> None:
    import_codes(import_id)


@app.task(name="codes.undo_code_import", retry=UNTIL_THE_DATABASE_ANSWERS)
def undo_code_import(import_id: int, by: list) -> None:
    undo_import(import_id, Actor(*by))


@app.task(name="codes.update_metadata", retry=UNTIL_THE_DATABASE_ANSWERS)
def update_metadata(update_id: int) -> None:
    run_update(update_id)


@app.periodic(cron="37 3 * * *")
@app.task(name="codes.delete_old_code_imports", queueing_lock="delete_old_code_imports")
def delete_old_code_imports(timestamp: int) -> None:
    delete_old_imports(CodeImport)
