"""The first page: how it goes, what runs, what needs attention; and on a new installation, what to do first."""

from __future__ import annotations

import json
import shlex

from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.api.actions.warn_of_expiry import ending_keys
from config.api.models import ApiKey
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.paging import COUNT_UP_TO
from config.staff.models import AuditEntry
from config.staff.roles import MANAGE, READ, REDEEM, may, requires, reveals_codes
from publications.dashboard.queries.readiness import readiness
from publications.dashboard.queries.running_work import running_work
from publications.models import Publication
from publications.pages.filters import history
from publications.queries.history import attach_ledger
from publications.redemptions.models import Redemption
from publications.redemptions.pages.tables import for_table
from publications.tallies.tally import tally_days
from publications.watch.queries.pools_at_risk import pools_at_risk
from publications.webhooks.models import WebhookAddress

RUNNING = "running-work"  # the part of the page that is asked for again while something runs
LATEST, LATEST_REDEMPTIONS = 8, 5


@require_safe
@requires(any_of=(READ, REDEEM))
def home(request: HtmxHttpRequest) -> HttpResponse:
    if not may(request.user, READ):
        return redirect("redemptions:check")
    if request.htmx.target == RUNNING:
        response = render(request, "dashboard/_running_work.html", {"jobs": running_work(request.user)})
    elif latest := list(history().qs[:LATEST]):
        response = render(request, "dashboard/home.html", _overview(request, latest))
    else:
        response = render(request, "dashboard/first_steps.html", _first_steps(request))
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


# What stands on the page only now and then is asked for together, whether there is any.
AT_A_GLANCE = """
SELECT (SELECT count(*) FROM (SELECT FROM campaigns_campaign WHERE deleted_at IS NULL LIMIT %s) AS c),
       EXISTS (SELECT FROM api_apikey),
       EXISTS (SELECT FROM api_apikey WHERE revoked_at IS NULL AND expires_at < now() + interval '15 days'), EXISTS (SELECT FROM webhooks_webhookaddress WHERE paused_at IS NOT NULL)
"""


def _overview(request: HtmxHttpRequest, latest: list[Publication]) -> dict:
    days = tally_days()
    attach_ledger(latest)
    with connection.cursor() as cursor:
        cursor.execute(AT_A_GLANCE, [COUNT_UP_TO + 1])
        campaigns, any_key, any_ending, any_paused = cursor.fetchone()
    manages = may(request.user, MANAGE)
    return {
        "title": "Home",
        "wants_key": manages and not any_key,
        "today": days.codes(last=1),
        "yesterday": days.codes(last=1, before=1),
        "week": days.codes(last=7),
        "week_before": days.codes(last=7, before=7),
        "week_publications": days.publications(last=7),
        "failed": days.failed(last=7),
        "campaigns": campaigns,
        "chart": days.chart(),
        "low_pools": pools_at_risk(),
        "failing_webhooks": WebhookAddress.objects.failing() if manages and any_paused else [],
        "ending_keys": ending_keys() if manages and any_ending else [],
        "jobs": running_work(request.user),
        "latest": latest,
        "latest_redemptions": for_table(Redemption.objects.order_by("-created_at", "-pk"))[:LATEST_REDEMPTIONS],
        "reveals": reveals_codes(request.user),
        "readiness": readiness() if manages else [],
        "entries": AuditEntry.objects.all()[:LATEST] if manages else [],
    }


def _first_steps(request: HtmxHttpRequest) -> dict:
    """What is done already is ticked off; the first open step is the one to take."""
    campaign = Campaign.objects.live().order_by("-pk").first()
    key = ApiKey.objects.filter(revoked_at=None).first()
    steps = {
        "campaign": campaign is not None,
        "codes": campaign is not None and Voucher.objects.filter(campaign=campaign).exists(),
        "publish": False,
        "key": key is not None,
    }
    return {
        "title": "Welcome to Handout",
        "campaign": campaign,
        "key": key,
        "done": steps,
        "next": next((step for step, done in steps.items() if not done), ""),
        "jobs": running_work(request.user),
        "readiness": readiness() if may(request.user, MANAGE) else [],
        "example": _example(campaign, site=settings.SITE_URL or request.build_absolute_uri("/")),
    }


def _example(campaign: Campaign | None, *, site: str) -> str:
    """A call by curl; only the key is left to fill in."""
    body = {
        "campaign": campaign.name if campaign else "YOUR CAMPAIGN",
        "customer": {"source_id": "mara", "email": "mara@example.com"},
        "source_id": "order-1042",
    }
    headers = ["X-App-Id: YOUR ID", "X-App-Token: YOUR TOKEN", "Content-Type: application/json"]
    parts = [
        f"curl {site.rstrip('/')}/v1/publications",
        *(f"  -H {shlex.quote(header)}" for header in headers),
        f"  -d {shlex.quote(json.dumps(body, ensure_ascii=False))}",
    ]
    return " \\\n".join(parts)
