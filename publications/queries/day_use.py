"""How much of a daily limit is used, even where nothing has been counted yet."""

from __future__ import annotations

from django.db import connection

from campaigns.models import Campaign
from config.staff.day_limits import TODAY, Kind, Use, use_today

TIME_ZONE = "coalesce((SELECT time_zone FROM staff_projectsettings WHERE id = 1), 'UTC')"
# Of a day, as a date. What was imported went out elsewhere.
GIVEN = f"""coalesce((SELECT sum(p.voucher_count) FROM publications_publication p
    WHERE p.result = 'SUCCESS' AND p.origin <> 'import' AND {{of_subject}}
      AND p.created_at >= ({{day}})::timestamp AT TIME ZONE {TIME_ZONE}), 0)"""  # noqa: S608 - our own constants
OF_SUBJECT = {
    Kind.CAMPAIGN: "p.campaign_id = %(subject)s::bigint",
    Kind.API_KEY: "p.actor_kind = 'api_key' AND p.actor_id = %(subject)s::bigint",
    Kind.CHANNEL: "p.channel = %(subject)s",
}


def day_use(campaign: Campaign) -> Use | None:
    """None if the campaign has no daily limit."""
    return _counted(Kind.CAMPAIGN, str(campaign.pk)) if campaign.codes_per_day else None


def day_use_of_channel(channel: str) -> Use | None:
    """None if the channel has no limit."""
    return _counted(Kind.CHANNEL, channel)


def _counted(kind: Kind, subject: str) -> Use | None:
    use = use_today(kind, subject)
    if use is None or use.used is not None:
        return use
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {GIVEN.format(of_subject=OF_SUBJECT[kind], day=TODAY)}", {"subject": subject})
        return use._replace(used=int(cursor.fetchone()[0]))
