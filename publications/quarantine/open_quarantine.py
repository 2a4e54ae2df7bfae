"""Opens a quarantine on a database that lost its latest changes, and stops whatever must not continue."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from campaigns.codes.models import ExpiryWalk
from config.actor import Actor
from config.alerts.models import Notice
from config.api.models import BearerToken
from config.staff.audit import record
from config.staff.models import Quarantine, StaffSession
from config.staff.quarantine import current
from publications.automation.actions.walk_segments import next_time
from publications.automation.models import Rule
from publications.distributions.actions.change_status import hold
from publications.distributions.models import Delivery, Distribution
from publications.distributions.reasons import DeliveryReason, StatusReason
from publications.distributions.states import AT_WORK
from publications.exports.models import Export
from publications.models import PublicationImport
from publications.quarantine.erase_again import erase_again
from publications.quarantine.move_ids_on import move_ids_on

Status, State = Distribution.Status, Delivery.State
STOPPED = (
    "The database lost its latest changes while this was in progress, so it may not know of some published codes. "
    "Review them first, then retry."
)


def open_quarantine(cause: str, *, lost_since: datetime, by: Actor) -> Quarantine:
    """From its return on nothing is published. Where one is open already, that one, from the earlier of both moments."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Waits for whoever is publishing, and has the others wait: they look at the quarantine only with a lock of theirs.
        cursor.execute("LOCK TABLE publications_publication IN SHARE ROW EXCLUSIVE MODE")
        quarantine = current()
        if not quarantine:
            quarantine = Quarantine.objects.create(
                cause=cause, lost_since=lost_since, actor_kind=by.kind, actor_id=by.id, actor_label=by.label
            )
        elif lost_since < quarantine.lost_since:
            Quarantine.objects.filter(pk=quarantine.pk).update(lost_since=lost_since)
    prepare(Quarantine.objects.get(pk=quarantine.pk), by=by)
    return Quarantine.objects.get(pk=quarantine.pk)


def prepare(quarantine: Quarantine, *, by: Actor, erasures: Path | None = None) -> None:
    """Moves ids on, erases again, and stops running work, once. If it is killed midway, it starts over."""
    if quarantine.prepared_at:
        return
    move_ids_on()
    erased = erase_again(erasures or settings.ERASURES_FILE, by=by)
    with transaction.atomic():
        if not Quarantine.objects.filter(pk=quarantine.pk, prepared_at=None).update(prepared_at=Now()):
            return
        record(
            "quarantine.opened", by=by, object_label=quarantine.get_cause_display(), erased_again=erased,
            lost_since=quarantine.lost_since.isoformat(), **_stop_what_was_at_work(),
        )  # fmt: skip


def _stop_what_was_at_work() -> dict[str, Any]:
    """How many of each kind. Whoever signed in signs in again: a session or token that was ended in the lost time is back."""
    due = Q(status__in=AT_WORK) | Q(status=Status.SCHEDULED, starts_at__lte=Now())
    found = list(Distribution.objects.select_for_update(no_key=True).filter(due))
    at_work = [distribution.pk for distribution in found]
    _pass_by_what_happened(at_work)
    for distribution in found:
        hold(distribution, StatusReason.LOST, where=due)
    # Those whose turn was next, and those in flight: they may have got theirs in the moments that are lost.
    waiting = Q(state=State.PUBLISHED) & ~Q(distribution__message=Distribution.Message.NONE) | Q(state=State.SENDING)
    unknown = Delivery.objects.filter(waiting, distribution__in=at_work).update(
        state=State.UNKNOWN, reason=DeliveryReason.LOST, detail="", next_attempt_at=None, state_at=Now()
    )
    unfinished = {"status__in": ["queued", "running"]}
    failed = {"status": "failed", "error": STOPPED, "finished_at": Now()}
    return {
        "distributions": len(at_work),
        "unknown": unknown,
        "hand_outs": Export.objects.filter(kind=Export.Kind.HAND_OUT, **unfinished).update(**failed),
        "imports": PublicationImport.objects.filter(**unfinished).update(**failed),
        "alerts": Notice.objects.filter(email__in=["due", "sending"]).update(
            email="unknown", email_at=Now(), email_error="The database lost its latest changes"
        ),
        "sessions": StaffSession.objects.all().delete()[0],
        "tokens": BearerToken.objects.all().delete()[0],
    }


def _pass_by_what_happened(distributions: list[int]) -> None:
    """What should have started a rule before now may have done so in the lost moments: it does not start it again.
    Which codes have expired is told from now on."""
    ExpiryWalk.objects.all().delete()
    for rule in Rule.objects.filter(pk__in=distributions):
        rule.activated_at, rule.walk, rule.walk_up_to = Now(), "", 0
        if rule.cron:
            rule.next_run_at = next_time(rule.cron)
        rule.save(update_fields=["activated_at", "walk", "walk_up_to", "next_run_at"])
