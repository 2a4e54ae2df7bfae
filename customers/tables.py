"""The list of customers."""

from __future__ import annotations

import django_tables2 as tables
from django.db.models.functions import Lower
from django.urls import reverse

from config.tables import Table, WhenColumn
from customers.models import Customer


class CustomerTable(Table):
    name = tables.TemplateColumn(
        template_name="customers/_name.html", verbose_name="Customer", orderable=True, attrs={"td": {"class": "main"}}
    )
    email = tables.Column(default="–", attrs={"td": {"class": "full"}})
    source_id = tables.TemplateColumn(
        template_name="customers/_source_id.html", verbose_name="Source ID", attrs={"td": {"class": "full"}}
    )
    created_at = WhenColumn(verbose_name="Created", orderable=True, order_by=("created_at", "id"))

    footer_template = "publications/_report_link.html"
    report_kind = "customers"
    empty_icon = "users"
    empty_title = "No customers yet"
    empty_text = "They are added when a code is published to them, by a CSV file, or one by one."

    class Meta(Table.Meta):
        model = Customer
        fields = ("name", "email", "source_id", "created_at")

    def order_name(self, customers, is_descending):
        """In the words of the index `customer_by_name`."""
        order = (Lower("name").desc(), "-id") if is_descending else (Lower("name"), "id")
        return customers.order_by(*order), True

    @property
    def empty_url(self) -> str:
        return reverse("customers:create")

    empty_action = "New customer"
