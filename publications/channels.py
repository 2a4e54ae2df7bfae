"""The channels that Handout itself names; customers of the API and staff name others."""

from __future__ import annotations

API, DASHBOARD, AUTOMATION, CSV = "API", "Dashboard", "Automation", "CSV"  # the built-in channels


DISTRIBUTION = "Distribution"  # what a manual distribution is offered instead of its own
