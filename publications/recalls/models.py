"""An act on many codes, the codes that it still has to deal with, and what became of each."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from campaigns.codes.models import Voucher
from campaigns.models import Campaign, Value
from config.public_ids import RECALL, public_id
from config.work import Work
from publications.distributions.models import Distribution
from publications.models import Publication

LONGEST_REASON = 500


class Act(models.TextChoices):
    DISABLE = "disable", "Disable"
    ENABLE = "enable", "Enable"
    EXTEND = "extend", "Extend"
    REVALUE = "revalue", "Change value"
    RETIRE = "retire", "Retire"
    REPLACE = "replace", "Replace"


class Outcome(models.TextChoices):
    """What became of a code, or, in a dry run, would. All but the first are reasons why it was left as it is."""

    DONE = "done", "Done"
    GONE = "gone", "Deleted"  # or its campaign is
    REDEEMED = "redeemed", "Redeemed"
    RETIRED = "retired", "Retired before"
    DISABLED = "disabled", "Disabled before"
    ENABLED = "enabled", "Enabled before"
    NEVER_EXPIRES = "never_expires", "Never expires"
    EXPIRES_LATER = "expires_later", "Expires later already"
    STARTS_LATER = "starts_later", "Starts after that"
    OTHER_KIND = "other_kind", "Another kind of value"  # a gift card, or a percentage where amounts are changed
    SAME_VALUE = "same_value", "Has this value already"
    NO_HOLDER = "no_holder", "No known holder"
    NO_CODES = "no_codes", "No code left"
    HOLDS_ANOTHER = "holds_another", "Holds another code"
    LIMIT = "limit", "Limit reached"


class Recall(Work):
    """One act on codes that were chosen beforehand, with one reason. As a draft it waits for a person to start it.

    The actor is who started it: their name and the reason stand on each release.
    """

    get_absolute_url: Callable[[], str]  # config/pages.py

    class Source(models.TextChoices):
        """How the codes were chosen."""

        CHOSEN = "chosen", "Chosen in a list"
        FILTER = "filter", "All that a filter found"
        CUSTOMERS = "customers", "Held by chosen customers"
        PUBLICATIONS = "publications", "Of chosen publications"
        LISTED = "listed", "Pasted"
        HAND_OUT = "hand_out", "A hand-out"
        DISTRIBUTION = "distribution", "A distribution"
        IMPORT = "import", "An import"
        CUSTOMER = "customer", "A customer"

    act = models.CharField(max_length=10, choices=Act.choices, db_default="", default="", blank=True)
    source = models.CharField(max_length=12, choices=Source.choices)
    # The key of the hand-out's publication, of the distribution, of the import or of the customer.
    source_key = models.BigIntegerField(null=True, editable=False)
    reason = models.CharField(max_length=LONGEST_REASON, db_default="", default="", blank=True)
    expiration_date = models.DateTimeField(null=True, blank=True)  # to extend: what they are to have
    # To change the value: what codes of this kind of value are to be worth. The kind was promised to whoever holds them.
    discount_type = models.CharField(max_length=8, choices=Value.Discount.choices, null=True, blank=True)
    discount_value = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    # To replace: where the new codes come from; null: from each code's own campaign.
    new_from = models.ForeignKey(Campaign, models.PROTECT, null=True, blank=True, related_name="+")
    # The messages that were drafted for the holders, once.
    told_at = models.DateTimeField(null=True, editable=False)
    messages = models.ManyToManyField(Distribution, related_name="+", editable=False)
    changed = models.BigIntegerField(db_default=0, default=0)  # of those that are done; the others were left out

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="recall_says_what_and_why", condition=Q(status="draft") | ~Q(act="") & ~Q(reason="")
            ),
            models.CheckConstraint(
                name="recall_extends_until", condition=Q(status="draft") | Q(act="extend", expiration_date__isnull=False)
                | ~Q(act="extend") & Q(expiration_date=None),
            ),
            models.CheckConstraint(
                name="recall_says_the_value", condition=Q(status="draft")
                | Q(act="revalue", discount_type__isnull=False, discount_value__isnull=False)
                | ~Q(act="revalue") & Q(discount_type=None, discount_value=None),
            ),
            models.CheckConstraint(name="recall_done_within_total", condition=Q(done__lte=F("total"), changed__lte=F("done"))),
        ]  # fmt: skip

    def __str__(self) -> str:
        codes = "1 code" if self.total == 1 else f"{self.total or 0:,} codes"
        if self.act == Act.REVALUE:
            return f"Change the value of {codes}"
        return f"{self.get_act_display() or 'Recall'} {codes}"

    @property
    def public_id(self) -> str:
        return public_id(RECALL, self.pk)

    @property
    def left_out(self) -> int:
        return self.done - self.changed


class RecallBatch(models.Model):
    """Codes (keys, in their order) that are still to be dealt with: deleted in the transaction that does so."""

    recall = models.ForeignKey(Recall, models.CASCADE, related_name="batches", db_index=False)
    number = models.PositiveIntegerField()
    vouchers = ArrayField(models.BigIntegerField())

    class Meta:
        ordering = ["recall", "number"]
        constraints = [models.UniqueConstraint(fields=["recall", "number"], name="recall_batch_once")]

    def __str__(self) -> str:
        return f"{self.recall_id}: {self.number}"


class RecalledCode(models.Model):
    """What a recall did to one code, written in the transaction that did it."""

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="codes", db_index=False)
    voucher = models.ForeignKey(
        Voucher, models.PROTECT, null=True, related_name="recalls", db_index=False
    )  # null: erased
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    # Of a replaced one: the publication that gave its holder a new code.
    publication = models.OneToOneField(Publication, models.PROTECT, null=True, related_name="replaces")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["recall", "id"]
        indexes = [
            models.Index(fields=["recall", "outcome", "id"], name="recalled_by_outcome"),
            models.Index(fields=["voucher"], name="recalled_voucher"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["recall", "voucher"], name="recalled_once"),
            models.CheckConstraint(
                name="recalled_publishes_when_done", condition=Q(publication=None) | Q(outcome="done")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recall_id}: {self.voucher_id} {self.outcome}"
