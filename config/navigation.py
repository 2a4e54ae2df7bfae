"""The side bar: what stands in it, in which order, and who may see it. Also which frame a page is drawn in."""

from __future__ import annotations

from operator import itemgetter
from typing import NamedTuple

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse

from config.alerts.queries import COUNTED, count_unread
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.pages.dialogs import in_dialog
from config.staff.roles import EXPORT, MANAGE, PUBLISH, READ, ROLES, may


class Entry(NamedTuple):
    label: str
    icon: str
    url_name: str
    ability: str | tuple[str, ...] = READ  # of several, one is enough
    also: tuple[str, ...] = ()  # other pages under it, whose addresses begin otherwise


ALERTS = "alerts:alerts"
MAIN = [
    Entry("Home", "house", "dashboard:home"),
    Entry("Campaigns", "ticket-percent", "campaigns:list"),
    Entry("Codes", "scan-barcode", "campaigns:codes"),
    Entry("Customers", "users", "customers:list"),
    Entry("Segments", "users-round", "segments:segments"),
    Entry("Publications", "send", "publications:history"),
    Entry("Redemptions", "shopping-bag", "redemptions:history"),
    Entry("Funnel", "funnel", "funnel:funnel"),
    Entry("Distributions", "megaphone", "distributions:list", also=("automation:list", "distributions:outbox")),
    Entry("Exports", "file-down", "exports:exports"),
    Entry("Alerts", "bell", ALERTS),
]
SETTINGS = [
    Entry("API keys", "key-round", "api:api-keys", MANAGE),
    Entry("Webhooks", "webhook", "webhooks:webhooks", MANAGE),
    Entry("Project settings", "settings", "staff:settings", MANAGE),
    Entry("E-mail", "mail", "server:email", MANAGE),
    Entry("Audit log", "scroll-text", "staff:audit-log", MANAGE),
    Entry("Users & roles", "user-cog", "admin:auth_user_changelist", MANAGE),
    Entry("Status", "activity", "server:status"),
    Entry("Administration", "database", "admin:index", (PUBLISH, EXPORT, MANAGE)),
]


def frame(request: HtmxHttpRequest) -> dict:
    """Context processor: `layout` (what a page extends) and `navigation` (read by _shell.html alone)."""
    return {
        "layout": "partials/_dialog.html" if in_dialog(request) else "base.html",
        "navigation": lambda: _navigation(request),
        "role": lambda: _role(request.user),
    }


def _navigation(request: HtmxHttpRequest) -> list[tuple[str, list[dict]]]:
    """[("", [{"label", "icon", "url", "current"}, …]), ("Settings", […])], with only what the user may open."""
    groups = [(heading, _entries(request, entries)) for heading, entries in (("", MAIN), ("Settings", SETTINGS))]
    shown = [entry for _, entries in groups for entry in entries]
    # The longest address that the path begins with: /admin/auth/user/7/ is under Users, not Administration.
    under = [(len(url), entry) for entry in shown for url in entry["urls"] if _is_under(request.path, url)]
    if under:
        max(under, key=itemgetter(0))[1]["current"] = True
    return groups


def _entries(request: HtmxHttpRequest, entries: list[Entry]) -> list[dict]:
    return [
        {"label": entry.label, "icon": entry.icon, "url": urls[0], "urls": urls, "current": False}
        | ({"unread": _unread(request)} if entry.url_name == ALERTS else {})
        for entry in entries
        for urls in [[reverse(name) for name in (entry.url_name, *entry.also)]]
        if any(may(request.user, one) for one in ([entry.ability] if isinstance(entry.ability, str) else entry.ability))
    ]


def _unread(request: HtmxHttpRequest) -> str:
    """How many alerts the bell shows, as text; "" for none."""
    count = count_unread(request.user)
    return f"{COUNTED - 1}+" if count >= COUNTED else str(count or "")


def _is_under(path: str, url: str) -> bool:
    return path == url if url == "/" else path.startswith(url)


def _role(user: User | AnonymousUser) -> str:
    """What the user block calls the user: the role with the most abilities, so that no group has to be read."""
    if user.is_superuser:
        return "Administrator"
    allowed = {ability for abilities in ROLES.values() for ability in abilities if may(user, ability)}
    names = [name for name, abilities in ROLES.items() if abilities <= allowed]
    largest = max(names, key=lambda name: len(ROLES[name]), default="")
    if largest == "Operator" and ROLES["Exporter"] <= allowed:
        return "Operator, Exporter"
    return largest or "No role yet"
