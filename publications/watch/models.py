"""When each pool will be empty, as it looked when it was last worked out."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models.functions import Now

from campaigns.models import Campaign


class PoolForecast(models.Model):
    """Of a live campaign with a fixed pool. Worked out every few minutes (actions/forecast_pools.py)."""

    campaign = models.OneToOneField(Campaign, models.CASCADE, primary_key=True, related_name="+")
    computed_at = models.DateTimeField(db_default=Now())
    left = models.BigIntegerField()  # codes in the pool, and in all
    total = models.BigIntegerField()
    # Codes a day, over the last 7 and 28 whole days, without hand-outs, distributions and imports, which come at once.
    pace_week = models.FloatField()
    pace_month = models.FloatField()
    # The day on which the pool will be empty at that pace and with what is planned; null: not within a year, or not
    # before the campaign ends.
    empty_on_week = models.DateField(null=True)
    empty_on_month = models.DateField(null=True)
    planned = models.BigIntegerField(db_default=0, default=0)  # what distributions will take: scheduled, and under way
    reserved = models.BigIntegerField(db_default=0, default=0)  # of `left`, for distributions: nobody else gets those
    # The first of them for which the pool will not do, at the faster of the two paces.
    short_for = models.ForeignKey(
        "distributions.Distribution", models.CASCADE, null=True, related_name="+", db_index=False
    )
    short_on = models.DateField(null=True)
    short_by = models.BigIntegerField(db_default=0, default=0)

    class Meta:
        indexes = [models.Index(fields=["computed_at"], name="forecast_oldest")]

    def __str__(self) -> str:
        return f"{self.left:,} codes left in campaign {self.campaign_id}"

    @property
    def empty_on(self) -> date | None:
        """The earlier of the two days; None where neither is known."""
        return min((day for day in (self.empty_on_week, self.empty_on_month) if day), default=None)
