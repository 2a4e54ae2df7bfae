"""The filters of an address's deliveries, as they appear in the address bar."""

from __future__ import annotations

import django_filters

from publications.webhooks.models import EVENTS, TEST, WebhookDelivery


class DeliveryFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(
        choices=WebhookDelivery.Status.choices, empty_label="Any status", label="Status"
    )
    kind = django_filters.ChoiceFilter(
        choices=[(kind, kind) for kind in (*EVENTS, TEST)], empty_label="Any event", label="Event"
    )

    class Meta:
        model = WebhookDelivery
        fields: list[str] = []
