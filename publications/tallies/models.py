"""What is counted beforehand, so that no page counts millions of rows (ADR 0021)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

OF_EVERYTHING = 0


class DayTally(models.Model):
    """The publications of one day, in the time zone that TallyProgress names: of a campaign, or of everything.

    Counted are those with ids up to TallyProgress.counted_up_to, the voided ones too.
    """

    campaign_id = models.BigIntegerField()  # OF_EVERYTHING: all, those without a campaign too
    day = models.DateField()
    channel = models.CharField(max_length=100)
    result = models.CharField(max_length=8)
    reason = models.CharField(max_length=20, default="", db_default="")  # why the attempts failed; "": they did not
    publications = models.BigIntegerField()
    codes = models.BigIntegerField()
    attempts = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "day tallies"
        constraints = [
            models.UniqueConstraint(
                fields=["campaign_id", "day", "channel", "result", "reason"], name="day_tally_once"
            ),
        ]
        indexes = [
            # The few failures among all campaigns' tallies.
            models.Index(fields=["day"], name="day_tally_failures", condition=Q(result="FAILURE")),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.channel} {self.result}"


class TallyProgress(models.Model):
    """The one row that says how far the counting has come. Whoever changes a tally holds its lock."""

    id = models.SmallAutoField(primary_key=True)
    time_zone = models.CharField(max_length=64)  # "" before the first count
    counted_up_to = models.BigIntegerField(default=0)
    # Up to this id every publication that will ever be is there, and none will be changed by a repeated attempt.
    settled_up_to = models.BigIntegerField(default=0)
    # The last id that was drawn at `noted_at`, and the transactions that could still be writing such rows later on.
    noted_up_to = models.BigIntegerField(null=True)
    noted_at = models.DateTimeField(null=True)
    writers = ArrayField(models.TextField(), null=True)

    class Meta:
        verbose_name_plural = "tally progress"
        constraints = [
            models.CheckConstraint(name="tally_progress_is_one_row", condition=Q(id=1)),
            models.CheckConstraint(
                name="tally_counts_what_is_settled", condition=Q(counted_up_to__lte=F("settled_up_to"))
            ),
        ]

    def __str__(self) -> str:
        return f"counted up to {self.counted_up_to}"
