"""The list of segments, and of the customers in one."""

from __future__ import annotations

import django_tables2 as tables
from django.urls import reverse_lazy
from django.utils.safestring import SafeString

from config.staff.lists.tables import Table, WhenColumn
from customers.pages.tables import CustomerTable
from customers.segments.models import Segment


class SegmentTable(Table):
    name = tables.TemplateColumn(
        '<a href="{% url "segments:segment" segment_id=record.pk %}">{{ record }}</a>', attrs={"td": {"class": "main"}}
    )
    kind = tables.TemplateColumn(
        '{% if record.filter == None %}{% pill "List" "calm" %}{% else %}{% pill "Filter" "info" %}{% endif %}',
        empty_values=(),
        attrs={"td": {"class": "aside"}},
    )
    created_at = WhenColumn(verbose_name="Created")

    empty_icon = "users-round"
    empty_title = "No segments yet"
    empty_text = (
        "A segment is a group of customers: everyone who currently matches its conditions, or those on a list you keep."
    )
    empty_url = reverse_lazy("segments:create-segment")
    empty_action = "New segment"

    class Meta(Table.Meta):
        model = Segment
        fields = ("name", "kind", "created_at")


class MemberTable(CustomerTable):
    footer_template = ""
    empty_title = "No customers"
    empty_text = "Customers appear here as soon as they match."
    empty_action = ""
    empty_url = ""

    class Meta(CustomerTable.Meta):
        pass


class PickedTable(MemberTable):
    """The members of a static segment, who can be removed."""

    remove = tables.TemplateColumn(
        template_name="segments/_take_out.html",
        verbose_name=SafeString('<span class="sr">Remove</span>'),
        empty_values=(),
        attrs={"td": {"class": "actions"}},
    )
    empty_text = "Add customers one by one or from a list."

    class Meta(CustomerTable.Meta):
        fields = (*CustomerTable.Meta.fields, "remove")  # type: ignore[assignment]  # one more
