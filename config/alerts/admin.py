"""Alerts in the admin: to be looked up."""

from __future__ import annotations

from django.contrib import admin

from config.alerts.models import Alert, AlertRule, Notice
from config.staff.admin import ReadOnlyAdmin
from config.staff.admin_site import Section
from config.staff.roles import MANAGE


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    section, about = Section.STAFF, "Alerts, and when each one ended"
    ability_to_view = MANAGE
    list_display = ["title", "kind", "opened_at", "ended_at"]
    list_filter = ["kind"]
    search_fields = ["subject"]


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    section, about = Section.STAFF, "Who was sent which alert, and how delivery went"
    ability_to_view = MANAGE
    list_display = ["alert", "user", "email", "email_at", "email_error", "read_at"]
    list_filter = ["email"]
    list_select_related = ["alert", "user"]


@admin.register(AlertRule)
class AlertRuleAdmin(ReadOnlyAdmin):
    section, about = Section.STAFF, "Who gets which alerts; changed on the page Alerts"
    ability_to_view = MANAGE
    list_display = ["kind", "active", "by_email", "fewest_codes", "fewest_days", "most_failures"]
