"""Files in which codes or records left the house: reports, hand-outs and selections."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from campaigns.models import Campaign
from config.acted_by import ActedBy
from config.imports.csv.layout import CsvLayout, Dates, Delimiter
from config.public_ids import EXPORT, public_id
from config.stored_files import files
from config.work import Work
from publications.models import Publication


class Format(models.TextChoices):
    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel workbook"


class Order(models.TextChoices):
    NEWEST = "newest", "Newest first"
    OLDEST = "oldest", "Oldest first"
    NAME = "name", "By name"


class FileLayout(NamedTuple):
    """How somebody wants a file to be written."""

    format: str = Format.CSV
    for_excel: bool = False
    lossless: bool = False
    byte_order_mark: bool = False
    delimiter: str = Delimiter.COMMA
    dates: str = Dates.ISO


PLAIN_CSV = FileLayout()
LONGEST_FOR_WHOM = 200


class Export(Work):
    """A file made in the background: a hand-out (publishes its codes) or a report (publishes nothing)."""

    get_absolute_url: Callable[[], str]  # config/pages.py

    class Kind(models.TextChoices):
        HAND_OUT = "hand_out", "Hand-out"
        CODES = "codes", "Codes report"
        PUBLICATIONS = "publications", "Publications report"
        CUSTOMERS = "customers", "Customers report"
        RECIPIENTS = "recipients", "Recipients report"  # of one distribution, which its filters name
        FIRINGS = "firings", "Trigger log report"  # of an automatic one, likewise
        HOLDERS = "holders", "Customers and codes report"
        REDEMPTIONS = "redemptions", "Redemptions report"
        TRANSACTIONS = "transactions", "Gift voucher transactions report"
        CAMPAIGNS = "campaigns", "Campaigns report"
        DISTRIBUTIONS = "distributions", "Distributions report"
        AUDIT = "audit", "Audit log report"
        FUNNEL = "funnel", "Funnel report"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, related_name="exports")
    # A hand-out's one publication; the file is made from what it holds.
    publication = models.OneToOneField(Publication, models.PROTECT, null=True, related_name="export")
    everything = models.BooleanField(
        default=False
    )  # a hand-out of "all": every code that was in the pool when it started
    # Who gets a hand-out's file, in the words of the person who ordered it. "" of before it was asked.
    for_whom = models.CharField("for whom", max_length=LONGEST_FOR_WHOM, default="", db_default="", blank=True)
    filters = models.CharField(
        max_length=2000, default="", blank=True
    )  # a report's query string, as in the page's address
    # A report's columns by name, in their order, and the order of its rows; null and "": the usual ones.
    columns = models.JSONField(null=True, editable=False)
    order = models.CharField(max_length=10, choices=Order.choices, default="", db_default="", blank=True)
    # What the API asked for: {"fields", "filters", "order"} and perhaps "campaign_id", as it was sent. Null: not by the API.
    parameters = models.JSONField(null=True, editable=False)
    # Unpublished codes stand in it in clear, as the project's settings allowed when it was ordered.
    reveals_codes = models.BooleanField(default=False, db_default=False, editable=False)
    lossless = models.BooleanField(default=False)  # formulas are not neutralised: for machines, never for a spreadsheet
    format = models.CharField(max_length=4, choices=Format.choices, default=Format.CSV, db_default=Format.CSV.value)
    # Of a CSV file:
    for_excel = models.BooleanField(default=False)  # what Excel would misread is marked as text
    byte_order_mark = models.BooleanField(default=False, db_default=False)
    delimiter = models.CharField(
        max_length=9, choices=Delimiter.choices, default=Delimiter.COMMA, db_default=Delimiter.COMMA.value
    )
    dates = models.CharField(max_length=12, choices=Dates.choices, default=Dates.ISO, db_default=Dates.ISO.value)
    # What was marked, and what had to be cut; null: the file is older than the question.
    protected_codes = models.PositiveIntegerField(null=True, editable=False)
    protected_others = models.PositiveIntegerField(null=True, editable=False)
    cut_cells = models.PositiveIntegerField(null=True, editable=False)
    file = models.FileField(upload_to="exports/%Y/%m", storage=files, null=True)
    file_name = models.CharField(max_length=255, default="")
    # How many rows the file has. A hand-out's is known, and no more codes are taken, once its taking has ended.
    rows = models.BigIntegerField(null=True)
    size = models.BigIntegerField(null=True)  # bytes
    sha256 = models.CharField(max_length=64, default="")
    downloads = models.PositiveIntegerField(default=0)
    file_deleted_at = models.DateTimeField(null=True)
    # Drawn by the form that ordered it: a second press of its button finds this row instead of making another.
    form_token = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="export_hand_out_of_campaign", condition=~Q(kind="hand_out") | Q(campaign__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.file_name or self.public_id

    @property
    def public_id(self) -> str:
        return public_id(EXPORT, self.pk)

    def csv_layout(self, *, zone: str) -> CsvLayout:
        return CsvLayout(
            delimiter=Delimiter(self.delimiter).sign,
            byte_order_mark=self.byte_order_mark,
            lossless=self.lossless,
            protects=self.for_excel and not self.lossless,
            dates=self.dates,
            zone=zone,
        )


class FilePreference(models.Model):
    """How somebody last asked for a file: the next form begins with it."""

    class MadeFor(models.TextChoices):
        XLSX = "xlsx", "Excel workbook"
        EXCEL = "excel", "CSV for Excel"
        SPREADSHEET = "spreadsheet", "CSV for another spreadsheet"
        PROGRAM = "program", "CSV for a program"

    class ByteOrderMark(models.TextChoices):
        AS_NEEDED = "as_needed", "For Excel only"
        ALWAYS = "always", "Always"
        NEVER = "never", "Never"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    made_for = models.CharField(max_length=12, choices=MadeFor.choices)
    delimiter = models.CharField(max_length=9, choices=Delimiter.choices)
    byte_order_mark = models.CharField(max_length=9, choices=ByteOrderMark.choices)
    dates = models.CharField(max_length=12, choices=Dates.choices)

    def __str__(self) -> str:
        return f"{self.user}: {self.get_made_for_display()}"


class SavedView(ActedBy):
    """A report that people order regularly: its kind, filters, order and columns. Everyone who can export sees it; the
    actor saved it.
    """

    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=16, choices=Export.Kind.choices)
    campaign = models.ForeignKey(Campaign, models.CASCADE, null=True, related_name="+")
    filters = models.CharField(max_length=2000, default="", blank=True)
    order = models.CharField(max_length=10, choices=Order.choices, default="", blank=True)
    columns = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="saved_view_name"),
            models.CheckConstraint(name="saved_view_of_report", condition=~Q(kind="hand_out") & ~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name
