"""The map: which app answers below which address."""

from django.contrib import admin
from django.urls import include, path

import config.public_ids  # noqa: F401 - registers the converters <camp:…>, <v:…>, <cust:…>, <pub:…>, <export:…>
from config.api_assembly import api
from config.api_reference_pages import docs, openapi

handler500 = "config.staff.sign_in.errors.server_error"
urlpatterns = [
    path("v1/", api.urls),  # first: it is asked the most often
    path("v1/openapi.json", openapi, name="openapi"),
    path("v1/docs", docs, name="docs"),
    path("", include("publications.dashboard.urls")),
    path("", include("publications.urls")),
    path("", include("publications.redemptions.urls")),
    path("", include("publications.notes.urls")),
    path("", include("publications.exports.urls")),
    path("", include("publications.recalls.urls")),
    path("", include("publications.funnel.urls")),
    path("", include("publications.referrals.urls")),
    path("", include("publications.quarantine.urls")),
    path("", include("publications.webhooks.urls")),
    path("", include("publications.distributions.urls")),
    path("", include("publications.automation.urls")),
    path("", include("campaigns.urls")),
    path("", include("customers.urls")),
    path("", include("customers.segments.urls")),
    path("", include("config.api.urls")),
    path("", include("config.alerts.urls")),
    path("", include("config.server.urls")),
    path("", include("config.staff.urls")),
    path("", include("config.staff.account.urls")),
    path("", include("config.staff.sign_in.pages")),
    path("", include("config.staff.sign_in.link_pages")),
    path("admin/", admin.site.urls),
]
