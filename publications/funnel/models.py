"""The funnel's tallies, and what each code has added to them (ADR 0048)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

OF_EVERYTHING = 0
STANDALONE = -1  # in the place of a campaign: codes that have none
NO_DISTRIBUTION = 0


class Step(models.IntegerChoices):
    DELIVERED = 1, "Delivered"
    REDEEMED = 2, "Redeemed"


class Cell(models.Model):
    """What a tally is of: the codes published in one week, in the time zone that FunnelProgress names.

    Each code is in two: one of its campaign, channel and distribution, and one of everything, by channel.
    """

    campaign_id = models.BigIntegerField()  # or OF_EVERYTHING, or STANDALONE
    week = models.DateField()  # its Monday
    channel = models.CharField(max_length=100)
    distribution_id = models.BigIntegerField()  # or NO_DISTRIBUTION

    class Meta:
        abstract = True


class FunnelTally(Cell):
    """How many codes are published, and how far they have come. Released ones are no longer among them."""

    published = models.BigIntegerField()
    messages = models.BigIntegerField()  # of these: published by a distribution that sends messages
    delivered = models.BigIntegerField()
    redeemed = models.BigIntegerField()
    amount = models.DecimalField(max_digits=28, decimal_places=0)  # of the orders, in hundredths

    class Meta:
        verbose_name_plural = "funnel tallies"
        constraints = [
            models.UniqueConstraint(
                fields=["campaign_id", "week", "channel", "distribution_id"], name="funnel_tally_once"
            ),
        ]
        indexes = [
            models.Index(fields=["week"], name="funnel_tally_week"),
            models.Index(fields=["distribution_id", "week"], name="funnel_tally_run", condition=~Q(distribution_id=0)),
        ]

    def __str__(self) -> str:
        return f"{self.week} {self.channel}"


class FunnelTime(Cell):
    """How many codes took a step so long after they were published: a histogram in which no two durations share a bucket
    that a page would tell apart (durations.py)."""

    step = models.SmallIntegerField(choices=Step.choices)
    bucket = models.IntegerField()
    codes = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "funnel times"
        constraints = [
            models.UniqueConstraint(
                fields=["campaign_id", "week", "channel", "distribution_id", "step", "bucket"], name="funnel_time_once"
            ),
        ]
        indexes = [
            models.Index(fields=["week"], name="funnel_time_week"),
            models.Index(fields=["distribution_id", "week"], name="funnel_time_run", condition=~Q(distribution_id=0)),
        ]

    def __str__(self) -> str:
        return f"{self.week} {self.channel} {self.get_step_display()}"


class FunnelCode(models.Model):
    """What one row of the ledger has added to the tallies. Without a row here: it is published, and that is all."""

    ledger_id = models.BigIntegerField(primary_key=True)
    live = models.BooleanField()  # False: it was released, and adds nothing
    delivered = models.BooleanField()
    delivered_after = models.IntegerField(null=True)  # a bucket; null: not delivered, or nobody knows when
    redeemed = models.BooleanField()
    redeemed_after = models.IntegerField(null=True)
    amount = models.DecimalField(max_digits=28, decimal_places=0)

    def __str__(self) -> str:
        return f"row {self.ledger_id} of the ledger"


class FunnelChange(models.Model):
    """Rows of the ledger that must be looked at again: written by triggers, taken away by the counting."""

    publication_id = models.BigIntegerField()
    ledger_id = models.BigIntegerField(null=True)  # null: all of the publication

    def __str__(self) -> str:
        return f"publication {self.publication_id}"


class FunnelProgress(models.Model):
    """The one row that says how far the counting has come. Whoever changes a tally holds its lock."""

    id = models.SmallAutoField(primary_key=True)
    time_zone = models.CharField(max_length=64)
    # Rows of the ledger, and redemptions: counted up to these ids; and up to these, each that will ever be is there.
    ledger_up_to = models.BigIntegerField(default=0)
    ledger_settled = models.BigIntegerField(default=0)
    redemptions_up_to = models.BigIntegerField(default=0)
    redemptions_settled = models.BigIntegerField(default=0)
    settled_at = models.DateTimeField(null=True)  # when those ids were the last
    # The last ids drawn at `noted_at`, and the transactions that could still be writing rows with smaller ones.
    noted_ledger = models.BigIntegerField(null=True)
    noted_redemptions = models.BigIntegerField(null=True)
    noted_at = models.DateTimeField(null=True)
    writers = ArrayField(models.TextField(), null=True)
    as_of = models.DateTimeField(null=True)  # all that had happened by then is counted; null: not all, yet

    class Meta:
        verbose_name_plural = "funnel progress"
        constraints = [
            models.CheckConstraint(name="funnel_progress_is_one_row", condition=Q(id=1)),
            models.CheckConstraint(
                name="funnel_counts_what_is_settled",
                condition=Q(ledger_up_to__lte=F("ledger_settled"), redemptions_up_to__lte=F("redemptions_settled")),
            ),
        ]

    def __str__(self) -> str:
        return f"counted up to {self.ledger_up_to}"
