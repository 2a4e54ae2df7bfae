"""Campaigns, and the counts, deletions and offer changes that belong to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from django.contrib.postgres.indexes import OpClass
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now

from config.acted_by import ActedBy
from config.public_ids import CAMPAIGN, public_id
from config.work import AsyncAction, Work


class CodeType(models.TextChoices):
    DISCOUNT = "DISCOUNT_VOUCHER", "Discount"
    GIFT = "GIFT_VOUCHER", "Gift"


class Value(models.Model):
    """What a code is worth. Money and percent as people write them: 10.5 is 10.5 % or 10.50 of the currency."""

    class Discount(models.TextChoices):
        PERCENT = "PERCENT", "Percent off"
        AMOUNT = "AMOUNT", "Amount off"
        UNIT = "UNIT", "Free units"
        FIXED = "FIXED", "Fixed price"

    discount_type = models.CharField(max_length=8, choices=Discount.choices, null=True, blank=True)
    discount_value = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    unit_type = models.CharField("unit", max_length=100, db_default="", default="", blank=True)
    gift_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)

    class Meta:
        abstract = True


class CampaignQuerySet(models.QuerySet):
    def live(self) -> Self:
        """Deleted campaigns are hidden everywhere; their history stays."""
        return self.filter(deleted_at=None)


class Campaign(Value, ActedBy):
    """An offer with a pool of codes. Its name is unique among the campaigns that are not deleted."""

    get_absolute_url: Callable[[], str]  # config/pages.py

    class Kind(models.TextChoices):
        DISCOUNT_COUPONS = "DISCOUNT_COUPONS", "Discount coupons"
        GIFT_VOUCHERS = "GIFT_VOUCHERS", "Gift vouchers"
        REFERRAL_PROGRAM = "REFERRAL_PROGRAM", "Referral program"

    class OnlyHolder(models.TextChoices):
        """What happens when a code is redeemed for a customer other than its holder."""

        OFF = "off", "Allowed"
        RECORD = "record", "Allowed, and listed"
        REFUSE = "refuse", "Refused, and listed"

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.DISCOUNT_COUPONS)
    auto_update = models.BooleanField(
        "extend the pool when it runs out",
        default=False,
        db_default=False,
        help_text="Publishing from an empty pool generates the missing codes.",
    )
    # A campaign of one named code, which anybody may be told: no pool. It never becomes one, nor ceases to be one.
    standalone = models.BooleanField(default=False, db_default=False, editable=False)
    reserve = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text="Unpublished codes kept ready in the background. 0: codes are generated on demand.",
    )
    start_date = models.DateTimeField(null=True, blank=True)
    expiration_date = models.DateTimeField(null=True, blank=True)
    code_length = models.PositiveSmallIntegerField(default=8, db_default=8)
    code_charset = models.CharField(max_length=255, default="23456789ABCDEFGHJKLMNPQRSTUVWXYZ")
    code_prefix = models.CharField(max_length=50, default="", db_default="", blank=True)
    code_postfix = models.CharField(max_length=50, default="", db_default="", blank=True)
    code_pattern = models.CharField(max_length=100, default="", db_default="", blank=True)  # "#" is a random character
    join_once = models.BooleanField(default=False, db_default=False)
    # Null: no limit. The ledger decides by them (publications/ledger/limits.py).
    codes_per_customer = models.PositiveIntegerField(null=True, blank=True)
    codes_per_day = models.PositiveIntegerField(null=True, blank=True)
    # ISO 8601, "P30D": a code expires so long after its publication, whatever the campaign's own expiration.
    activity_duration = models.CharField(
        "valid after publishing for", max_length=40, default="", db_default="", blank=True
    )
    redemption_limit = models.PositiveIntegerField(
        "redemptions per code", null=True, blank=True, default=1, db_default=1
    )
    category = models.CharField(max_length=100, default="", db_default="", blank=True)
    description = models.TextField(default="", db_default="", blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    active = models.BooleanField(default=True, db_default=True)
    # Raised by every verb that adds, enables or releases codes or changes dates: an "it is empty" remembered
    # by a process holds only for the version it was learnt under.
    pool_version = models.BigIntegerField(default=0, db_default=0, editable=False)
    # Codes of the pool from this id on are kept for distributions (codes.Reservation); null: none are. Claims of everybody
    # else look below it. Written by campaigns/codes/actions/reserve_codes.py alone (docs/adr/0050).
    reserved_from = models.BigIntegerField(null=True, editable=False)
    # Whom its codes are redeemed for; asked by the verdict (publications/redemptions/verdict.py).
    only_holder = models.CharField(
        "redeemed by someone other than the holder",
        max_length=7,
        choices=OnlyHolder.choices,
        default=OnlyHolder.OFF,
        db_default=OnlyHolder.OFF,
    )
    only_published = models.BooleanField("refuse codes that were not published", default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="campaign_newest"),
            models.Index(OpClass(Lower("name"), "text_pattern_ops"), name="campaign_name_prefix"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["name"], condition=Q(deleted_at=None), name="campaign_name_unique"),
            models.CheckConstraint(
                name="campaign_kind_known",
                condition=Q(kind__in=["DISCOUNT_COUPONS", "GIFT_VOUCHERS", "REFERRAL_PROGRAM"]),
            ),
            models.CheckConstraint(
                name="campaign_gift_has_amount",
                condition=~Q(kind="GIFT_VOUCHERS") | Q(gift_amount__isnull=False),
            ),
            models.CheckConstraint(
                name="campaign_gift_amount_positive", condition=Q(gift_amount=None) | Q(gift_amount__gt=0)
            ),
            models.CheckConstraint(
                name="campaign_limit_positive", condition=Q(redemption_limit=None) | Q(redemption_limit__gte=1)
            ),
            models.CheckConstraint(
                name="campaign_codes_per_customer_positive",
                condition=Q(codes_per_customer=None) | Q(codes_per_customer__gte=1),
            ),
            models.CheckConstraint(
                name="campaign_codes_per_day_positive", condition=Q(codes_per_day=None) | Q(codes_per_day__gte=1)
            ),
            models.CheckConstraint(
                name="campaign_percent_up_to_100",
                condition=~Q(discount_type="PERCENT") | Q(discount_value__gt=0, discount_value__lte=100),
            ),
            models.CheckConstraint(
                name="campaign_discount_not_negative", condition=Q(discount_value=None) | Q(discount_value__gte=0)
            ),
            models.CheckConstraint(
                name="campaign_standalone_extends_nothing", condition=Q(standalone=False) | Q(auto_update=False)
            ),
            models.CheckConstraint(
                name="campaign_only_holder_known", condition=Q(only_holder__in=["off", "record", "refuse"])
            ),
            models.CheckConstraint(
                name="campaign_expires_after_start",
                condition=Q(start_date=None) | Q(expiration_date=None) | Q(expiration_date__gt=F("start_date")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return public_id(CAMPAIGN, self.pk)

    @property
    def voucher_type(self) -> str:
        return CodeType.GIFT if self.kind == self.Kind.GIFT_VOUCHERS else CodeType.DISCOUNT


class CampaignCount(models.Model):
    """The result of counting a large campaign some time ago, for pages, which cannot count it themselves.

    Kept by publications/tallies/count_campaigns.py.
    """

    campaign = models.OneToOneField(Campaign, models.CASCADE, primary_key=True, related_name="kept_count")
    counted_at = models.DateTimeField(db_default=Now())
    seconds = models.FloatField()  # that the counting took
    # As they were then: the campaign's, and how often any code on this server had been written.
    pool_version = models.BigIntegerField()
    code_writes = models.BigIntegerField()

    rows = models.BigIntegerField()  # its codes, the deleted ones too: what counting has to read
    total = models.BigIntegerField()
    published = models.BigIntegerField()
    in_pool = models.BigIntegerField()
    redeemed = models.BigIntegerField()
    # Who holds, or held, a code of it, and how many codes that is.
    customers = models.BigIntegerField()
    customer_codes = models.BigIntegerField()

    # On which day the pool will be empty, and when that was worked out (publications/watch/actions/forecast_pools.py); null: not
    # in sight, or the pool fills itself up. Here, so that the list of campaigns can be sorted by it.
    empty_on = models.DateField(null=True)
    forecast_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.total:,} codes of campaign {self.campaign_id}"


class CampaignDeletion(AsyncAction):
    """Records that a campaign was deleted. With `force` its unpublished codes are erased; `done` counts them."""

    action_kind = 4

    campaign = models.OneToOneField(Campaign, models.CASCADE, related_name="deletion")
    force = models.BooleanField()

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"Deletion of {self.campaign}"


class OfferChange(Work):
    """A change of the campaign's settings that waits until codes already given out have their own copy of the value."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="offer_changes", db_index=False)
    changes = models.JSONField(encoder=DjangoJSONEncoder)  # {column of Campaign: value}

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["campaign", "-created_at", "-id"], name="offer_change_of_campaign")]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign"], name="offer_change_one_at_once", condition=Q(status__in=["queued", "running"])
            )
        ]

    def __str__(self) -> str:
        return f"Change of the offer of {self.campaign}"
