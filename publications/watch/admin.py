"""Forecasts in the admin: to be looked up."""

from __future__ import annotations

from django.contrib import admin

from config.staff.admin import InternalAdmin
from config.staff.admin_site import Section
from publications.watch.models import PoolForecast


@admin.register(PoolForecast)
class PoolForecastAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "When each pool will be empty, as it was last worked out"
    list_display = [
        "campaign",
        "left",
        "reserved",
        "pace_week",
        "pace_month",
        "empty_on_week",
        "short_by",
        "computed_at",
    ]
    list_select_related = ["campaign"]
    ordering = ["-computed_at"]
