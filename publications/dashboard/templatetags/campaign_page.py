"""The head of a campaign's pages: name, status, actions and tabs, the same on every tab."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.urls import reverse

from campaigns.codes.queries.count_codes import CodeCount, count_codes, is_pool_empty
from campaigns.durations import spoken_duration
from campaigns.models import Campaign
from campaigns.templatetags.campaign_status import campaign_status
from config.staff.lists.paging import COUNT_UP_TO
from config.staff.roles import EXPORT, MANAGE, PUBLISH, may
from publications.dashboard.queries.campaign_overview import figures_of

register = template.Library()

TABS = [
    ("history", "Publication history", "dashboard:campaign"),
    ("referrals", "Referrals", "referrals:referrals"),
    ("codes", "Codes", "dashboard:campaign-codes"),
    ("exports", "Exports", "exports:campaign-exports"),
    ("settings", "Settings", "campaigns:settings"),
    ("activity", "Activity", "dashboard:campaign-activity"),
]


@register.inclusion_tag("partials/records/_campaign_head.html", takes_context=True)
def campaign_head(context: Context, campaign: Campaign, tab: str = "") -> dict:
    """`{% campaign_head campaign "settings" %}` in the block `head`: crumbs, name, status, actions, and with a `tab` the tabs."""
    user = context["request"].user
    codes = _codes(context, campaign)
    return {
        **_frame(context),
        "campaign": campaign,
        "codes": codes,
        "pool_empty": is_pool_empty(campaign, codes),
        "tab": tab,
        "here": next((label for name, label, _ in TABS if name == tab and name != "history"), ""),
        "status": campaign_status(campaign),
        "facts": _facts(campaign),
        "may_publish": may(user, PUBLISH),
        "may_export": may(user, EXPORT),
        "may_hand_out": may(user, PUBLISH, EXPORT),
        "may_add_codes": may(user, MANAGE) and not campaign.standalone,
    }


@register.inclusion_tag("partials/records/_campaign_tabs.html", takes_context=True)
def campaign_tabs(context: Context, campaign: Campaign, tab: str) -> dict:
    """The tabs alone, for the page that has something between the head and them, and has counted already."""
    figures = context.get("figures") or figures_of(campaign)
    codes = _codes(context, campaign)
    counts = {"history": figures.publications, "codes": codes.total, "exports": figures.exports}
    tabs = []
    may_change = may(context["request"].user, MANAGE) and not campaign.deleted_at
    for name, label, url_name in TABS:
        if name == "settings" and not may_change:
            continue
        if name == "referrals" and campaign.kind != Campaign.Kind.REFERRAL_PROGRAM:
            continue
        url = reverse(url_name, kwargs={"campaign_id": campaign.pk})
        count = counts.get(name)
        capped = name == "history" and figures.publications > COUNT_UP_TO
        tabs.append({"label": label, "url": url, "count": COUNT_UP_TO if capped else count, "capped": capped})
        tabs[-1]["here"] = name == tab
    return {"tabs": tabs}


def _codes(context: Any, campaign: Campaign) -> CodeCount:
    known = context.get("codes")
    return known if isinstance(known, CodeCount) else count_codes([campaign])[campaign.pk]


def _facts(campaign: Campaign) -> list[str]:
    facts = [campaign.get_kind_display()]
    if campaign.standalone:
        facts.append("single code")
    if campaign.join_once:
        facts.append("one code per customer")
    if campaign.auto_update:
        facts.append("auto-extending")
    if campaign.activity_duration:
        facts.append(f"valid for {spoken_duration(campaign.activity_duration)} after publishing")
    return facts


def _frame(context: Context) -> dict:
    """What the head's own forms and tags need of the page."""
    return {name: context[name] for name in ("request", "csrf_token", "layout") if name in context}


@register.inclusion_tag("publications/_delta.html")
def delta(now: int, before: int) -> dict:
    """ "+22% on the week before"."""
    percent = round((now - before) * 100 / before) if before else None
    return {"percent": percent, "shown": abs(percent or 0), "now": now}
