"""Works out, for each live campaign with a fixed pool, when it will be empty."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, QuerySet
from django.utils import timezone

from campaigns.codes.models import Reservation
from campaigns.codes.queries.count_codes import CodeCount, count_codes
from campaigns.models import Campaign, CampaignCount
from config.staff.models import ProjectSettings
from config.staff.time_zone import zone
from publications.channels import CSV, DISTRIBUTION
from publications.distributions.models import Delivery, Distribution
from publications.distributions.queries.dry_run import dry_run
from publications.watch.models import PoolForecast
from publications.watch.project_pool import MONTH, WEEK, Planned, Projection, pace_of, project_pool

SECONDS = 20  # that one run works for; what is left over comes first in the next
NEWEST = 1_000  # campaigns that are forecast
BATCH = 20
MOST_PLANNED = 200  # distributions of a batch that are looked at, the next ones

# These take many codes at once, now and then; what is planned of them is known, and is reckoned with by itself.
AT_ONCE = [CSV, DISTRIBUTION, "Import"]

# Whole days only: this morning says little about today.
PACE = """
SELECT campaign_id,
       coalesce(sum(codes) FILTER (WHERE day >= %(today)s::date - 7), 0)::bigint, coalesce(sum(codes), 0)::bigint
  FROM tallies_daytally
 WHERE campaign_id = ANY (%(campaigns)s) AND day >= %(today)s::date - 28 AND day < %(today)s AND result = 'SUCCESS'
   AND channel <> ALL (%(at_once)s)
 GROUP BY campaign_id
"""


# For the list of campaigns, which stands on a lower floor. In the order of the keys, as everybody who writes several of them.
TELL = """
WITH told AS MATERIALIZED (
    SELECT k.campaign_id, least(f.empty_on_week, f.empty_on_month) AS empty_on, f.computed_at
      FROM campaigns_campaigncount k JOIN watch_poolforecast f ON f.campaign_id = k.campaign_id
     WHERE k.campaign_id = ANY (%(campaigns)s)
     ORDER BY k.campaign_id FOR NO KEY UPDATE OF k
)
UPDATE campaigns_campaigncount k SET empty_on = told.empty_on, forecast_at = told.computed_at
  FROM told WHERE k.campaign_id = told.campaign_id
