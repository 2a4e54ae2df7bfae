"""The head of a campaign's pages: name, status, actions and tabs, the same on every tab."""

from __future__ import annotations

from django import template

register = template.Library()


@register.inclusion_tag("publications/_campaign_head.html", takes_context=True)
def campaign_head(context, campaign, tab: str):
    """`{% campaign_head campaign "settings" %}`. Tabs: history, codes, exports, settings, activity; "" marks none."""
    return {"campaign": campaign, "tab": tab, "request": context["request"], "user": context["user"]}
