"""Webhooks in the admin, read-only. Changes are made on their own pages."""

from __future__ import annotations

from django.contrib import admin

from config.staff.admin import ReadOnlyAdmin
from config.staff.admin_site import Section
from config.staff.roles import MANAGE
from publications.webhooks.models import WebhookAddress, WebhookDelivery


@admin.register(WebhookAddress)
class WebhookAddressAdmin(ReadOnlyAdmin):
    section, about = Section.API, "Where events are sent"
    ability_to_view = MANAGE
    list_display = ["__str__", "events", "paused_at", "actor_label", "created_at"]
    fields = [
        "public_id",
        "events",
        "paused_at",
        "pause_reason",
        "pause_detail",
        "rests_until",
        "deleted_at",
        "actor_label",
        "created_at",
    ]
    readonly_fields = ["public_id"]

    @admin.display(description="Id")
    def public_id(self, address: WebhookAddress) -> str:
        return address.public_id


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    """Without what was sent and answered, which may hold codes that are unpublished now: its page masks them."""

    section, about = Section.API, "What was sent to which address, and what it answered"
    ability_to_view = MANAGE
    list_display = ["created_at", "kind", "address", "status", "attempts", "answer_status", "error"]
    list_select_related = ["address"]
    fields = [
        *("event_id", "kind", "address", "status", "attempts", "attempted_at", "next_attempt_at"),
        *("answer_status", "error", "created_at"),
    ]
    readonly_fields = ["event_id"]

    @admin.display(description="Event id")
    def event_id(self, delivery: WebhookDelivery) -> str:
        return delivery.event_id
