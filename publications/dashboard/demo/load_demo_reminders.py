"""For the demo data: a reminder that holders of unused codes were sent, and a rule that reminds before a code's last day."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Max
from django.utils import timezone

from campaigns.models import Campaign
from config.actor import SYSTEM, Actor
from config.staff.models import AuditEntry
from publications.automation.actions.walk_segments import next_time
from publications.automation.models import Rule
from publications.dashboard.demo.load_demo_runs import ended, keep_sent
from publications.distributions.models import Delivery, Distribution
from publications.distributions.pages.forms import REMINDER, REMINDER_SUBJECT
from publications.distributions.reasons import DeliveryReason
from publications.distributions.reminders import key_of_code
from publications.models import PublishedVoucher

REMINDED = 60
AT_NINE = "0 9 * * *"


def load_demo_reminders(*, by: Actor) -> None:
    """Written as rows, like all of the demo. To be called last."""
    _reminder(Campaign.objects.get(name="Student Plus"), by=by)
    _rule(
        Campaign.objects.filter(expiration_date__gt=timezone.now(), standalone=False).earliest("expiration_date"), by=by
    )


def _reminder(campaign: Campaign, *, by: Actor) -> None:
    """Of the oldest unused codes; one of them was used a moment before its message, so that it was left out."""
    began = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
    run = Distribution.objects.create(
        name="Student Plus, still unused", kind="manual", status="done", audience="holders", remind=True, campaign=campaign,
        skip_holders=False, subject=REMINDER_SUBJECT, body=REMINDER.replace(" Its last day is {{ expires }}.", ""),
        created_at=began - timedelta(minutes=20), starts_at=began, started_at=began, audience_complete=True,
        audience_up_to=campaign.vouchers.aggregate(last=Max("pk"))["last"], finished_at=began + timedelta(minutes=1),
        actor_kind=by.kind, actor_id=by.id, actor_label=by.label,
    )  # fmt: skip
    live = PublishedVoucher.objects.filter(voucher__campaign=campaign, released_at=None)
    rows = live.select_related("voucher__campaign", "publication__customer", "settled_to").order_by("pk")
    unused = [row for row in rows if row.holder and not row.voucher.redeemed_quantity][:REMINDED]
    used = next((row for row in rows if row.holder and row.voucher.redeemed_quantity), None)
    deliveries = [_delivery(run, row, n, state=ended(), attempts=1) for n, row in enumerate(unused)]
    if used:
        deliveries.append(_delivery(run, used, REMINDED, state="skipped", reason=DeliveryReason.CODE_USED))
    Delivery.objects.bulk_create(deliveries)
    if not settings.EMAIL_IS_SENT:
        keep_sent(run, deliveries)
    _log(run, [("created", by), ("scheduled", by), ("started", SYSTEM), ("done", SYSTEM)])


def _delivery(run: Distribution, row: PublishedVoucher, number: int, **fate: str | int) -> Delivery:
    assert run.started_at and row.holder
    email = "" if fate["state"] == "skipped" else row.holder.email
    return Delivery(
        distribution=run, customer=row.holder, firing=key_of_code(row.pk), reminds=row, email=email,
        created_at=run.started_at, state_at=run.started_at + timedelta(milliseconds=700 * number), **fate,
    )  # fmt: skip


def _rule(campaign: Campaign, *, by: Actor) -> None:
    run = Distribution.objects.create(
        name="Last call, a week before", kind="automatic", status="active", audience="trigger", remind=True,
        skip_holders=False, campaign=campaign, subject=REMINDER_SUBJECT, body=REMINDER, started_at=timezone.now(),
        actor_kind=by.kind, actor_id=by.id, actor_label=by.label,
    )  # fmt: skip
    Rule.objects.create(
        distribution=run, trigger=Rule.Trigger.EXPIRES_SOON, campaign=campaign, days_before=7, cron=AT_NINE,
        activated_at=timezone.now(), next_run_at=next_time(AT_NINE),
    )  # fmt: skip
    _log(run, [("created", by), ("activated", by)])


def _log(run: Distribution, acts: list[tuple[str, Actor]]) -> None:
    assert run.started_at
    AuditEntry.objects.bulk_create(
        AuditEntry(
            action=f"distribution.{done}", created_at=run.started_at, actor_kind=who.kind, actor_label=who.label,
            object_id=run.public_id, object_label=run.name, campaign_id=run.campaign_id,
            details={"at": "in 10 minutes"} if done == "scheduled" else {},
        )
        for done, who in acts
    )  # fmt: skip
