"""Pages speak the project's time zone; the API, the CSV files and the database speak UTC."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from django.http import HttpResponse
from django.utils import timezone

from config.staff.htmx_request import HtmxHttpRequest
from config.staff.models import ProjectSettings
from config.staff.quarantine import IS_OPEN

# Machines ask here; they are answered in UTC and must not pay for a query.
WITHOUT_PAGES = ("/v1/",)


# One row also where nobody has changed a setting yet; and whether each page has to say that nothing is published
# (templates/quarantine/_banner.html), in the one query that all of them make.
SETTINGS = f"""SELECT s.*, {IS_OPEN} AS quarantined
  FROM (SELECT 1) AS always LEFT JOIN staff_projectsettings s ON s.id = 1"""  # noqa: S608 - our own constant


class TimeZoneMiddleware:
    """Puts the project's settings on the request as `request.project` and activates its time zone."""

    def __init__(self, get_response: Callable[[HtmxHttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HtmxHttpRequest) -> HttpResponse:
        if request.path.startswith(WITHOUT_PAGES):
            return self.get_response(request)
        (found,) = ProjectSettings.objects.raw(SETTINGS)
        request.project = found if found.pk else ProjectSettings()
        request.project.quarantined = found.quarantined  # type: ignore[attr-defined]  # of this query alone
        with timezone.override(zone(request.project.time_zone)):
            return self.get_response(request)


def zone(name: str) -> zoneinfo.ZoneInfo:
    """The time zone called `name`; UTC where this machine's database of zones has lost it."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")


EARLIEST, LATEST = date(1970, 1, 1), date(9000, 1, 1)  # beyond, Python cannot reckon in every time zone


def start_of(day: date) -> datetime:
    """The first moment of a day in the active time zone, which on pages is the project's."""
    return timezone.make_aware(datetime.combine(min(max(day, EARLIEST), LATEST), time.min))


def end_of(day: date) -> datetime:
    """The first moment of the next day."""
    return start_of(min(day, LATEST) + timedelta(days=1))
