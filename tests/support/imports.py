"""Imports for tests: made by the verbs, as the pages do it."""

from __future__ import annotations

import csv
import io

from django.core.files.base import ContentFile

from campaigns.codes import columns as code_columns
from campaigns.codes.actions.import_codes import import_codes
from campaigns.codes.models import CodeImport
from campaigns.models import Campaign
from config.imports.draft_import import draft_import, start_import
from config.imports.models import CsvImport
from customers import columns as customer_columns
from customers.actions.import_customers import import_customers
from customers.models import CustomerImport
from publications import columns as publication_columns
from publications.actions.run_publication_import import import_publications
from publications.models import PublicationImport
from tests.support.factories import STAFF
from tests.support.root import ROOT

SAMPLES = ROOT / "tests" / "samples"
EXAMPLES = ROOT / "static" / "examples"


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def queued_codes(content: str | bytes, campaign: Campaign | None = None, **options) -> CodeImport:
    draft = draft_import(
        CodeImport,
        _file(content, "codes.csv"),
        by=STAFF,
        fields=code_columns.FIELDS,
        ignored=code_columns.IGNORED,
        campaign=campaign,
        **options,
    )
    start_import(draft, by=STAFF, defer=lambda import_id: None)
    return draft


def queued_customers(content: str | bytes, **options) -> CustomerImport:
    draft = draft_import(
        CustomerImport,
        _file(content, "customers.csv"),
        by=STAFF,
        fields=customer_columns.FIELDS,
        ignored=customer_columns.IGNORED,
        **options,
    )
    start_import(draft, by=STAFF, defer=lambda import_id: None)
    return draft


def queued_publications(content: str | bytes, **options) -> PublicationImport:
    draft = draft_import(
        PublicationImport,
        _file(content, "publications.csv"),
        by=STAFF,
        fields=publication_columns.FIELDS,
        ignored=publication_columns.IGNORED,
        **options,
    )
    start_import(draft, by=STAFF, defer=lambda import_id: None)
    return draft


def imported_publications(content: str | bytes, **options) -> PublicationImport:
    queued = queued_publications(content, **options)
    import_publications(queued.pk)
    return PublicationImport.objects.get(pk=queued.pk)


def imported_codes(content: str | bytes, campaign: Campaign | None = None, **options) -> CodeImport:
    queued = queued_codes(content, campaign, **options)
    import_codes(queued.pk)
    return CodeImport.objects.get(pk=queued.pk)


def imported_customers(content: str | bytes, **options) -> CustomerImport:
    queued = queued_customers(content, **options)
    import_customers(queued.pk)
    return CustomerImport.objects.get(pk=queued.pk)


def refused(csv_import: CsvImport) -> list[tuple[int, str]]:
    return list(csv_import.refused.order_by("row").values_list("row", "error"))


def counts(csv_import: CsvImport) -> tuple[int, int, int, int]:
    """Read, imported, updated, refused."""
    return csv_import.rows_read, csv_import.rows_imported, csv_import.rows_updated, csv_import.rows_refused


def error_rows(csv_import: CsvImport) -> list[list[str]]:
    with csv_import.error_file.open("rb") as file:
        return list(csv.reader(io.StringIO(file.read().decode("utf-8-sig"), newline="")))


def _file(content: str | bytes, name: str) -> ContentFile:
    return ContentFile(content.encode() if isinstance(content, str) else content, name=name)
