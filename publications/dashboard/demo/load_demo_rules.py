"""For the demo data: a rule that has welcomed new readers and goes on, and what a rule has given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from campaigns.models import Campaign
from config.actor import Actor
from config.events.note import listen
from config.staff.models import AuditEntry
from customers.models import Customer
from customers.segments.actions.watch_segments import watch_segment
from customers.segments.models import Segment
from customers.segments.queries.find_segments import in_segment
from publications.automation.actions.fire_rules import KINDS
from publications.automation.models import Firing, Rule
from publications.dashboard.demo.load_demo_runs import BODY, ended, give_demo_codes, keep_sent
from publications.distributions.models import Delivery, Distribution
from publications.distributions.reasons import FiringReason
from publications.models import Publication

READERS = 14


def load_demo_rules(*, by: Actor) -> None:
    """Written as rows, like all of the demo. To be called in the transaction of the rest of it, after the runs."""
    readers, campaign = Segment.objects.get(name="Newsletter readers"), Campaign.objects.get(name="Autumn Roast Launch")
    began = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=20)
    run = active_rule(
        "Welcome to new readers", campaign, began, rule={"trigger": "segment_entered", "segment": readers, "at_most": 1},
        subject="Welcome, {{ customer.first_name }}", body=BODY, by=by,
    )  # fmt: skip
    watch_segment(readers, owner=run.rule.owner)
    holders = Publication.objects.filter(campaign=campaign, voided_at=None, customer__isnull=False)
    fresh = Customer.objects.filter(in_segment(readers)).exclude(pk__in=holders.values("customer")).order_by("-pk")
    entered = [(who, began + timedelta(hours=31 * n, minutes=7 * n)) for n, who in enumerate(fresh[:READERS])]
    write_firings(run, entered)
    # They left the segment and came back.
    Firing.objects.bulk_create(
        Firing(
            distribution=run, key=f"demo {n} again", customer=who, outcome="skipped", reason=FiringReason.TOO_OFTEN,
            detail="at most once", created_at=entered[-1][1] + timedelta(hours=9 * n + 5),
        )
        for n, (who, _) in enumerate(entered[:9:4])
    )  # fmt: skip


def active_rule(
    name: str, campaign: Campaign, began: datetime, *, rule: dict[str, Any], by: Actor, **message: str
) -> Distribution:
    """One that has been active since `began`, and listens."""
    run = Distribution.objects.create(
        name=name, kind="automatic", status="active", audience="trigger", skip_holders=False, campaign=campaign,
        message="email", created_at=began - timedelta(minutes=40), started_at=began, actor_kind=by.kind,
        actor_id=by.id, actor_label=by.label, **message,
    )  # fmt: skip
    made = Rule.objects.create(distribution=run, activated_at=timezone.now(), **rule)
    if made.segment_id is None:
        listen(KINDS[Rule.Trigger(made.trigger)], owner=made.owner)
    AuditEntry.objects.bulk_create(
        AuditEntry(
            action=f"distribution.{done}", created_at=at, actor_kind=by.kind, actor_label=by.label,
            object_id=run.public_id, object_label=run.name, campaign_id=campaign.pk, details={},
        )
        for done, at in [("created", run.created_at), ("activated", began)]
    )  # fmt: skip
    return run


def write_firings(run: Distribution, given: Sequence[tuple[Customer, datetime]]) -> None:
    """Each of these customers was given a code at that moment, and told by e-mail. No key of theirs is an event's."""
    publications = give_demo_codes(run, given, channel="Automation", origin="automation")
    deliveries = Delivery.objects.bulk_create(
        Delivery(
            distribution=run, customer=who, firing=f"demo {n}", publication=publication, state=ended(), attempts=1,
            email=who.email, created_at=at, state_at=at + timedelta(seconds=6),
        )
        for n, ((who, at), publication) in enumerate(zip(given, publications, strict=True))
    )  # fmt: skip
    Firing.objects.bulk_create(
        Firing(
            distribution=run, key=delivery.firing, customer=delivery.customer, outcome="fired", delivery=delivery,
            created_at=delivery.created_at,
        )
        for delivery in deliveries
    )  # fmt: skip
    if not settings.EMAIL_IS_SENT:
        keep_sent(run, deliveries)