"""


def forecast_pools() -> int:
    """How many campaigns; the ones that were not looked at for longest come first. May be interrupted, and run again."""
    give_up = time.monotonic() + SECONDS
    PoolForecast.objects.exclude(campaign__in=_with_a_pool()).delete()
    told = CampaignCount.objects.filter(
        ~Exists(PoolForecast.objects.filter(campaign=OuterRef("pk"))), forecast_at__isnull=False
    )
    told.update(empty_on=None, forecast_at=None)
    newest = _with_a_pool().order_by("-created_at", "-pk")[:NEWEST].values("pk")
    due = (
        _with_a_pool()
        .filter(pk__in=newest)
        .select_related("kept_count")
        .annotate(forecast_at=PoolForecast.objects.filter(campaign=OuterRef("pk")).values("computed_at")[:1])
        .order_by(F("forecast_at").asc(nulls_first=True), "pk")
    )
    campaigns, done = list(due), 0
    with timezone.override(zone(ProjectSettings.current().time_zone)):
        while campaigns and time.monotonic() < give_up:
            batch, campaigns = campaigns[:BATCH], campaigns[BATCH:]
            _forecast(batch)
            done += len(batch)
    return done


def _with_a_pool() -> QuerySet[Campaign]:
    """Those whose pool ends one day. One that fills itself up never does."""
    live = Campaign.objects.live().filter(active=True, auto_update=False, standalone=False)
    return live.exclude(expiration_date__lte=timezone.now())


def _forecast(campaigns: Sequence[Campaign]) -> None:
    today = timezone.localdate()
    counts = count_codes(campaigns)
    with connection.cursor() as cursor:
        keys = [campaign.pk for campaign in campaigns]
        cursor.execute(PACE, {"campaigns": keys, "today": today, "at_once": AT_ONCE})
        taken = {key: (week, month) for key, week, month in cursor.fetchall()}
    reserved = _reserved_in(campaigns)
    planned = planned_of(campaigns, today, but={one.taker for kept in reserved.values() for one in kept})
    rows = [
        _row(
            campaign,
            counts[campaign.pk],
            taken.get(campaign.pk, (0, 0)),
            planned[campaign.pk],
            reserved[campaign.pk],
            today,
        )
        for campaign in campaigns
        if counts[campaign.pk].total
    ]
    written = [field.name for field in PoolForecast._meta.fields if field.name != "campaign"]
    PoolForecast.objects.bulk_create(rows, update_conflicts=True, unique_fields=["campaign"], update_fields=written)
    with connection.cursor() as cursor:
        cursor.execute(TELL, {"campaigns": keys})


def _row(
    campaign: Campaign,
    count: CodeCount,
    taken: tuple[int, int],
    planned: list[Planned],
    reserved: list[Reservation],
    today: date,
) -> PoolForecast:
    """What is reserved is gone for everybody else today, however late it is taken; it can be short, but not become so."""
    age = (today - timezone.localdate(campaign.created_at)).days
    pace_week, pace_month = pace_of(taken[0], days=WEEK, age=age), pace_of(taken[1], days=MONTH, age=age)
    until = timezone.localdate(campaign.expiration_date) if campaign.expiration_date else None

    kept = min(count.left, sum(one.covered for one in reserved))

    def at(pace: float) -> Projection:
        return project_pool(count.left - kept, pace=pace, planned=planned, today=today, until=until)

    week, month = at(pace_week), at(pace_month)
    faster = week if pace_week >= pace_month else month
    short, short_by = faster.short, faster.short_by
    for one in reversed(reserved):
        if one.short_by:
            short, short_by = Planned(timezone.localdate(one.due_at), one.needed, one.taker), one.short_by
    return PoolForecast(
        campaign=campaign,
        computed_at=timezone.now(),
        left=count.left,
        total=count.total,
        pace_week=pace_week,
        pace_month=pace_month,
        empty_on_week=week.empty_on,
        empty_on_month=month.empty_on,
        planned=sum(one.codes for one in planned) + sum(one.needed for one in reserved),
        reserved=kept,
        short_for_id=short.key if short else None,
        short_on=short.day if short else None,
        short_by=short_by,
    )


def _reserved_in(campaigns: Sequence[Campaign]) -> dict[int, list[Reservation]]:
    """By campaign, the earliest first. One whose distribution is gone is given back within a minute."""
    kept: dict[int, list[Reservation]] = defaultdict(list)
    takers = Distribution.objects.filter(pk=OuterRef("taker"))
    for one in Reservation.objects.filter(Exists(takers), campaign__in=campaigns, needed__gt=0):
        kept[one.campaign_id].append(one)
    return kept


def planned_of(campaigns: Sequence[Campaign], today: date, *, but: Collection[int] = ()) -> dict[int, list[Planned]]:
    """By campaign, what its manual distributions will take: those scheduled, and the rest of those under way. `but`: those for
    which codes are reserved, as they are within a minute."""
    distributions = Distribution.objects.manual().filter(campaign__in=campaigns, remind=False).exclude(pk__in=but)
    latest = list(
        distributions.filter(status__in=["scheduled", "running", "held"])
        .select_related("campaign", "segment")
        .order_by("starts_at", "pk")[:MOST_PLANNED]
    )
    pending = Delivery.objects.filter(distribution__in=[one for one in latest if one.status != "scheduled"])
    waiting = dict(pending.filter(state="pending").order_by().values_list("distribution").annotate(Count("pk")))
    planned: dict[int, list[Planned]] = defaultdict(list)
    for one in latest:
        scheduled = one.status == "scheduled" and one.starts_at is not None
        codes = dry_run(one).codes_needed if scheduled else waiting.get(one.pk, 0) * one.codes_each
        if codes and one.campaign_id is not None:
            day = timezone.localdate(one.starts_at) if scheduled else today
            planned[one.campaign_id].append(Planned(day, codes, one.pk))
    return planned
