"""Rules and their firings in the administration."""

from __future__ import annotations

from django.contrib import admin

from config.staff.admin import ReadOnlyAdmin
from config.staff.admin_site import Section
from publications.automation.models import Firing, Rule


@admin.register(Rule)
class RuleAdmin(ReadOnlyAdmin):
    section, about = Section.DISTRIBUTIONS, "What starts an automatic distribution"
    list_display = ["distribution", "trigger", "segment", "campaign", "event_name", "cron", "activated_at"]
    list_filter = ["trigger"]
    list_select_related = ["distribution", "segment", "campaign"]
    ordering = ["-distribution_id"]


@admin.register(Firing)
class FiringAdmin(ReadOnlyAdmin):
    section, about = Section.DISTRIBUTIONS, "Each time a trigger matched a rule, and the outcome"
    list_display = ["created_at", "distribution", "customer", "outcome", "reason", "detail", "key"]
    list_select_related = ["distribution", "customer"]
