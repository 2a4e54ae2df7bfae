"""Pages speak the project's time zone; the API, the CSV files and the database speak UTC."""

from __future__ import annotations

import zoneinfo

from django.utils import timezone

from config.models import ProjectSettings

# Machines ask here; they are answered in UTC and must not pay for a query.
WITHOUT_PAGES = ("/v1/",)


class TimeZoneMiddleware:
    """Puts the project's settings on the request as `request.project` and activates its time zone."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path.startswith(WITHOUT_PAGES):
            return self.get_response(request)
        request.project = ProjectSettings.objects.filter(id=1).first() or ProjectSettings()
        with timezone.override(zone(request.project.time_zone)):
            return self.get_response(request)


def zone(name: str) -> zoneinfo.ZoneInfo:
    """The time zone called `name`; UTC where this machine's database of zones has lost it."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")
