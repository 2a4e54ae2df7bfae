"""Codes, and the two ways they come into being: generated or imported."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Reverse

from campaigns.models import Campaign, CodeType, Value
from config.imports.models import CsvImport, RefusedRow
from config.public_ids import VOUCHER, public_id
from config.work import AsyncAction

# What a voucher in the pool has; besides, it has not expired (campaigns/codes/pool.py).
POOL_FLAGS = Q(published_at=None, withdrawn_at=None, active=True, deleted_at=None)


class Voucher(Value):
    """One unique code. Where value, dates, category or limit are null, the campaign's apply."""

    get_absolute_url: Callable[[], str]  # config/pages.py

    Type = CodeType

    class Withdrawn(models.TextChoices):
        """Why a code is no longer handed out. Only one that was never used can go back, by a Manager with a reason."""

        USED = "used", "Used"  # redeemed while nobody had it, or imported with uses
        RETIRED = "retired", "Retired"  # released: whoever had it may still hold it
        HELD_BACK = "held_back", "Held back"  # a Manager took it out of the pool

    # Texts that mean nothing to us: whatever takes, keeps, exports or shows a code goes by these names. Another is a
    # column here, and a field of the API's answer (answers.py).
    TEXTS = ("additional_info",)

    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, related_name="vouchers", db_index=False)
    code = models.CharField(max_length=255)  # unique over the whole server; deleted ones stay reserved
    type = models.CharField(
        max_length=16, choices=CodeType.choices, db_default=CodeType.DISCOUNT, default=CodeType.DISCOUNT
    )
    start_date = models.DateTimeField(null=True, blank=True)
    expiration_date = models.DateTimeField(null=True, blank=True)
    active = models.BooleanField(db_default=True, default=True)
    category = models.CharField(max_length=100, null=True, blank=True)
    additional_info = models.TextField("Additional info", max_length=10_000, null=True, blank=True)
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
    # By which import it came. No index: an import knows between which ids its codes are.
    import_id = models.BigIntegerField(null=True, editable=False)
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
            # Codes by their last characters. Of published ones alone: an unpublished code is found by all of it.
            models.Index(
                OpClass(Reverse("code"), "text_pattern_ops"),
                name="voucher_code_suffix",
                condition=Q(published_at__isnull=False),
            ),
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
    def texts(self) -> list[tuple[str, str]]:
        """The texts that it has, each with its label."""
        labels = {name: str(self._meta.get_field(name).verbose_name) for name in self.TEXTS}  # type: ignore[union-attr]  # columns of ours
        return [(label, text) for name, label in labels.items() if (text := getattr(self, name))]

    @property
    def public_id(self) -> str:
        return public_id(VOUCHER, self.pk)


class Reservation(models.Model):
    """Codes of a pool that are kept for one taker, a distribution: how many, not which ones. None is marked; everybody else
    has to leave so many at the pool's far end (`Campaign.reserved_from`). Written by actions/reserve_codes.py alone.
    """

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="reservations")
    taker = models.BigIntegerField(unique=True)  # the distribution's key
    label = models.CharField(max_length=200)  # its name, for whoever is refused a code because of it
    due_at = models.DateTimeField()  # when it takes them; the earlier one comes first where there are too few
    needed = models.BigIntegerField()  # codes it has still to take
    covered = models.BigIntegerField(db_default=0, default=0)  # how many of them the pool held at the last look
    # It takes codes with smaller ids; the rest is kept for other takers. Null: it may take any.
    below = models.BigIntegerField(null=True)
    counted_at = models.DateTimeField(db_default=Now())
    seconds = models.FloatField(db_default=0, default=0)  # that counting `needed` took

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="reservation_covers_what_is_needed", condition=Q(covered__gte=0, covered__lte=F("needed"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.needed:,} codes for {self.label}"

    @property
    def short_by(self) -> int:
        """How many codes the pool lacks."""
        return self.needed - self.covered


class CodeOrder(AsyncAction):
    """An order to generate `total` codes for a campaign, of which `done` exist. If interrupted, it resumes to exactly
    `total`.
    """

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

    class Undo(models.TextChoices):
        NO = "", "Not undone"
        ORDERED = "ordered", "Being undone"
        DONE = "done", "Undone"

    action_kind = 2

    campaign = models.ForeignKey(Campaign, models.CASCADE, null=True, related_name="code_imports")
    # Between these ids are its codes, and perhaps others.
    first_id = models.BigIntegerField(null=True)
    last_id = models.BigIntegerField(null=True)
    undo = models.CharField(max_length=7, choices=Undo.choices, db_default="", default=Undo.NO, blank=True)
    undo_refused = models.TextField(db_default="", default="", blank=True)  # why it was not undone

    class Meta:
        ordering = ["-created_at", "-id"]

    @property
    def is_undone(self) -> bool:
        return self.undo != self.Undo.NO

    @property
    def can_be_undone(self) -> bool:
        return bool(not self.is_running and not self.is_undone and self.rows_imported and self.last_id)


class RefusedCode(RefusedRow):
    """A row of a file of codes that was not imported, and the reason."""

    csv_import = models.ForeignKey(CodeImport, models.CASCADE, related_name="refused", db_index=False)

    class Meta:
        ordering = ["csv_import", "row"]
        constraints = [models.UniqueConstraint(fields=["csv_import", "row"], name="refused_code_once_a_row")]


class MetadataUpdate(AsyncAction):
    """An API order to add to the metadata of `total` codes, of which `done` have been processed."""

    action_kind = 6

    same_for_all = models.BooleanField()
    rows = models.JSONField()  # [{"code", "metadata"}]; emptied in the end
    refused = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))  # [{"code", "reason"}]

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"Metadata of {self.total:,} codes"


class ExpiryWalk(models.Model):
    """How far `voucher.expired` has been reported (actions/note_expired.py). Does not exist while nobody listens."""

    # The key of a campaign whose end has passed, for its codes without a date of their own; 0: codes that have one.
    of = models.BigIntegerField(primary_key=True)
    # Up to this date of expiry, and there up to this code.
    at = models.DateTimeField()
    up_to = models.BigIntegerField(db_default=0, default=0)
    is_over = models.BooleanField(db_default=False, default=False)  # of a campaign: all its codes are told

    def __str__(self) -> str:
        return f"campaign {self.of}" if self.of else "codes with a date of their own"
