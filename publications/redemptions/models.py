"""Redemptions: that a code was used, that an attempt to use it failed, and that a use was taken back."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Now

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.acted_by import ActedBy
from config.public_ids import FAILED_REDEMPTION, FAILED_ROLLBACK, REDEMPTION, ROLLBACK, public_id
from customers.models import Customer
from publications.redemptions.price_order import Priced, amount_of, amounts_told
from publications.redemptions.refusals import FAILURES_IN_WORDS


class Redemption(ActedBy):
    """One use of a code, or one rollback of a use; or that a well-formed attempt at either failed.

    Several codes used for one order are a stack: a row without a voucher, and a child for each code. Order and
    metadata stand on the stack's own row. Written by SQL in redeem.py and roll_back.py, never by `save()`; triggers
    refuse to change what counts of a row, and to lower a voucher's count without a rollback.
    """

    class Kind(models.TextChoices):
        REDEMPTION = "redemption", "Redemption"
        ROLLBACK = "rollback", "Rollback"

    class Result(models.TextChoices):
        SUCCESS = "SUCCESS", "Success"
        FAILURE = "FAILURE", "Failure"

    created_at = models.DateTimeField(db_default=Now())
    kind = models.CharField(max_length=10, choices=Kind.choices, db_default="redemption")
    result = models.CharField(max_length=8, choices=Result.choices, db_default="SUCCESS")
    voucher = models.ForeignKey(Voucher, models.PROTECT, null=True, related_name="redemptions", db_index=False)
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, related_name="redemptions", db_index=False)
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="redemptions", db_index=False)
    stack = models.ForeignKey("self", models.PROTECT, null=True, related_name="children", db_index=False)
    # A rollback: of which redemption.
    undoes = models.ForeignKey("self", models.PROTECT, null=True, related_name="rollbacks", db_index=False)
    reason = models.TextField(null=True)  # a rollback's
    # What was taken from a gift voucher's balance, or given back to it. Null: no gift voucher.
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    # As they were right after this use: how often the code had been used, its limit then (null: none), its balance.
    redeemed_quantity = models.PositiveIntegerField(null=True)
    redemption_limit = models.PositiveIntegerField(null=True)
    balance = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    order = models.JSONField(null=True)  # as sent; amounts in hundredths
    # What this took off the order, and what it and those before it in a stack did, in hundredths. Null: there was no order
    # that told its amount.
    applied_discount = models.PositiveBigIntegerField(null=True)
    total_discount = models.PositiveBigIntegerField(null=True)
    metadata = models.JSONField(null=True)
    failure_code = models.CharField(max_length=64, null=True)
    failure_message = models.TextField(null=True)
    attempts = models.PositiveIntegerField(db_default=1)
    # Equal failures within a minute share a row: SHA-256 over what makes them equal, and the minute.
    failure_key = models.BinaryField(max_length=32, null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="redemption_newest"),
            models.Index(fields=["voucher", "-created_at", "-id"], name="redemption_of_voucher"),
            models.Index(fields=["customer", "-created_at", "-id"], name="redemption_of_customer"),
            models.Index(fields=["campaign", "-created_at", "-id"], name="redemption_of_campaign"),
            models.Index(fields=["-created_at", "-id"], name="redemption_failed", condition=Q(result="FAILURE")),
            models.Index(
                fields=["failure_code", "-created_at", "-id"],
                name="redemption_by_failure",
                condition=Q(failure_code__isnull=False),
            ),
            models.Index(fields=["stack"], name="redemption_of_stack", condition=Q(stack__isnull=False)),
            # The shop's number of the order. By hash, since a shop may call its orders what it likes, at any length.
            HashIndex(KeyTransform("source_id", "order"), name="redemption_of_order", condition=Q(order__isnull=False)),
            models.Index(fields=["undoes"], name="redemption_undone", condition=Q(undoes__isnull=False)),
        ]
        constraints = [
            # A use is taken back once, whoever asks and how often.
            models.UniqueConstraint(
                fields=["undoes"], name="redemption_undone_once", condition=Q(kind="rollback", result="SUCCESS")
            ),
            models.UniqueConstraint(fields=["failure_key"], name="redemption_equal_failures"),
            models.CheckConstraint(
                name="redemption_within_limit",
                condition=Q(redemption_limit=None) | Q(redeemed_quantity__lte=F("redemption_limit")),
            ),
            models.CheckConstraint(name="redemption_within_balance", condition=Q(balance=None) | Q(balance__gte=0)),
            models.CheckConstraint(name="redemption_amount_positive", condition=Q(amount=None) | Q(amount__gt=0)),
            models.CheckConstraint(
                name="redemption_kind_known",
                condition=Q(kind="redemption", undoes=None, reason=None) | Q(kind="rollback", undoes__isnull=False),
            ),
            models.CheckConstraint(
                name="redemption_failure_has_reason",
                condition=Q(result="SUCCESS", failure_code=None, failure_message=None, failure_key=None)
                | Q(result="FAILURE", failure_code__isnull=False, failure_message__isnull=False),
            ),
            # A use says the how manieth it was; a stack's own row and a rollback are no use.
            models.CheckConstraint(
                name="redemption_of_voucher_is_counted",
                condition=~Q(kind="redemption", result="SUCCESS", voucher__isnull=False) | Q(redeemed_quantity__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def head(self) -> Redemption:
        """The row that has the order and the metadata: the stack's, or this one."""
        return self.stack or self

    @property
    def order_amount(self) -> Decimal | None:
        amount = (self.head.order or {}).get("amount")
        return None if amount is None else Decimal(amount) / 100

    @property
    def order_totals(self) -> dict[str, int]:
        """What the order came to after this use, in Voucherify's words; {} where that was not kept."""
        order, applied, total = self.head.order or {}, self.applied_discount, self.total_discount
        amount = amount_of(order)
        if amount is None or applied is None or total is None:
            return {}
        return amounts_told(order, Priced(amount, applied, total))

    @property
    def order_reference(self) -> str:
        """The caller's own id of the order."""
        order = self.head.order or {}
        return order.get("source_id") or order.get("id") or ""

    @property
    def failure_in_words(self) -> str:
        """Of a failed one, in two words; `failure_message` has the rest."""
        key = self.failure_code or ""
        return FAILURES_IN_WORDS.get(key) or key.replace("_", " ").capitalize()

    @property
    def public_id(self) -> str:
        """r_…; rf_… of a failed one; rr_… of a rollback; rrf_… of a failed one."""
        failed = self.result == self.Result.FAILURE
        if self.kind == self.Kind.ROLLBACK:
            return public_id(FAILED_ROLLBACK if failed else ROLLBACK, self.pk)
        return public_id(FAILED_REDEMPTION if failed else REDEMPTION, self.pk)


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


