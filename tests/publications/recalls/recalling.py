"""Recalls for tests, made by the verbs as the pages do it."""

from __future__ import annotations

from publications.dashboard.verify import verify
from publications.recalls.actions.carry_out import carry_out
from publications.recalls.actions.draft_recall import draft_recall
from publications.recalls.actions.start_recall import start_recall
from publications.recalls.models import Recall, RecalledCode
from tests.support.factories import STAFF

REASON = "Wrong value printed"


def queued_recall(act: str, vouchers, **options) -> Recall:
    draft = draft_recall([voucher.pk for voucher in vouchers], source=Recall.Source.CHOSEN, by=STAFF)
    start_recall(draft, act=act, reason=REASON, by=STAFF, **options)
    return draft


def recalled(act: str, vouchers, **options) -> Recall:
    queued = queued_recall(act, vouchers, **options)
    carry_out(queued.pk)
    queued.refresh_from_db()
    return queued


def outcomes(recall: Recall) -> dict[int, str]:
    return dict(RecalledCode.objects.filter(recall=recall).values_list("voucher", "outcome"))


def broken() -> list[str]:
    return [found.name for found in verify() if found.violations and "survives a crash" not in found.name]
