"""A campaign's status, for pages that list campaigns without their table."""

from __future__ import annotations

from django import template

from campaigns.models import Campaign
from campaigns.pages.filters import state_of_campaign

register = template.Library()


@register.filter
def campaign_status(campaign: Campaign) -> str:
    return "Deleted" if campaign.deleted_at else state_of_campaign(campaign)
