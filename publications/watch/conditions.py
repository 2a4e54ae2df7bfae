"""What staff must be told of: each function finds what holds now. Each is bounded, and reads what pages read."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from campaigns.codes.models import CodeImport
from campaigns.models import Campaign
from config.alerts.actions.keep_alerts import Found
from config.alerts.models import AlertRule
from config.public_ids import CAMPAIGN, public_id
from config.work import Work
from customers.models import CustomerImport
from publications.distributions.models import Distribution
from publications.exports.models import Export
from publications.models import PublicationImport
from publications.redemptions.models import Redemption
from publications.redemptions.queries.tried_by_others import by_others
from publications.watch.in_words import in_words
from publications.watch.models import PoolForecast
from publications.webhooks.models import WebhookAddress

MOST = 500  # of each kind
LOOKED_BACK = timedelta(days=7)  # for what happens once; less than alerts are kept
A_LITTLE_MORE = 1.1  # than the limit, and what was low is low no more


def low_pools(rule: AlertRule) -> tuple[list[Found], list[str]]:
    """The pools below the rule's limits, and the subjects of those that are just above them, for which it is not over."""
    found, still = [], []
    for forecast in _forecasts().filter(left__gt=0)[:MOST]:
        subject = public_id(CAMPAIGN, forecast.campaign_id)
        if _is_low(forecast, rule):
            codes = "1 code" if forecast.left == 1 else f"{forecast.left:,} codes"
            found.append(
                Found(
                    subject,
                    f"{codes} left in {forecast.campaign}",
                    in_words(forecast) or f"Of {forecast.total:,} in all.",
                    _page_of(forecast),
                )
            )
        elif _is_low(forecast, rule, by=A_LITTLE_MORE):
            still.append(subject)
    return found, still


def _is_low(forecast: PoolForecast, rule: AlertRule, *, by: float = 1) -> bool:
    """A pool that was small from the beginning is low when half of it is gone."""
    few = 0 < forecast.left < rule.fewest_codes * by and forecast.left * 2 < forecast.total * by
    empty_on = forecast.empty_on
    soon = empty_on is not None and empty_on <= timezone.localdate() + timedelta(days=rule.fewest_days * by)
    return few or (bool(rule.fewest_days) and (soon or bool(forecast.short_by)))


def empty_pools() -> list[Found]:
    text = "Nobody can get a code until you generate or import more."
    return [
        Found(public_id(CAMPAIGN, one.campaign_id), f"No codes left in {one.campaign}", text, _page_of(one))
        for one in _forecasts().filter(left=0)[:MOST]
    ]


def _forecasts() -> QuerySet[PoolForecast]:
    return PoolForecast.objects.select_related("campaign", "short_for").order_by("-campaign_id")


def _page_of(forecast: PoolForecast) -> str:
    return forecast.campaign.get_absolute_url()


def paused_distributions() -> list[Found]:
    held = Distribution.objects.filter(status=Distribution.Status.HELD).order_by("-pk")[:MOST]
    return [Found(one.public_id, f"“{one}” is paused", one.why_paused, one.get_absolute_url()) for one in held]


def failed_distributions() -> list[Found]:
    not_reached = Count("deliveries", filter=Q(deliveries__state__in=["failed", "unknown"]))
    ended = Distribution.objects.manual().filter(finished_at__gt=Now() - LOOKED_BACK)
    latest = Distribution.objects.filter(pk__in=ended.order_by("-pk").values("pk")[:MOST])
    return [
        Found(
            one.public_id,
            f"“{one}” finished, but {one.not_reached:,} {'message' if one.not_reached == 1 else 'messages'} may not have arrived",
            "Its page lists them with the reason, and lets you send them again.",
            one.get_absolute_url(),
        )
        for one in latest.annotate(not_reached=not_reached).filter(not_reached__gt=0)
    ]


def failed_imports() -> list[Found]:
    kinds = (
        (CodeImport, "codes", "campaigns:code-import"),
        (CustomerImport, "customers", "customers:customer-import"),
        (PublicationImport, "publications", "publications:publication-import"),
    )
    return [
        Found(f"{noun}-{one.pk}", f"The import of {one.original_name} failed", one.error, reverse(page, args=[one.pk]))
        for model, noun, page in kinds
        for one in model.objects.filter(status=Work.Status.FAILED, finished_at__gt=Now() - LOOKED_BACK)[:MOST]
    ]


def failed_exports() -> list[Found]:
    failed = Export.objects.filter(status=Work.Status.FAILED, finished_at__gt=Now() - LOOKED_BACK)[:MOST]
    return [Found(one.public_id, f"{one} could not be created", one.error, one.get_absolute_url()) for one in failed]


def paused_webhooks() -> list[Found]:
    text = "Events are not sent until someone resumes it. The last error: {}"
    return [
        Found(one.public_id, f"The webhook to {one} is paused", text.format(one.pause_detail), one.get_absolute_url())
        for one in WebhookAddress.objects.failing()[:MOST]
    ]


# Today, and an average day of the two weeks before it, of everything (campaign 0).
ATTEMPTS = """
SELECT coalesce(sum(attempts) FILTER (WHERE day = %(today)s), 0)::bigint,
       coalesce(sum(attempts) FILTER (WHERE day < %(today)s), 0)::float / 14
  FROM tallies_daytally
 WHERE campaign_id = 0 AND result = 'FAILURE' AND day >= %(today)s::date - 14 AND day <= %(today)s
"""
UNUSUAL = 3  # times an average day


def failed_attempts(rule: AlertRule) -> list[Found]:
    """Once a day: when there are as many as the rule says, and UNUSUAL times as many as usual."""
    today = timezone.localdate()
    with connection.cursor() as cursor:
        cursor.execute(ATTEMPTS, {"today": today})
        attempts, usual = cursor.fetchone()
    if attempts < max(rule.most_failures, UNUSUAL * usual):
        return []
    text = (
        f"The daily average of the previous two weeks is {usual:,.0f}. The page shows why they failed, and what helps."
    )
    page = f"{reverse('publications:failures')}?days=7"
    return [Found(today.isoformat(), f"{attempts:,} failed attempts today", text, page)]


LATEST = 2_000  # redemptions of today: each costs a look at who held its code


def tried_by_others() -> list[Found]:
    """Once a day for a campaign that watches its holders. Whoever names no customer may be the holder, and is not counted."""
    if not Campaign.objects.live().exclude(only_holder=Campaign.OnlyHolder.OFF).exists():
        return []
    begin = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    latest = Redemption.objects.filter(created_at__gte=begin).order_by("-created_at", "-pk")[:LATEST]
    tried = by_others(Redemption.objects.filter(pk__in=latest.values("pk"), customer__isnull=False))
    campaigns = (
        tried.order_by()
        .values("campaign", "campaign__name")
        .annotate(tries=Sum("attempts"), codes=Count("voucher", distinct=True))
    )
    return [
        Found(
            f"{public_id(CAMPAIGN, one['campaign'])}-{begin:%Y-%m-%d}",
            f"Codes of {one['campaign__name']} were tried by others than their holders",
            f"{_counted(one['tries'], 'attempt')} today with {_counted(one['codes'], 'code')} so far. They may have been shared or "
            "leaked: the page shows by which file or channel they went out.",
            reverse("redemptions:tried-by-others"),
        )
        for one in campaigns.order_by("-tries", "campaign")[:MOST]
    ]


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
