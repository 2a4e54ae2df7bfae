"""Django's admin under Handout's roles: everyone who may read the dashboard may enter, and sees what the role allows."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from config.staff.roles import READ, may
from config.staff.sign_in.pages import ask_to_sign_in


class Section(StrEnum):
    """Where a table is listed on the index, in this order: by what people look for, not by where its code is."""

    CAMPAIGNS = "Campaigns and codes"
    CUSTOMERS = "Customers and segments"
    PUBLICATIONS = "Publications and redemptions"
    DISTRIBUTIONS = "Distributions"
    FILES = "Imports and exports"
    WORK = "Background work"
    API = "API and webhooks"
    STAFF = "Staff and settings"
    INTERNALS = "Internals"


class HandoutAdminSite(admin.AdminSite):
    site_title = site_header = "Handout"
    index_title = "Administration"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return may(request.user, READ)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """All that the user may open, or what `?q=` finds: every word of it, in a table's name, in what is said of it or
        in its section."""
        words = request.GET.get("q", "")[:100].casefold().split()
        return super().index(request, {"sections": self._sections(request, words), **(extra_context or {})})

    def _sections(self, request: HttpRequest, words: list[str]) -> list[tuple[Section, list[dict[str, Any]]]]:
        found: dict[Section, list[dict[str, Any]]] = {section: [] for section in Section}
        for app in self.get_app_list(request):
            for table in app["models"]:
                model_admin = self._registry[table["model"]]
                name = model_admin.called or table["name"]
                text = f"{name} {table['name']} {model_admin.about} {model_admin.section}".casefold()
                if all(word in text for word in words):
                    found[model_admin.section].append({**table, "name": name, "about": model_admin.about})
        return [
            (section, sorted(tables, key=lambda table: table["name"])) for section, tables in found.items() if tables
        ]

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseRedirect:
        """People do not look for tables by app: there is only one index."""
        return redirect("admin:index")

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            # What was typed into a form is kept, as on every other page.
            return inner(request, *args, **kwargs) if request.user.is_authenticated else ask_to_sign_in(request)

        return checked

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseRedirect:
        return redirect("password_change")  # there is one, which also ends the other sessions

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseRedirect:
        if request.user.is_authenticated:  # who is signed in and still sent here lacks the role
            raise PermissionDenied("You need a role to use the administration. Ask a Manager for one.")
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