class BalanceChange(ActedBy):
    """What was added to a gift voucher's balance, or taken from it, by hand. Written by change_balance.py, never by `save()`."""

    created_at = models.DateTimeField(db_default=Now())
    # The constraint is the migration's own: with a code that is erased, having never been used, its changes go as well.
    voucher = models.ForeignKey(
        Voucher, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="balance_changes"
    )
    amount = models.DecimalField(max_digits=14, decimal_places=2)  # negative: it was taken
    # Right after it: all that was ever put on the voucher, and what is left of it.
    total = models.DecimalField(max_digits=14, decimal_places=2)
    balance = models.DecimalField(max_digits=14, decimal_places=2)
    source_id = models.CharField(max_length=255, null=True)
    reason = models.TextField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["voucher", "-created_at", "-id"], name="balance_change_of_voucher")]
        constraints = [
            models.CheckConstraint(name="balance_change_is_one", condition=~Q(amount=0)),
            models.CheckConstraint(
                name="balance_change_within_total", condition=Q(balance__gte=0, total__gte=F("balance"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount:+}"


class Transaction(models.Model):
    """What happened to the balance of a gift voucher: redemptions, rollbacks, and changes by hand, in one list. A view of the
    database (migration 0004): `amount` is negative where something was taken; `balance` and `total` are those right after it.

    Its key is twice its row's, and one more for a change by hand: one order for both tables.
    """

    class Kind(models.TextChoices):
        REDEMPTION = "CREDITS_REDEMPTION", "Redemption"
        REFUND = "CREDITS_REFUND", "Rollback"
        ADDITION = "CREDITS_ADDITION", "Added by hand"
        REMOVAL = "CREDITS_REMOVAL", "Taken by hand"

    key = models.BigIntegerField(primary_key=True)
    created_at = models.DateTimeField()
    voucher = models.ForeignKey(Voucher, models.DO_NOTHING, related_name="+")
    campaign = models.ForeignKey(Campaign, models.DO_NOTHING, null=True, related_name="+")
    kind = models.CharField(max_length=18, choices=Kind.choices)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    source_id = models.CharField(max_length=255, null=True)
    reason = models.TextField(null=True)
    order_id = models.TextField(null=True)
    order_source_id = models.TextField(null=True)
    redemption_id = models.BigIntegerField(null=True)  # null: by hand
    rollback_id = models.BigIntegerField(null=True)
    actor_kind = models.CharField(max_length=16, null=True)  # of a change by hand
    balance = models.DecimalField(max_digits=14, decimal_places=2)
    total = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        managed = False
        db_table = "redemptions_transaction"
        ordering = ["-created_at", "-key"]

    def __str__(self) -> str:
        return f"{self.amount:+}"
