"""Campaigns and their codes, and the two ways in which codes come into being: generated or imported."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now

from config.public_ids import CAMPAIGN, VOUCHER, public_id
from config.staff.models import ActedBy, AsyncAction, CsvImport, RefusedRow, Work


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
    def live(self):
        """Deleted campaigns are hidden everywhere; their history stays."""
        return self.filter(deleted_at=None)


class Campaign(Value, ActedBy):
    """An offer with a pool of codes. Its name is unique among the campaigns that are not deleted."""

    class Kind(models.TextChoices):
        DISCOUNT_COUPONS = "DISCOUNT_COUPONS", "Discount coupons"
        GIFT_VOUCHERS = "GIFT_VOUCHERS", "Gift vouchers"
        REFERRAL_PROGRAM = "REFERRAL_PROGRAM", "Referral program"

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
        return Voucher.Type.GIFT if self.kind == self.Kind.GIFT_VOUCHERS else Voucher.Type.DISCOUNT


# What a voucher in the pool has; besides, it has not expired (campaigns/codes/pool.py).
POOL_FLAGS = Q(published_at=None, withdrawn_at=None, active=True, deleted_at=None)


class Voucher(Value):
    """One unique code. Value, dates, category and limit that are null are the campaign's."""

    class Type(models.TextChoices):
        DISCOUNT = "DISCOUNT_VOUCHER", "Discount"
        GIFT = "GIFT_VOUCHER", "Gift"

    class Withdrawn(models.TextChoices):
        """Why a code is not handed out. Only one that was never used may be put back, by a Manager with a reason."""

        USED = "used", "Used"  # redeemed while nobody had it, or imported with uses
        RETIRED = "retired", "Retired"  # released: whoever had it may still hold it
        HELD_BACK = "held_back", "Held back"  # a Manager took it out of the pool

    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, related_name="vouchers", db_index=False)
    code = models.CharField(max_length=255)  # unique over the whole server; deleted ones stay reserved
    type = models.CharField(max_length=16, choices=Type.choices, db_default=Type.DISCOUNT, default=Type.DISCOUNT)
    start_date = models.DateTimeField(null=True, blank=True)
    expiration_date = models.DateTimeField(null=True, blank=True)
    active = models.BooleanField(db_default=True, default=True)
    category = models.CharField(max_length=100, null=True, blank=True)
    additional_info = models.TextField(null=True, blank=True)
    metadata = models.JSONField(null=True, blank=True)
    redemption_limit = models.PositiveIntegerField(null=True, blank=True)
    redeemed_quantity = models.PositiveIntegerField(db_default=0, default=0)
    # What was taken from a gift voucher's amount. Both count what publications.Redemption records; triggers there guard them.
    redeemed_amount = models.DecimalField(max_digits=14, decimal_places=2, db_default=0, default=0, editable=False)
    # The pool's flag. The truth is the ledger publications.PublishedVoucher; a trigger there keeps the two together.
    published_at = models.DateTimeField(null=True, editable=False)
    # Out of the pool for good (docs/adr/0024). A column rather than a look at the counters: an index over those would
    # end HOT updates, and the limit is the campaign's.
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    withdrawn_why = models.CharField(max_length=9, choices=Withdrawn.choices, null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # The pool. `id + 0` rather than `id`: only this index can serve that order, so the planner never
            # walks the primary key past a million taken codes instead (docs/adr/0003).
            models.Index(
                F("campaign"),
                F("id") + 0,
                name="voucher_pool",
                condition=POOL_FLAGS,
            ),
            models.Index(fields=["campaign", "-id"], name="voucher_of_campaign"),
            models.Index(fields=["code"], name="voucher_code_prefix", opclasses=["text_pattern_ops"]),
            models.Index(
                fields=["campaign", "-published_at", "-id"],
                name="voucher_published",
                condition=Q(published_at__isnull=False),
            ),
            # The few of a state among millions, for the list of all codes.
            models.Index(fields=["-id"], name="voucher_disabled", condition=Q(active=False)),
            models.Index(fields=["-id"], name="voucher_withdrawn", condition=Q(withdrawn_at__isnull=False)),
            # For the API's filters by metadata.
            GinIndex(
                OpClass("metadata", "jsonb_path_ops"), name="voucher_metadata", condition=Q(metadata__isnull=False)
            ),
            models.Index(
                fields=["-expiration_date", "-id"], name="voucher_expiring", condition=Q(expiration_date__isnull=False)
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["code"], name="voucher_code_unique"),
            models.CheckConstraint(name="voucher_code_not_empty", condition=~Q(code="")),
            models.CheckConstraint(name="voucher_redeemed_amount_not_negative", condition=Q(redeemed_amount__gte=0)),
            models.CheckConstraint(
                name="voucher_type_known", condition=Q(type__in=["DISCOUNT_VOUCHER", "GIFT_VOUCHER"])
            ),
            models.CheckConstraint(
                name="voucher_value_not_negative",
                condition=Q(discount_value=None) | Q(discount_value__gte=0),
            ),
            # 0 is a card whose balance was spent elsewhere before it was imported: nobody is given it.
            models.CheckConstraint(
                name="voucher_gift_amount_positive",
                condition=Q(gift_amount=None)
                | Q(gift_amount__gt=0)
                | Q(gift_amount=0) & (Q(published_at__isnull=False) | Q(withdrawn_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="voucher_limit_positive", condition=Q(redemption_limit=None) | Q(redemption_limit__gte=1)
            ),
            models.CheckConstraint(
                name="voucher_withdrawn_says_why",
                condition=Q(withdrawn_at=None, withdrawn_why=None)
                | Q(withdrawn_at__isnull=False, withdrawn_why__isnull=False)
                & Q(withdrawn_why__in=["used", "retired", "held_back"]),
            ),
            models.CheckConstraint(
                name="voucher_used_left_the_pool",
                condition=Q(published_at__isnull=False)
                | Q(withdrawn_at__isnull=False)
                | Q(redeemed_quantity=0, redeemed_amount=0),
            ),
            # A code with uses left may be published by name though some were made before; no other withdrawn one.
            models.CheckConstraint(
                name="voucher_withdrawn_is_not_published",
                condition=Q(published_at=None) | Q(withdrawn_why=None) | Q(withdrawn_why="used"),
            ),
            models.CheckConstraint(
                name="voucher_percent_up_to_100",
                condition=~Q(discount_type="PERCENT") | Q(discount_value__gt=0, discount_value__lte=100),
            ),
            # A publication may give it an expiration that lies before the start.
            models.CheckConstraint(
                name="voucher_expires_after_start",
                condition=Q(start_date=None)
                | Q(expiration_date=None)
                | Q(expiration_date__gt=F("start_date"))
                | Q(published_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public_id(VOUCHER, self.pk)


class CampaignCount(models.Model):
    """What counting a campaign came to, some time ago. Pages use it of the large ones, which they cannot count themselves.

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

    def __str__(self) -> str:
        return f"{self.total:,} codes of campaign {self.campaign_id}"


class CodeOrder(AsyncAction):
    """An order to generate `total` codes for a campaign; `done` have been made. Interrupted, it resumes to exactly `total`."""

    action_kind = 1

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="code_orders")
    # Where these codes differ from the campaign's: columns of Voucher, and the arguments of code_space().
    fields = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()), encoder=DjangoJSONEncoder)
    configuration = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(name="code_order_total_positive", condition=Q(total__gt=0)),
            models.CheckConstraint(name="code_order_done_within_total", condition=Q(done__gte=0, done__lte=F("total"))),
        ]

    def __str__(self) -> str:
        return "1 code" if self.total == 1 else f"{self.total:,} codes"


class CodeImport(CsvImport):
    """A CSV file of codes, into a campaign or (without one) as standalone codes."""

    action_kind = 2

    campaign = models.ForeignKey(Campaign, models.CASCADE, null=True, related_name="code_imports")

    class Meta:
        ordering = ["-created_at", "-id"]


class CampaignDeletion(AsyncAction):
    """That a campaign was deleted. With `force` its unpublished codes are erased: `done` counts them."""

    action_kind = 4

    campaign = models.OneToOneField(Campaign, models.CASCADE, related_name="deletion")
    force = models.BooleanField()

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"Deletion of {self.campaign}"


class OfferChange(Work):
    """A change of the campaign's settings that waits until the codes which were given out have their value for themselves."""

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


class RefusedCode(RefusedRow):
    """A row of a file of codes that was not imported, and why."""

    csv_import = models.ForeignKey(CodeImport, models.CASCADE, related_name="refused", db_index=False)

    class Meta:
        ordering = ["csv_import", "row"]
        constraints = [models.UniqueConstraint(fields=["csv_import", "row"], name="refused_code_once_a_row")]
