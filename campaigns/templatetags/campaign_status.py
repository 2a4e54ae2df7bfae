"""A campaign's status and a code's uses, for lists."""

from __future__ import annotations

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from campaigns.codes.models import Voucher
from campaigns.codes.state import balance, redemption_limit
from campaigns.models import Campaign
from campaigns.pages.filters import state_of_campaign
from config.staff.templatetags.handout import money

register = template.Library()


@register.filter
def campaign_status(campaign: Campaign) -> str:
    return "Deleted" if campaign.deleted_at else state_of_campaign(campaign)


@register.simple_tag(takes_context=True)
def code_uses(context: Context, voucher: Voucher) -> SafeString:
    """How often a code was used, of how often it may be; and a gift voucher's balance."""
    limit, left = redemption_limit(voucher), balance(voucher)
    uses = f"{voucher.redeemed_quantity:,}" if limit is None else f"{voucher.redeemed_quantity:,} of {limit:,}"
    if left is None:
        return format_html('<span class="nowrap">{}</span>', uses)
    return format_html(
        '<span class="nowrap">{}</span> <small class="muted nowrap">{} left</small>', uses, money(context, left)
    )
