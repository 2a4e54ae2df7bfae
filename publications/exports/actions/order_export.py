"""What ordering a hand-out and ordering a report share: the row, the audit entry and the job, all or nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.text import slugify
from django.utils.timezone import localdate
from procrastinate.contrib.django import app

from campaigns.models import Campaign
from config.actor import Actor
from config.staff.audit import record
from publications.exports.models import Export, FileLayout, Format


def order_export(
    kind: str,
    *,
    campaign: Campaign | None,
    by: Actor,
    layout: FileLayout,
    form_token: UUID | None = None,
    **options: Any,
) -> Export:
    """Makes the export's row and has the worker make its file. `options` are further fields of Export.

    The same `form_token` again gives the export that was made under it; the unique column decides, also between two
    presses of a button at the same moment.
    """
    fields = {
        "kind": kind,
        "campaign": campaign,
        "actor_kind": by.kind,
        "actor_id": by.id,
        "actor_label": by.label,
        **layout._asdict(),
        **options,
    }
    with transaction.atomic():
        if form_token:
            export, made = Export.objects.get_or_create(form_token=form_token, defaults=fields)
        else:
            export, made = Export.objects.create(**fields), True
        if made:
            export.file_name = _file_name(export)
            export.save(update_fields=["file_name"])
            record(
                "export.ordered",
                by=by,
                object_id=export.public_id,
                object_label=export.file_name,
                campaign_id=campaign.pk if campaign else None,
                # Not the filters: a name or an e-mail may be searched for in them.
                kind=kind,
                **({"format": export.format} if export.format != Format.CSV else {}),
                **({"codes": export.total} if export.total is not None else {}),
                **({"unpublished_codes": "revealed"} if export.reveals_codes else {}),
            )
            enqueue(export)
    return export


def earlier_order(form_token: UUID | None) -> Export | None:
    """The export ordered under this token, if any. Check it before refusing what may be a repeat."""
    return Export.objects.filter(form_token=form_token).first() if form_token else None


def enqueue(export: Export) -> None:
    """By name: tasks.py imports the verbs, and so no verb imports it."""
    app.configure_task("exports.make_export_file").defer(export_id=export.pk)


def _file_name(export: Export) -> str:
    """With its own number, so that no two files in a download folder have the same name."""
    campaign = slugify(export.campaign.name)[:100] if export.campaign else ""
    made_of = [campaign, export.kind.replace("_", "-"), localdate().isoformat(), str(export.pk)]
    return "-".join(filter(None, made_of)) + f".{export.format}"
