"""The request as pages see it: what middleware has added, with types. The one place that declares this."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from config.staff.models import ProjectSettings


class HtmxHttpRequest(HttpRequest):
    htmx: HtmxDetails
    project: ProjectSettings  # by TimeZoneMiddleware
    user: User  # pages are behind `requires`, which lets nobody else in
