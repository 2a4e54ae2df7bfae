"""Who was referred by whom."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from campaigns.models import Campaign
from customers.models import Customer
from publications.distributions.models import Distribution
from publications.redemptions.models import Redemption


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


class Referral(models.Model):
    """A customer (the referee) redeemed the referral code that another (the referrer) holds. A referee counts once."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="referrals", db_index=False)
    referrer = models.ForeignKey(Customer, models.PROTECT, related_name="referred", db_index=False)
    referee = models.ForeignKey(Customer, models.PROTECT, related_name="referred_by", db_index=False)
    redemption = models.OneToOneField(Redemption, models.PROTECT, related_name="referral")
    number = models.PositiveIntegerField()  # the how manieth referee of this referrer: which is rewarded, hangs on it
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["campaign", "-id"], name="referral_newest"),
            models.Index(fields=["referee"], name="referral_of_referee"),
            models.Index(fields=["referrer", "-id"], name="referral_of_referrer"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "referee"], name="referral_referee_once"),
            models.UniqueConstraint(fields=["campaign", "referrer", "number"], name="referral_numbered"),
            models.CheckConstraint(name="referral_of_another", condition=~Q(referrer=F("referee"))),
        ]

    def __str__(self) -> str:
        return f"{self.referrer_id} referred {self.referee_id}"
