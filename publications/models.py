"""Who got which code, when, through which channel and on whose word; and the files that codes left in."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.acted_by import ActedBy
from config.imports.models import CsvImport, RefusedRow
from config.public_ids import PUBLICATION, VOUCHER, public_id
from customers.models import Customer
from publications.refusals import FailureReason


class Publication(ActedBy):
    """The record that code(s) were given out, or that a well-formed attempt to do so failed.

    Written by publications/ledger and, where it failed, by record_failure.py; never by `save()`.
    """

    get_absolute_url: Callable[[], str]  # config/pages.py

    class Result(models.TextChoices):
        SUCCESS = "SUCCESS", "Success"
        FAILURE = "FAILURE", "Failure"

    class Origin(models.TextChoices):
        API = "api", "API"
        DASHBOARD = "dashboard", "Dashboard"
        AUTOMATION = "automation", "Automation"
        CSV = "csv", "CSV"
        IMPORT = "import", "Import"

    created_at = models.DateTimeField(db_default=Now())
    result = models.CharField(max_length=8, choices=Result.choices, db_default="SUCCESS")
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, related_name="publications", db_index=False)
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="publications", db_index=False)
    voucher_count = models.PositiveIntegerField(db_default=0)
    channel = models.CharField(max_length=100)  # "API", "Dashboard", "Automation", "CSV" or any name the caller chose
    origin = models.CharField(max_length=12, choices=Origin.choices)  # the door it really came through
    source_id = models.CharField(max_length=255, null=True)
    # SHA-256 over (voucher or campaign, the customer's identifying fields as sent): is a repeat the same request?
    request_hash = models.BinaryField(max_length=32, null=True)
    metadata = models.JSONField(null=True)
    join_once = models.BooleanField(db_default=False)
    voided_at = models.DateTimeField(null=True)  # every code of it has been released
    failure_code = models.CharField(max_length=64, null=True)  # the API's key for it
    failure_reason = models.CharField(max_length=20, choices=FailureReason.choices, db_default="", default="")
    failure_message = models.TextField(null=True)
    attempted_code = models.CharField(max_length=255, null=True)
    attempts = models.PositiveIntegerField(db_default=1)
    # Equal failures within a minute share a row: SHA-256 over what makes them equal, and the minute.
    failure_key = models.BinaryField(max_length=32, null=True)

    # Set by publish.py on what it returns: the codes, ordered by id, and whether an earlier publication answers.
    vouchers: list[Voucher]
    repeated: bool
    # Set by history.attach_ledger, for a list.
    ledger_rows: list[PublishedVoucher]
    attempted: Voucher | None

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="publication_newest"),
            models.Index(fields=["campaign", "-created_at", "-id"], name="publication_of_campaign"),
            models.Index(fields=["campaign", "channel", "-created_at", "-id"], name="publication_by_channel"),
            models.Index(
                fields=["campaign", "-created_at", "-id"], name="publication_failed", condition=Q(result="FAILURE")
            ),
            models.Index(
                fields=["actor_id", "-created_at", "-id"], name="publication_of_run", condition=Q(actor_kind="run")
            ),
            # For the API's filters by metadata.
            GinIndex(
                OpClass("metadata", "jsonb_path_ops"), name="publication_metadata", condition=Q(metadata__isnull=False)
            ),
            # The same across all campaigns: without, a page would look through all newer ones.
            models.Index(fields=["channel", "-created_at", "-id"], name="publication_of_channel"),
            models.Index(
                fields=["-created_at", "-id"], name="publication_newest_failed", condition=Q(result="FAILURE")
            ),
            # Failures, by why and by the caller's id; that of a success has its unique index.
            models.Index(
                fields=["failure_code", "-created_at", "-id"],
                name="publication_by_failure",
                condition=Q(failure_code__isnull=False),
            ),
            models.Index(
                fields=["failure_reason", "-created_at", "-id"],
                name="publication_by_reason",
                condition=~Q(failure_reason=""),
            ),
            models.Index(
                fields=["source_id"],
                name="publication_failed_source",
                condition=Q(source_id__isnull=False, result="FAILURE"),
            ),
            models.Index(fields=["customer", "-created_at", "-id"], name="publication_of_customer"),
            # A failed attempt holds no voucher: this finds it by the code that was asked for, or its beginning.
            models.Index(
                fields=["attempted_code"],
                name="publication_attempted_code",
                opclasses=["text_pattern_ops"],
                condition=Q(attempted_code__isnull=False),
            ),
        ]
        constraints = [
            # Invariant 3: the same source_id never hands out a second code.
            models.UniqueConstraint(
                fields=["source_id"],
                name="publication_source_id_once",
                condition=Q(source_id__isnull=False, result="SUCCESS"),
            ),
            # Invariant 4: a join-once customer holds at most one code of the campaign.
            models.UniqueConstraint(
                fields=["campaign", "customer"],
                name="publication_join_once",
                condition=Q(join_once=True, result="SUCCESS", voided_at=None),
            ),
            models.UniqueConstraint(fields=["failure_key"], name="publication_equal_failures"),
            models.CheckConstraint(
                name="publication_join_once_is_one", condition=Q(join_once=False) | Q(voucher_count__lte=1)
            ),
            models.CheckConstraint(
                name="publication_failure_has_reason",
                condition=Q(
                    result="SUCCESS", failure_code=None, failure_reason="", failure_message=None, failure_key=None
                )
                | Q(result="FAILURE", failure_code__isnull=False, failure_message__isnull=False, voucher_count=0)
                & ~Q(failure_reason=""),
            ),
            models.CheckConstraint(
                name="publication_customer_unless_csv",
                condition=Q(customer__isnull=False) | Q(origin__in=["csv", "import"]),
            ),
            models.CheckConstraint(name="publication_channel_not_empty", condition=~Q(channel="")),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public_id(PUBLICATION, self.pk)

    def state_in_words(self, *, some_released: bool) -> str:
        """`some_released`: a code of it was released; one whose codes all are is voided."""
        if self.result == self.Result.FAILURE:
            return "Failed"
        if self.voided_at:
            return "Released"
        return "Partly released" if some_released else "Success"


class PublishedVoucher(models.Model):
    """The ledger: which publication holds which voucher. Invariant 1 is its unique index over the live rows."""

    publication = models.ForeignKey(Publication, models.PROTECT, related_name="ledger", db_index=False)
    voucher = models.ForeignKey(Voucher, models.PROTECT, related_name="ledger", db_index=False)
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=200, null=True)
    reason = models.TextField(null=True)
    # Where the publication gave the code an expiration (the campaign's activity duration): which, and what stood there
    # before, for a release. Null: it gave none.
    expiration_given = models.DateTimeField(null=True)
    expiration_before = models.DateTimeField(null=True)
    # The text as it was given out, which `manage.py verify` compares: what a customer holds must stay a code.
    code = models.CharField(max_length=255, null=True)
    # Of a code that left in a file: who got it, as was learned later, once, and on whose word (ledger/settle.py).
    settled_to = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="settled", db_index=False)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=200, null=True)

    class Meta:
        indexes = [
            models.Index(fields=["publication", "voucher"], name="ledger_of_publication"),
            models.Index(fields=["settled_to"], name="ledger_settled_to", condition=Q(settled_to__isnull=False)),
            models.Index(
                fields=["publication"], name="ledger_settled", condition=Q(settled_to__isnull=False, released_at=None)
            ),
            models.Index(fields=["voucher"], name="ledger_of_voucher"),
            # The few of which the history asks for the released ones; also among the million of a hand-out.
            models.Index(fields=["publication"], name="ledger_released", condition=Q(released_at__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["voucher"], name="ledger_voucher_live_once", condition=Q(released_at=None)),
            models.CheckConstraint(
                name="ledger_release_has_reason",
                condition=Q(released_at=None, reason=None, released_by=None)
                | Q(released_at__isnull=False, reason__isnull=False, released_by__isnull=False) & ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="ledger_settled_says_when",
                condition=Q(settled_to=None, settled_at=None, settled_by=None)
                | Q(settled_to__isnull=False, settled_at__isnull=False, settled_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{public_id(PUBLICATION, self.publication_id)} holds {public_id(VOUCHER, self.voucher_id)}"

    @property
    def holder(self) -> Customer | None:
        """`settled_to` and `publication__customer` should be selected with it."""
        return self.settled_to or self.publication.customer


class PublicationImport(CsvImport):
    """A CSV file of what another system had published; or, with `hand_out`, of what became of a hand-out's codes."""

    action_kind = 5

    hand_out = models.ForeignKey(Publication, models.PROTECT, null=True, related_name="settlements")
    # Codes that were not used go back to the pool, as a Manager has said, instead of being retired.
    back_to_pool = models.BooleanField(db_default=False, default=False)

    class Meta:
        ordering = ["-created_at", "-id"]


class RefusedPublication(RefusedRow):
    """A row of a file of past publications that was not imported, and why."""

    csv_import = models.ForeignKey(PublicationImport, models.CASCADE, related_name="refused", db_index=False)

    class Meta:
        ordering = ["csv_import", "row"]
        constraints = [models.UniqueConstraint(fields=["csv_import", "row"], name="refused_publication_once_a_row")]
