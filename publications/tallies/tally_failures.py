"""Counts failed attempts to publish by reason, day, channel and campaign (ADR 0021)."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from campaigns.models import Campaign
from config.staff.time_zone import start_of
from publications.refusals import FailureReason
from publications.tallies.models import OF_EVERYTHING
from publications.tallies.tally import GREY, ask

SHOWN_CHANNELS = 8
SHOWN_CAMPAIGNS = 3

# Tallied failures are few beside what was published, and have an index; what is not tallied yet is newer than
# `after`. However many channels and campaigns there are, no more rows come back than are shown.
STATEMENT = f"""
WITH progress AS MATERIALIZED (
    SELECT coalesce(max(counted_up_to), 0) AS up_to FROM tallies_tallyprogress WHERE time_zone = %(zone)s
), failure AS MATERIALIZED (
    SELECT campaign_id, day, channel, reason, attempts FROM tallies_daytally
     WHERE result = 'FAILURE' AND day >= %(first_day)s AND (SELECT up_to FROM progress) > 0 {{tallied}}
     UNION ALL
    SELECT scope, (created_at AT TIME ZONE %(zone)s::text)::date, channel, failure_reason, attempts
      FROM publications_publication p
     CROSS JOIN LATERAL (VALUES ({OF_EVERYTHING}), (p.campaign_id)) AS scopes (scope)
     WHERE result = 'FAILURE' AND id > %(after)s AND (SELECT up_to FROM progress) = %(after)s AND created_at >= %(since)s
       AND scope IS NOT NULL {{newer}}
), inside AS MATERIALIZED (
    SELECT day, reason, attempts, channel, dense_rank() OVER (ORDER BY of_channel DESC, channel) AS place
      FROM (SELECT *, sum(attempts) OVER (PARTITION BY channel) AS of_channel FROM failure
             WHERE campaign_id = %(scope)s) AS failure
), campaign AS (
    SELECT campaign_id, reason, sum(attempts) AS attempts,
           row_number() OVER (PARTITION BY reason ORDER BY sum(attempts) DESC, campaign_id DESC) AS place
      FROM failure WHERE campaign_id <> {OF_EVERYTHING} GROUP BY 1, 2
)
SELECT '' AS what, NULL::date AS day, NULL AS name, up_to, 0::bigint AS attempts, '' AS reason FROM progress
 UNION ALL
SELECT 'day', day, NULL, 0, sum(attempts)::bigint, reason FROM inside GROUP BY day, reason
 UNION ALL
SELECT 'channel', NULL, CASE WHEN place <= {SHOWN_CHANNELS} THEN channel END, 0, sum(attempts)::bigint, reason
  FROM inside GROUP BY 3, reason
 UNION ALL
SELECT 'campaign', NULL, NULL, campaign_id, attempts::bigint, reason FROM campaign WHERE place <= {SHOWN_CAMPAIGNS}
"""  # noqa: S608 - our own constants
OF_ALL = ("", "")
OF_CAMPAIGN = ("AND campaign_id = %(scope)s", "AND scope = %(scope)s AND campaign_id = %(scope)s")
OF_CHANNEL = "AND channel = %(channel)s"


# Places among the colours of charts. There are as many as reasons, and grey is that of the last, "Other".
_PLACES = [place for place in range(1, len(FailureReason) + 1) if place != GREY]
COLOURS = dict(zip(FailureReason, [*_PLACES, GREY], strict=True))


class ReasonTally(NamedTuple):
    """How often attempts failed for one reason, and in which campaigns the most often (without standalone codes)."""

    reason: FailureReason
    attempts: int
    percent: int  # of all that failed
    latest: date
    campaigns: list[tuple[Campaign, int]]


class ChannelTally(NamedTuple):
    channel: str  # "": all others
    attempts: int
    reasons: list[tuple[FailureReason, int]]  # the most frequent first


class Failures:
    """Of the last days, today among them. Attempts that were alike within a minute count each."""

    def __init__(self, days: int) -> None:
        today = timezone.localdate()
        self.days = [today - timedelta(days=ago) for ago in reversed(range(days))]
        self._by_day: Counter[tuple[FailureReason, date]] = Counter()
        self._by_channel: Counter[tuple[str, FailureReason]] = Counter()
        self._campaigns: dict[FailureReason, list[tuple[int, int]]] = defaultdict(list)

    def add(self, what: str, day: date, name: str | None, campaign: int, attempts: int, reason: str) -> None:
        why = FailureReason(reason)
        if what == "day":
            self._by_day[why, day] += attempts
        elif what == "channel":
            self._by_channel[name or "", why] += attempts
        else:
            self._campaigns[why].append((campaign, attempts))

    @property
    def attempts(self) -> int:
        return self._by_day.total()

    def reasons(self) -> list[ReasonTally]:
        """Most frequent first."""
        totals: Counter[FailureReason] = Counter()
        for (reason, _), attempts in self._by_day.items():
            totals[reason] += attempts
        keys = {key for campaigns in self._campaigns.values() for key, _ in campaigns}
        named = Campaign.objects.live().in_bulk(keys)
        return [
            ReasonTally(
                reason,
                attempts,
                round(100 * attempts / self.attempts),
                max(day for other, day in self._by_day if other == reason),
                [(named[key], n) for key, n in sorted(self._campaigns[reason], key=lambda of: -of[1]) if key in named],
            )
            for reason, attempts in totals.most_common()
        ]

    def channels(self) -> list[ChannelTally]:
        """Most frequent first, with all others last."""
        by_channel: dict[str, Counter[FailureReason]] = defaultdict(Counter)
        for (channel, reason), attempts in self._by_channel.items():
            by_channel[channel][reason] += attempts
        return [
            ChannelTally(channel, reasons.total(), reasons.most_common())
            for channel, reasons in sorted(by_channel.items(), key=lambda of: (not of[0], -of[1].total(), of[0]))
        ]

    def chart(self) -> dict[str, Any]:
        """For {% stacked_bars %}: each reason has its colour, which is the same on every page."""
        present = [reason for reason in FailureReason if any(other == reason for other, _ in self._by_day)]
        series = [
            {"name": reason.label, "n": COLOURS[reason], "values": [self._by_day[reason, day] for day in self.days]}
            for reason in present
        ]
        return {"labels": self.days, "series": series}


def tally_failures(*, days: int, campaign: Campaign | None = None, channel: str = "") -> Failures:
    """For the campaign, the channel, or everything. Exact when asked."""
    failures = Failures(days)
    tallied, newer = OF_CAMPAIGN if campaign else OF_ALL
    by_channel = OF_CHANNEL if channel else ""
    statement = STATEMENT.format(tallied=f"{tallied} {by_channel}", newer=f"{newer} {by_channel}")
    values: dict[str, Any] = {
        "scope": campaign.pk if campaign else OF_EVERYTHING,
        "channel": channel,
        "zone": timezone.get_current_timezone_name(),
        "first_day": failures.days[0],
        "since": start_of(failures.days[0]),
    }
    for row in ask(statement, values):
        failures.add(*row)
    return failures
