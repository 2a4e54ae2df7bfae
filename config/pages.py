"""Which page shows which thing: `thing.get_absolute_url()`, through Django's ABSOLUTE_URL_OVERRIDES.

A room links to what it knows without naming the room whose page that is, which may stand above it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import reverse


def _page(name: str) -> Callable[[Any], str]:
    return lambda thing: reverse(name, args=[thing.pk])


def _page_of_distribution(distribution: Any) -> str:
    """Where only its key is known, it counts as a manual one, whose page sends an automatic one on."""
    name = "automation:automation" if distribution.kind == "automatic" else "distributions:distribution"
    return reverse(name, args=[distribution.pk])


PAGES: dict[str, Callable[[Any], str]] = {
    "campaigns.campaign": _page("dashboard:campaign"),
    "codes.voucher": _page("dashboard:code"),
    "customers.customer": _page("dashboard:customer"),
    "segments.segment": _page("segments:segment"),
    "publications.publication": _page("publications:publication"),
    "webhooks.webhookaddress": _page("webhooks:webhook"),
    "distributions.distribution": _page_of_distribution,
    "exports.export": _page("exports:export"),
    "recalls.recall": _page("recalls:recall"),
}

# The kind of a public id -> what it is an id of.
THINGS = {
    "camp": "campaigns.campaign",
    "v": "codes.voucher",
    "cust": "customers.customer",
    "seg": "segments.segment",
    "pub": "publications.publication",
    "hook": "webhooks.webhookaddress",
    "dist": "distributions.distribution",
    "export": "exports.export",
    "recall": "recalls.recall",
}
