"""The settings pages: API keys, project settings, audit log. For Managers."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from config.actor import Actor
from config.staff.change_settings import change_settings
from config.staff.day_limits import use_of_channels
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import list_page
from config.staff.models import AuditEntry
from config.staff.pages.filters import AuditFilter
from config.staff.pages.forms import SettingsForm, time_zones
from config.staff.pages.tables import AuditTable
from config.staff.roles import MANAGE, requires
from config.staff.sign_in.second_factor import has_second_factor

form_page = require_http_methods(["GET", "HEAD", "POST"])


@form_page
@requires(MANAGE)
def project_settings(request: HtmxHttpRequest) -> HttpResponse:
    form = SettingsForm(request.POST or None, instance=request.project)
    if request.method == "POST" and form.is_valid() and _may_require(request, form):
        changed = change_settings(form.changes(), by=Actor.user(request.user))
        messages.success(request, "The settings have been saved." if changed else "Nothing was changed.")
        return redirect("staff:settings")
    context = {
        "form": form,
        "time_zones": time_zones(),
        "channels": use_of_channels(),
        "title": "Project settings",
    }
    return render(request, "staff/settings.html", context)


def _may_require(request: HtmxHttpRequest, form: SettingsForm) -> bool:
    """Managers who require a second factor from others must have one that works: otherwise they might lock themselves
    out too.
    """
    if form.changes().get("require_second_factor") and not has_second_factor(request.user):
        form.add_error("require_second_factor", "Set up your own second factor first (Your account).")
        return False
    return True


@require_safe
@requires(MANAGE)
def audit_log(request: HtmxHttpRequest) -> HttpResponse:
    entries = AuditFilter(request.GET, AuditEntry.objects.all())
    return list_page(request, "staff/audit_log.html", AuditTable(entries.qs), {"title": "Audit log"}, filterset=entries)
