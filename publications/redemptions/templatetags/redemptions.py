"""What lists of other rooms tell of redemptions."""

from __future__ import annotations

from django import template

from campaigns.models import Campaign
from config.staff.lists.tables import Table
from publications.redemptions.models import Redemption
from publications.redemptions.queries.history import last_attempts

register = template.Library()


@register.simple_tag
def last_attempt_in(table: Table, campaign: Campaign) -> Redemption | None:
    """The last attempt to redeem one of the campaign's codes, if it failed. All of the list's page are asked for at once."""
    if not hasattr(table, "last_attempts"):
        table.last_attempts = last_attempts([row.record.pk for row in table.paginated_rows])
    return table.last_attempts.get(campaign.pk)
