"""Adds to the metadata of many codes in the background, chunk by chunk."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from procrastinate.contrib.django import app

from campaigns.codes.models import MetadataUpdate
from config.actor import Actor
from config.metadata import MAX_BYTES, check_metadata
from config.staff.audit import record

CHUNK = 1_000  # codes in a transaction
NOT_FOUND = "Cannot find a voucher with this code."
TOO_LARGE = f"Together with what the voucher has already, its metadata would exceed {MAX_BYTES // 1024} KB."

# Locked in the order of their ids, as everywhere.
STATEMENT = """
WITH asked AS (
    SELECT * FROM json_to_recordset(%(rows)s::json) AS asked (code text, metadata jsonb)
), held AS MATERIALIZED (
    SELECT v.id, v.code FROM codes_voucher v LEFT JOIN campaigns_campaign c ON c.id = v.campaign_id
     WHERE v.code IN (SELECT code FROM asked) AND v.deleted_at IS NULL AND c.deleted_at IS NULL
     ORDER BY v.id FOR NO KEY UPDATE OF v
), changed AS (
    UPDATE codes_voucher v SET metadata = coalesce(v.metadata, '{}') || asked.metadata, updated_at = now()
      FROM held JOIN asked ON asked.code = held.code
     WHERE v.id = held.id AND octet_length((coalesce(v.metadata, '{}') || asked.metadata)::text) <= %(largest)s
    RETURNING v.id
)
SELECT held.code, held.id IN (SELECT id FROM changed) FROM held
"""


def order_metadata_update(
    rows: Sequence[tuple[str, Mapping[str, Any]]], *, same_for_all: bool, by: Actor
) -> MetadataUpdate:
    """`rows`: codes, and what to add to the metadata of each. If a code is repeated, the last value of each key counts.

    Raises MetadataRefused.
    """
    wanted: dict[str, dict[str, Any]] = {}
    for code, metadata in rows:
        wanted[code] = {**wanted.get(code, {}), **metadata}
    for metadata in wanted.values():
        check_metadata(metadata)
    with transaction.atomic():
        update = MetadataUpdate.objects.create(
            total=len(wanted),
            same_for_all=same_for_all,
            rows=[{"code": code, "metadata": metadata} for code, metadata in wanted.items()],
            actor_kind=by.kind,
            actor_id=by.id,
            actor_label=by.label,
        )
        app.configure_task("codes.update_metadata").defer(update_id=update.pk)
        record("codes.metadata_updated", by=by, object_id=update.public_id, count=len(wanted))
    return update


def update_metadata(update_id: int) -> None:
    """Carries out the order; safe to call again at any time. Raises OperationalError and InterfaceError; call it again
    then.

    Progress is written in the transaction of the codes it counts.
    """
    try:
        while _update_a_chunk(update_id):
            pass
    except (OperationalError, InterfaceError):
        raise
    except Exception as problem:
        MetadataUpdate.objects.filter(pk=update_id).update(
            status=MetadataUpdate.Status.FAILED, error=f"It stopped because of an unexpected error: {problem}",
            finished_at=Now(),
        )  # fmt: skip
        raise


def _update_a_chunk(update_id: int) -> bool:
    Status = MetadataUpdate.Status
    with transaction.atomic():
        update = MetadataUpdate.objects.select_for_update().filter(pk=update_id).first()
        if update is None or not update.is_running:
            return False
        rows = update.rows[update.done : update.done + CHUNK]
        with connection.cursor() as cursor:
            cursor.execute(STATEMENT, {"rows": json.dumps(rows), "largest": MAX_BYTES})
            changed = dict(cursor.fetchall())
        update.refused += [
            {"code": row["code"], "reason": TOO_LARGE if row["code"] in changed else NOT_FOUND}
            for row in rows
            if not changed.get(row["code"])
        ]
        ended = update.done + len(rows) >= len(update.rows)
        MetadataUpdate.objects.filter(pk=update_id).update(
            done=F("done") + len(rows),
            refused=update.refused,
            rows=[] if ended else update.rows,
            status=Status.DONE if ended else Status.RUNNING,
            started_at=Coalesce("started_at", Now()),
            finished_at=Now() if ended else None,
        )
        return not ended
