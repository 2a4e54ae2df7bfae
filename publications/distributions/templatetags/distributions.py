"""Tags of the pages of distributions."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.safestring import SafeString

from config.staff.templatetags.handout import when
from publications.distributions.models import Distribution
from publications.distributions.pages.tables import status_pill

register = template.Library()


@register.simple_tag
def countdown(moment: datetime) -> str:
    """ "in 9 min 58 s", within the last hour; before that the moment itself."""
    left = moment - timezone.now()
    if left <= timedelta(0):
        return "now"
    if left > timedelta(hours=1):
        return when(moment)
    minutes, seconds = divmod(int(left.total_seconds()), 60)
    return f"in {minutes} min {seconds} s" if minutes else f"in {seconds} s"


@register.filter
def spoken_minutes(minutes: int) -> str:
    """ "9 min", "3 h", "2 days": no more exact than an estimate is."""
    if minutes < 100:
        return f"{minutes} min"
    hours = round(minutes / 60)
    return f"{hours} h" if hours < 48 else f"{round(hours / 24)} days"


@register.inclusion_tag("distributions/_not_sent.html")
def not_sent(distribution: Distribution | None = None) -> dict:
    """Says that there is no mail server, where a distribution (or any) would need one, and how to set one up."""
    by_email = distribution is None or distribution.message == Distribution.Message.EMAIL
    return {"shown": by_email and not settings.EMAIL_IS_SENT}


@register.simple_tag
def run_status(distribution: Distribution) -> SafeString:
    return status_pill(distribution)
