"""What a person does with a recall: start it, stop it, continue it, or discard its draft."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from campaigns.check_value import check_value
from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.actor import Actor
from config.staff.audit import record
from publications.recalls.models import Act, Recall

Status = Recall.Status
DRAFTS_LAST = timedelta(days=2)


class NoDraft(Exception):
    """It has been started or discarded meanwhile."""


class CannotStart(ValueError):
    """What was asked for is incomplete. The message says what is missing."""


def start_recall(
    recall: Recall,
    *,
    act: str,
    reason: str,
    by: Actor,
    expiration_date: datetime | None = None,
    new_from: Campaign | None = None,
    discount_type: str | None = None,
    discount_value: Decimal | None = None,
) -> None:
    """Has it carried out in the background. Of two presses of the button one does. Raises CannotStart and NoDraft."""
    if act not in Act.values:
        raise CannotStart("Choose what to do with the codes.")
    if not (reason := " ".join(reason.split())):
        raise CannotStart("Enter a reason.")
    if act == Act.EXTEND and (expiration_date is None or expiration_date <= timezone.now()):
        raise CannotStart("Choose a date in the future.")
    revalues = act == Act.REVALUE
    if revalues and (wrong := why_no_value(discount_type, discount_value)):
        raise CannotStart(" ".join(wrong.values()))
    with transaction.atomic():
        draft = Recall.objects.filter(pk=recall.pk, status=Status.DRAFT)
        if not draft.update(
            status=Status.QUEUED, act=act, reason=reason, actor_kind=by.kind, actor_id=by.id, actor_label=by.label,
            expiration_date=expiration_date if act == Act.EXTEND else None,
            new_from=new_from if act == Act.REPLACE else None,
            discount_type=discount_type if revalues else None, discount_value=discount_value if revalues else None,
        ):  # fmt: skip
            raise NoDraft
        recall.refresh_from_db()
        record(
            "recall.started", by=by, object_id=recall.public_id, object_label=str(recall),
            campaign_id=recall.new_from_id, act=act, codes=recall.total, reason=reason,
        )  # fmt: skip
        _enqueue(recall)


def why_no_value(discount_type: str | None, discount_value: Decimal | None) -> dict[str, str]:
    """Errors by field; {} is good. What the units are is each code's own."""
    value = Voucher(discount_type=discount_type, discount_value=discount_value, unit_type="unit")
    return check_value(value, gift=False, needed=True)


def stop_recall(recall: Recall, *, by: Actor) -> bool:
    """The batch that is just being dealt with is waited for, and counts. False where it had ended already."""
    with transaction.atomic():
        running = Recall.objects.filter(pk=recall.pk, status__in=[Status.QUEUED, Status.RUNNING])
        if not running.update(status=Status.STOPPED, finished_at=timezone.now()):
            return False
        record("recall.stopped", by=by, object_id=recall.public_id, object_label=str(recall))
    return True


def continue_recall(recall: Recall, *, by: Actor) -> bool:
    """Takes a stopped or failed one up where it ended. False where it is neither."""
    with transaction.atomic():
        ended = Recall.objects.filter(pk=recall.pk, status__in=[Status.STOPPED, Status.FAILED])
        if not ended.update(status=Status.QUEUED, finished_at=None, error=""):
            return False
        record("recall.continued", by=by, object_id=recall.public_id, object_label=str(recall))
        _enqueue(recall)
    return True


def discard_recall(recall: Recall) -> None:
    """Throws a draft away. Raises NoDraft."""
    with transaction.atomic():
        draft = Recall.objects.select_for_update(of=("self",)).filter(pk=recall.pk, status=Status.DRAFT).first()
        if draft is None:
            raise NoDraft
        draft.delete()


def delete_old_drafts() -> int:
    """Drafts that nobody has started for days."""
    old = Recall.objects.filter(status=Status.DRAFT, created_at__lt=timezone.now() - DRAFTS_LAST)
    deleted, _ = old.delete()
    return deleted


def _enqueue(recall: Recall) -> None:
    app.configure_task("recalls.carry_out").defer(recall_id=recall.pk)
