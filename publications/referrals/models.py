"""Referral programs: what they give by themselves. Who referred whom is in redemptions, which it comes of."""

from __future__ import annotations

from django.db import models

from campaigns.models import Campaign
from publications.distributions.models import Distribution


class ReferralProgram(models.Model):
    """What a campaign of the kind does by itself. Each part is an automatic distribution, with a rule, of its own."""

    campaign = models.OneToOneField(Campaign, models.PROTECT, primary_key=True, related_name="program")
    # Gives a referral code to each customer who enters the segment.
    invite = models.OneToOneField(Distribution, models.PROTECT, null=True, related_name="+")
    reward_referrer = models.OneToOneField(Distribution, models.PROTECT, null=True, related_name="+")
    reward_referee = models.OneToOneField(Distribution, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return str(self.campaign_id)

    def parts(self) -> list[Distribution]:
        return [part for part in (self.invite, self.reward_referrer, self.reward_referee) if part]
