"""Chooses the codes of a recall. They are written down, so that what a person starts is what the dry run counted."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from config.actor import Actor
from publications.recalls.models import Recall, RecallBatch

MOST = 500_000  # codes in one recall
BATCH = 1_000  # codes in one transaction

Status = Recall.Status


class NothingChosen(Exception):
    """Not one code was chosen."""


class TooManyChosen(Exception):
    def __init__(self) -> None:
        super().__init__(f"More than {MOST:,} codes were chosen. Narrow the choice, and act on one part at a time.")


def draft_recall(
    vouchers: Iterable[int], *, source: Recall.Source, source_key: int | None = None, act: str = "", by: Actor
) -> Recall:
    """A draft for these codes (keys), each once. Raises NothingChosen and TooManyChosen."""
    chosen: set[int] = set()
    for voucher in vouchers:
        chosen.add(voucher)
        if len(chosen) > MOST:
            raise TooManyChosen
    if not chosen:
        raise NothingChosen
    with transaction.atomic():
        recall = Recall.objects.create(
            act=act, source=source, source_key=source_key, status=Status.DRAFT, total=len(chosen),
            actor_kind=by.kind, actor_id=by.id, actor_label=by.label,
        )  # fmt: skip
        # Batches are dealt with in this order, and so are all who wait for codes.
        keys = sorted(chosen)
        RecallBatch.objects.bulk_create(
            RecallBatch(recall=recall, number=start // BATCH, vouchers=keys[start : start + BATCH])
            for start in range(0, len(keys), BATCH)
        )
    return recall
