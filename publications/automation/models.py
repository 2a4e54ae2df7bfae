"""When an automatic distribution publishes, and for whom; and each time that it did, or why it did not."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from campaigns.models import Campaign
from customers.models import Customer
from customers.segments.models import Segment
from publications.automation.schedule_words import schedule_in_words
from publications.distributions.models import Delivery, Distribution
from publications.distributions.reasons import FiringReason, in_words
from publications.distributions.states import LISTENING


class RuleQuerySet(models.QuerySet):
    def listening(self) -> Self:
        """Those that fire. One that Handout itself paused (an empty pool) goes on noting for whom it must fire."""
        return self.filter(distribution__status__in=LISTENING)


class Rule(models.Model):
    """What starts an automatic distribution, and under which conditions."""

    OWNER = "rule "  # of what it listens to; its key follows

    class Trigger(models.TextChoices):
        CUSTOMER_CREATED = "customer_created", "A customer is created"
        SEGMENT_ENTERED = "segment_entered", "A customer enters a segment"
        SEGMENT_LEFT = "segment_left", "A customer leaves a segment"
        CODE_PUBLISHED = "code_published", "A code is published"
        CODE_REDEEMED = "code_redeemed", "A code is redeemed"
        EXPIRES_SOON = "expires_soon", "A code expires soon, unused"
        CODE_EXPIRED = "code_expired", "A code has expired, unused"
        CODE_RELEASED = "code_released", "A code is released"
        REDEMPTION_FAILED = "redemption_failed", "An attempt to redeem fails"
        ROLLED_BACK = "rolled_back", "A redemption is rolled back"
        PUBLICATION_FAILED = "publication_failed", "An attempt to publish fails"
        EVENT = "event", "A custom event occurs"
        SCHEDULE = "schedule", "On a schedule"
        REFERRER = "referrer", "A successful referral, for the referrer"
        REFEREE = "referee", "A successful referral, for the referee"

    class Per(models.TextChoices):
        EVER = "ever", "ever"
        DAY = "day", "every 24 hours"
        WEEK = "week", "every 7 days"
        MONTH = "month", "every 30 days"

    distribution = models.OneToOneField(Distribution, models.CASCADE, primary_key=True, related_name="rule")
    trigger = models.CharField(max_length=20, choices=Trigger.choices)
    # Which segment is entered or left; of a schedule, for whom.
    segment = models.ForeignKey(Segment, models.PROTECT, null=True, blank=True, related_name="rules")
    with_those_in_it = models.BooleanField(db_default=False, default=False)
    # Of which campaign the code is; null: of any.
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, blank=True, related_name="rules")
    event_name = models.CharField(max_length=300, db_default="", default="", blank=True)
    event_filter = models.JSONField(
        null=True, blank=True
    )  # on its properties; customers/segments/segment_filter.py reads it
    # In the project's time zone. Of codes that expire soon: at which time of each day.
    cron = models.CharField(max_length=100, db_default="", default="", blank=True)
    days_before = models.PositiveSmallIntegerField(null=True, blank=True)  # the last day of a code
    every = models.PositiveIntegerField(db_default=1, default=1)  # of a referrer: each n-th referee

    # Conditions.
    only_segment = models.ForeignKey(Segment, models.PROTECT, null=True, blank=True, related_name="+")
    only_holders_of = models.ForeignKey(Campaign, models.PROTECT, null=True, blank=True, related_name="+")
    only_without = models.ForeignKey(Campaign, models.PROTECT, null=True, blank=True, related_name="+")
    at_most = models.PositiveIntegerField(null=True, blank=True)  # per customer; null: whenever it happens
    per = models.CharField(max_length=10, choices=Per.choices, db_default="ever", default="ever")

    activated_at = models.DateTimeField(null=True)  # what happened before is not its business
    next_run_at = models.DateTimeField(null=True)  # of one with a cron
    # A walk through a whole segment, in batches by customer, or through a campaign's codes: the key of its firings, and how
    # far it is.
    walk = models.CharField(max_length=40, db_default="", default="")  # "": none is under way
    walk_up_to = models.BigIntegerField(db_default=0, default=0)

    objects = RuleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="rule_trigger_is_complete",
                condition=Q(trigger__in=["segment_entered", "segment_left"], segment__isnull=False)
                | Q(trigger="event") & ~Q(event_name="")
                | Q(trigger="schedule", segment__isnull=False) & ~Q(cron="")
                | Q(trigger__in=["referrer", "referee"], campaign__isnull=False)
                | Q(trigger="expires_soon", campaign__isnull=False, days_before__isnull=False, days_before__gte=1)
                & ~Q(cron="")
                | Q(trigger__in=["customer_created", "code_published", "code_redeemed"])
                | Q(trigger__in=["code_expired", "code_released"])
                | Q(trigger__in=["redemption_failed", "rolled_back", "publication_failed"]),
            ),
            models.CheckConstraint(
                name="rule_counts", condition=Q(every__gte=1) & (Q(at_most=None) | Q(at_most__gte=1))
            ),
            # Nobody both holds a code and holds none.
            models.CheckConstraint(
                name="rule_of_somebody",
                condition=Q(only_holders_of=None) | Q(only_without=None) | ~Q(only_holders_of=F("only_without")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_trigger_display()}: {self.distribution_id}"

    @property
    def schedule(self) -> str:
        """In words, of a rule that waits for the clock."""
        return schedule_in_words(self.cron)

    @property
    def owner(self) -> str:
        """As a listener."""
        return f"{self.OWNER}{self.pk}"


class Firing(models.Model):
    """A trigger met a rule: for this customer it fired (then there is a delivery), or it did not, and why."""

    class Outcome(models.TextChoices):
        FIRED = "fired", "Triggered"
        SKIPPED = "skipped", "Skipped"

    distribution = models.ForeignKey(Distribution, models.PROTECT, related_name="firings", db_index=False)
    # "event 123": of the outbox; "time 2026-03-01T09:00Z"; "already"; "code 123 2026-03-08": of the ledger, and its last day
    key = models.CharField(max_length=64)
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="+", db_index=False)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    reason = models.CharField(max_length=20, choices=FiringReason.choices, db_default="", default="")
    detail = models.CharField(max_length=300, db_default="", default="")
    delivery = models.OneToOneField(Delivery, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["distribution", "-id"], name="firing_of_distribution"),
            models.Index(fields=["distribution", "outcome", "-id"], name="firing_by_outcome"),
            # How often it has fired for a customer.
            models.Index(
                fields=["distribution", "customer", "created_at"], condition=Q(outcome="fired"), name="firing_counted"
            ),
        ]
        constraints = [
            # A trigger fires once for a customer, whoever runs twice.
            models.UniqueConstraint(fields=["distribution", "key", "customer"], name="firing_once"),
            models.CheckConstraint(
                name="firing_has_delivery_or_reason",
                condition=Q(outcome="fired", delivery__isnull=False, reason="")
                | Q(outcome="skipped", delivery=None) & ~Q(reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.distribution_id} for {self.customer_id}: {self.outcome}"

    @property
    def why(self) -> str:
        """Why it did not fire, or what became of the delivery; "" where there is nothing to tell."""
        if self.reason:
            return in_words(FiringReason(self.reason), self.detail)
        return self.delivery.why if self.delivery else ""
