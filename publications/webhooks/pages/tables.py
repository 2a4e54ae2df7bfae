"""The lists of addresses and of their deliveries."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse_lazy
from django.utils.safestring import SafeString

from config.staff.lists.tables import Table, WhenColumn
from publications.webhooks.models import WebhookAddress, WebhookDelivery


class WebhookAddressTable(Table):
    url = tables.TemplateColumn(template_name="webhooks/_url.html", attrs={"td": {"class": "main cut"}})
    status = tables.TemplateColumn(
        '{% if record.paused_at %}{% pill "Paused" %}{% else %}{% pill "Active" %}{% endif %}',
        empty_values=(),
        attrs={"td": {"class": "aside"}},
    )
    events = tables.TemplateColumn(template_name="webhooks/_events.html", attrs={"td": {"class": "full wrap"}})
    latest = tables.TemplateColumn(
        template_name="webhooks/_latest.html",
        verbose_name="Last delivery",
        empty_values=(),
        attrs={"td": {"class": "full"}},
    )

    empty_icon = "webhook"
    empty_title = "No webhooks yet"
    empty_text = "Handout can notify your shop or CRM within seconds of every code that is published or redeemed."
    empty_url = reverse_lazy("webhooks:create-webhook")
    empty_action = "Add webhook"

    class Meta(Table.Meta):
        model = WebhookAddress
        fields = ("url", "status", "events", "latest")

    def __init__(self, addresses: QuerySet, **kwargs: Any) -> None:
        latest = WebhookDelivery.objects.filter(address=OuterRef("pk")).order_by("-pk")
        super().__init__(
            addresses.annotate(
                latest_status=Subquery(latest.values("status")[:1]),
                latest_attempts=Subquery(latest.values("attempts")[:1]),
                latest_at=Subquery(latest.values("created_at")[:1]),
            ),
            **kwargs,
        )


class DeliveryTable(Table):
    created_at = WhenColumn(verbose_name="When")
    kind = tables.TemplateColumn("<code>{{ value }}</code>", verbose_name="Event", attrs={"td": {"class": "main"}})
    state = tables.TemplateColumn(
        "{% pill value %}", verbose_name="Status", empty_values=(), attrs={"td": {"class": "aside"}}
    )
    answer_status = tables.TemplateColumn(
        template_name="webhooks/_answer.html",
        verbose_name="Response",
        empty_values=(),
        attrs={"td": {"class": "cut full"}},
    )
    attempts = tables.TemplateColumn(
        template_name="webhooks/_attempts.html", empty_values=(), attrs={"td": {"class": "full"}}
    )
    more = tables.TemplateColumn(
        template_name="webhooks/_more.html",
        verbose_name=SafeString('<span class="sr">Details</span>'),
        empty_values=(),
        attrs={"th": {"class": "opener"}, "td": {"class": "opener"}},
    )

    row_template = "webhooks/_details.html"
    empty_icon = "send"
    empty_title = "Nothing has been sent yet"
    empty_text = "Events are sent within seconds. Send a test to see whether they arrive."

    class Meta(Table.Meta):
        model = WebhookDelivery
        fields = ("created_at", "kind", "state", "answer_status", "attempts", "more")

    def __init__(self, deliveries: QuerySet, **kwargs: Any) -> None:
        super().__init__(deliveries.defer("body", "answer_body", "log"), **kwargs)
