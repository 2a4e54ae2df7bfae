"""The shape of an uploaded CSV file on its way in. Every room that imports has models of its own."""

from __future__ import annotations

from typing import Any

from django.db import models

from config.imports.csv.formats import DAY_FIRST, MONTH_FIRST, Formats
from config.imports.csv.uploads import Reading
from config.staff.time_zone import zone
from config.stored_files import files
from config.work import AsyncAction


class CsvImport(AsyncAction):
    """An uploaded CSV file on its way into the database: draft (mapping shown), queued, running, done or failed.

    `mapping` is {heading index as string: field name, or "metadata.<key>"}; `total` and `done` count bytes of the file.
    """

    class SentAs(models.TextChoices):
        FILE = "file", "CSV file"
        JSON = "json", "JSON"  # an array that the API was sent, kept as the CSV file it amounts to

    class OnError(models.TextChoices):
        KEEP_GOOD = "keep_good", "Import valid rows"
        ALL_OR_NOTHING = "all_or_nothing", "Import all rows or none"

    class DateOrder(models.TextChoices):
        CLEAR = "", "Only unambiguous dates"
        DAY_FIRST = DAY_FIRST, "Day first: 31/12/2026"
        MONTH_FIRST = MONTH_FIRST, "Month first: 12/31/2026"

    class DecimalMark(models.TextChoices):
        CLEAR = "", "Only unambiguous amounts"
        POINT = ".", "With a point: 1,250.50"
        COMMA = ",", "With a comma: 1.250,50"

    file = models.FileField(upload_to="imports/%Y/%m", storage=files)
    # A workbook as it was uploaded; then `file` is the chosen one of its sheets, as CSV.
    workbook = models.FileField(upload_to="imports/%Y/%m", storage=files, null=True)
    sheet = models.CharField(max_length=255, db_default="", default="")
    sheets = models.JSONField(db_default=models.Value([], models.JSONField()), default=list)  # names
    original_name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    encoding = models.CharField(max_length=32)
    encoding_guessed = models.BooleanField(db_default=False, default=False)
    delimiter = models.CharField(max_length=1)
    headed = models.BooleanField(db_default=True, default=True)  # the first row is headings
    # By which a later file with the same headings is mapped as this one was. "": it has none.
    headings_key = models.CharField(max_length=64, db_default="", default="", db_index=True)
    date_order = models.CharField(
        max_length=3, choices=DateOrder.choices, db_default="", default=DateOrder.CLEAR, blank=True
    )
    decimal_mark = models.CharField(
        max_length=1, choices=DecimalMark.choices, db_default="", default=DecimalMark.CLEAR, blank=True
    )
    # What marks text for a spreadsheet ('00123, ="00123") belongs to it, as in a file that was made for programs.
    as_stored = models.BooleanField(db_default=False, default=False)
    time_zone = models.CharField(max_length=64, db_default="UTC", default="UTC")  # of times without an offset
    mapping = models.JSONField(default=dict)
    on_error = models.CharField(max_length=16, choices=OnError.choices, default=OnError.KEEP_GOOD)
    sent_as = models.CharField(max_length=4, choices=SentAs.choices, db_default="file", default="file")
    rows_read = models.BigIntegerField(db_default=0, default=0)
    rows_imported = models.BigIntegerField(db_default=0, default=0)
    rows_updated = models.BigIntegerField(db_default=0, default=0)
    rows_refused = models.BigIntegerField(db_default=0, default=0)
    error_file = models.FileField(upload_to="imports/%Y/%m", storage=files, null=True)

    refused: Any  # the related manager of the app's RefusedRow

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.original_name

    @property
    def reading(self) -> Reading:
        return Reading(self.encoding, self.delimiter, self.headed, self.encoding_guessed)

    @property
    def formats(self) -> Formats:
        """JSON has one way to write a number, and its dates are moments: as the API tells them."""
        if self.sent_as == self.SentAs.JSON:
            return Formats(decimal_mark=self.DecimalMark.POINT, whole_days=False)
        return Formats(zone(self.time_zone), self.date_order, self.decimal_mark, as_stored=self.as_stored)

    @property
    def is_undone(self) -> bool:
        """Or is being undone. Only what can be taken back can be (campaigns/codes/actions/undo_import.py)."""
        return False

    def delete_files(self) -> None:
        for each in (self.file, self.workbook, self.error_file):
            if each:
                each.delete(save=False)

    def place_of(self, row: int) -> str:
        """What the row is called to whoever sent it: a spreadsheet counts the headings, an array has none."""
        return f"row {row}" if self.sent_as == self.SentAs.FILE else f"object {row - 1}"


class RefusedRow(models.Model):
    """A row of an uploaded file that was not imported. After the run the error file holds them all; a few stay here."""

    row = models.BigIntegerField()  # as a spreadsheet numbers it
    key = models.CharField(
        max_length=255, db_default=""
    )  # what the row said of its code or source_id, if that was read
    error = models.TextField()  # which cell, what is wrong with it, and how to mend it

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"Row {self.row:,}"
