"""Whether a code is worth anything to whoever gets it: asked before a distribution starts, in each statement that
publishes or sends for it, and where such a statement declined, to tell why.
"""

from __future__ import annotations

from django.db import connection
from django.utils import timezone

from campaigns.codes.balance import IS_SPENT, IS_USED_UP
from campaigns.codes.models import Voucher
from campaigns.codes.state import is_used_up
from campaigns.models import Campaign
from publications.distributions.models import Distribution
from publications.distributions.reasons import DeliveryReason, StatusReason

# Of a voucher `v`, its campaign `c` joined.
CODE_IS_GOOD = f"""v.active AND v.deleted_at IS NULL AND (v.expiration_date IS NULL OR v.expiration_date > now())
              AND NOT ({IS_USED_UP}) AND NOT ({IS_SPENT})"""


def why_campaign_is_dead(campaign: Campaign) -> StatusReason | None:
    """As its row is now, by the database's clock; None where its codes can be used."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT deleted_at IS NOT NULL, coalesce(expiration_date <= now(), false), NOT active
                 FROM campaigns_campaign WHERE id = %s""",
            [campaign.pk],
        )
        deleted, expired, disabled = cursor.fetchone()
    if deleted:
        return StatusReason.CAMPAIGN_DELETED
    if expired:
        return StatusReason.CAMPAIGN_EXPIRED
    return StatusReason.CAMPAIGN_DISABLED if disabled else None


def why_nothing_can_be_sent(distribution: Distribution) -> StatusReason | None:
    """Of its campaign. A code that is held may outlive its campaign by a date of its own, so a reminder goes on."""
    dead = why_campaign_is_dead(distribution.campaign) if distribution.campaign else None
    return None if distribution.remind and dead == StatusReason.CAMPAIGN_EXPIRED else dead


def why_code_is_dead(voucher: Voucher) -> DeliveryReason | None:
    """By what was read of it, of its campaign too where it has no limit of its own."""
    if not voucher.active or voucher.deleted_at:
        return DeliveryReason.CODE_DISABLED
    if voucher.expiration_date and voucher.expiration_date <= timezone.now():
        return DeliveryReason.CODE_EXPIRED
    return DeliveryReason.CODE_USED if is_used_up(voucher) else None
