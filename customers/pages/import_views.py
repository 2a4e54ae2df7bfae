"""The pages for importing customers. Their flow is in config/imports/pages/views.py."""

from __future__ import annotations

from django import forms
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from procrastinate.contrib.django import app

from config.imports.pages import views as pages
from config.imports.pages.forms import OptionsForm
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.pages.widgets import Switch
from config.staff.roles import PUBLISH, requires
from customers.actions.import_customers import CustomerImporter
from customers.columns import FIELDS, IGNORED
from customers.models import CustomerImport


class CustomerOptionsForm(OptionsForm):
    update_existing = forms.BooleanField(
        label="Update existing customers",
        required=False,
        widget=Switch,
        help_text="Filled cells replace existing values; empty cells change nothing. If off, such rows are rejected.",
    )
    match_by_email = forms.BooleanField(
        label="Match rows without a source ID by e-mail address",
        required=False,
        widget=Switch,
        help_text="If off, such a row always adds a customer, even one whose address is here already.",
    )


def _warning(draft: CustomerImport) -> str:
    mapped = set(draft.mapping.values())
    if {"source_id", "old_id"} & mapped or ("email" in mapped and draft.match_by_email):
        return ""
    return "No column is imported as the source ID, so every row adds a customer, even one that already exists."


CUSTOMERS = pages.ImportKind(
    model=CustomerImport,
    fields=FIELDS,
    ignored=IGNORED,
    required=None,
    importer=CustomerImporter,
    defer=lambda import_id: app.configure_task("customers.run_customer_import").defer(import_id=import_id),
    form=CustomerOptionsForm,
    page="customers:customer-import",
    warning=_warning,
)
page = require_http_methods(["GET", "HEAD", "POST"])


@page
@requires(PUBLISH)
def import_customers(request: HtmxHttpRequest) -> HttpResponse:
    return pages.upload_page(request, CUSTOMERS, context=_context())


@page
@requires(PUBLISH)
def customer_import(request: HtmxHttpRequest, import_id: int) -> HttpResponse:
    return pages.import_page(request, CUSTOMERS, _find(import_id), context=_context())


@require_safe
@requires(PUBLISH)
def errors(request: HtmxHttpRequest, import_id: int) -> FileResponse:
    return pages.error_file(_find(import_id))


@require_POST
@requires(PUBLISH)
def discard(request: HtmxHttpRequest, import_id: int) -> HttpResponse:
    return pages.discard(request, _find(import_id), upload_url=_context()["upload_url"])


@require_POST
@requires(PUBLISH)
def retry(request: HtmxHttpRequest, import_id: int) -> HttpResponse:
    return pages.retry(request, CUSTOMERS, _find(import_id))


@require_POST
@requires(PUBLISH)
def stop(request: HtmxHttpRequest, import_id: int) -> HttpResponse:
    return pages.stop(request, CUSTOMERS, _find(import_id))


def _find(import_id: int) -> CustomerImport:
    return get_object_or_404(CustomerImport, pk=import_id)


def _context() -> dict:
    return {
        "what": "customers",
        "icon": "users",
        "list_name": "Customers",
        "list_url": reverse("customers:list"),
        "heading": "Import customers",
        "upload_url": reverse("customers:import"),
        "intro": "A row with a source ID adds or updates that customer. A row without one is matched by its e-mail address.",
        "hint": "",
        "example": "examples/customers.csv",
    }
