"""Undoes an import of codes by erasing all of them, provided none has been published, used or changed since."""

from __future__ import annotations

from django.db import IntegrityError, connection, transaction
from procrastinate.contrib.django import app

from campaigns.codes.models import CodeImport
from campaigns.codes.pool import raise_pool_version
from config.actor import Actor
from config.staff.audit import record

Status, Undo = CodeImport.Status, CodeImport.Undo

# Whoever is just publishing or using one of them is waited for, and what they did counts; whoever comes later finds the
# codes gone. `updated_at` is set by whatever changes a code but its first publication, and an imported code that had uses
# was withdrawn by the statement that added it.
_ERASE = """
WITH imported AS (
  SELECT id, published_at IS NULL AND updated_at IS NULL AND deleted_at IS NULL
             AND (withdrawn_at IS NULL OR withdrawn_at = created_at) AS untouched
    FROM codes_voucher WHERE id BETWEEN %s AND %s AND import_id = %s ORDER BY id FOR UPDATE),
erased AS (
  DELETE FROM codes_voucher v USING imported
   WHERE v.id = imported.id AND NOT EXISTS (SELECT FROM imported WHERE NOT untouched) RETURNING v.id)
SELECT (SELECT count(*) FROM erased), (SELECT count(*) FROM imported WHERE NOT untouched)
"""


class NotUndoable(Exception):
    """The import is still running, imported nothing, or has already been undone."""


class _Touched(Exception):
    def __init__(self, count: int = 0) -> None:
        some = "Some of its codes have" if not count else "1 code has" if count == 1 else f"{count:,} of its codes have"
        super().__init__(
            f"The import was not undone: {some} been published, used or changed since. All codes are kept. Hold back or "
            "delete those that should not be given out."
        )


def order_undo(code_import: CodeImport, *, by: Actor) -> None:
    """Orders the undo to run in the background, since there may be a million codes. Raises NotUndoable."""
    with transaction.atomic():
        ended = CodeImport.objects.filter(
            pk=code_import.pk,
            status__in=[Status.DONE, Status.STOPPED, Status.FAILED],
            undo=Undo.NO,
            rows_imported__gt=0,
            last_id__isnull=False,
        )
        if not ended.update(undo=Undo.ORDERED, undo_refused=""):
            raise NotUndoable
        app.configure_task("codes.undo_code_import").defer(import_id=code_import.pk, by=list(by))


def undo_import(import_id: int, by: Actor) -> None:
    """Runs in one transaction. If it is not possible, the import's row gets the reason. Safe to call again at any time."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            found = (
                CodeImport.objects.select_for_update(of=("self",))
                .select_related("campaign")
                .filter(pk=import_id, undo=Undo.ORDERED)
                .first()
            )
            if found is None:
                return
            cursor.execute(_ERASE, [found.first_id, found.last_id, found.pk])
            erased, touched = cursor.fetchone()
            if touched:
                raise _Touched(touched)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what the ledger and the redemptions say, now
            CodeImport.objects.filter(pk=found.pk).update(undo=Undo.DONE)
            campaign = found.campaign
            about = {"object_id": campaign.public_id, "object_label": campaign.name} if campaign else {}
            record("codes.import_undone", by=by, campaign_id=found.campaign_id, erased=erased, **about)
            raise_pool_version(found.campaign_id)
    except (_Touched, IntegrityError) as refused:
        why = refused if isinstance(refused, _Touched) else _Touched()
        CodeImport.objects.filter(pk=import_id, undo=Undo.ORDERED).update(undo=Undo.NO, undo_refused=str(why))
