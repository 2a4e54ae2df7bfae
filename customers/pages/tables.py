"""The list of customers, and the list of what one of them did."""

from __future__ import annotations

import json
from typing import Any

import django_tables2 as tables
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from config.staff.lists.tables import ChoiceColumn, Table, WhenColumn
from customers.models import Customer, Event
from customers.queries.search import MANY


class CustomerTable(Table):
    chosen = ChoiceColumn()
    name = tables.TemplateColumn(
        template_name="customers/_name.html", verbose_name="Customer", orderable=True, attrs={"td": {"class": "main"}}
    )
    email = tables.Column(default="–", attrs={"td": {"class": "full"}})
    source_id = tables.TemplateColumn(
        template_name="customers/_source_id.html", verbose_name="Source ID", attrs={"td": {"class": "full"}}
    )
    created_at = WhenColumn(verbose_name="Created", orderable=True, order_by=("created_at", "id"))

    footer_template = "partials/links/_report.html"
    report_kind = "customers"
    selection_template = "partials/links/_choose.html"
    chosen_of = "customers"
    empty_icon = "users"
    empty_title = "No customers yet"
    empty_text = "Customers are added when a code is published to them, by CSV import, or one by one."

    class Meta(Table.Meta):
        model = Customer
        fields = ("name", "email", "source_id", "created_at")
        sequence = ("chosen", "...")

    def __init__(self, customers: QuerySet, *, chooses: bool = False, searched: bool = False, **kwargs: Any) -> None:
        """`chooses`: rows can be ticked. Of the list of all customers alone: a form that knows no segment follows."""
        self.searched = searched
        if not chooses:
            self.selection_template = ""
        super().__init__(customers, exclude=() if chooses else ("chosen",), **kwargs)

    @property
    def notice(self) -> str:
        if not self.searched or self.page.count <= MANY:
            return ""
        return f"More than {MANY:,} customers start like this, so some may be missing here. Type more."

    def order_name(self, customers: QuerySet, is_descending: bool) -> tuple[QuerySet, bool]:
        """In the words of the index `customer_by_name`."""
        order = (Lower("name").desc(), "-id") if is_descending else (Lower("name"), "id")
        return customers.order_by(*order), True

    @property
    def empty_url(self) -> str:
        return reverse("customers:create")

    empty_action = "New customer"


class EventTable(Table):
    """One customer's custom events."""

    created_at = WhenColumn(verbose_name="Date")
    name = tables.Column("Event", attrs={"td": {"class": "main"}})
    metadata = tables.Column(attrs={"td": {"class": "wrap full"}})
    actor_label = tables.Column("By", empty_values=(), attrs={"td": {"class": "cut"}})

    empty_icon = "activity"
    empty_title = "No events yet"
    empty_text = "Events appear here when your shop sends them through the API."

    class Meta(Table.Meta):
        pass

    def render_metadata(self, value: dict) -> str:
        """On one line, "items: 3 · page: /autumn". An event may hold 32 KB of metadata; the API returns all of it."""
        words = (f"{key}: {part if isinstance(part, str) else json.dumps(part)}" for key, part in sorted(value.items()))
        return Truncator(" · ".join(words)).chars(300)

    def render_actor_label(self, record: Event) -> SafeString:
        return render_to_string("partials/records/_actor.html", {"done": record})
