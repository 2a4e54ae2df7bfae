"""What a recall would do if it were started now, in numbers. It changes nothing."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

from campaigns.codes.pool import left_in_pool
from campaigns.models import Campaign
from publications.recalls.judge import judged, values_of
from publications.recalls.models import Act, Outcome, Recall

CHOSEN = "SELECT unnest(vouchers) AS id FROM recalls_recallbatch WHERE recall_id = %(recall)s"


class Line(NamedTuple):
    outcome: Outcome
    codes: int


class Shortage(NamedTuple):
    campaign: Campaign
    wanted: int
    left: int


class DryRun(NamedTuple):
    total: int
    changed: int
    left_out: list[Line]  # the largest first
    shortages: list[Shortage]  # pools with fewer codes than a replacement wants


def dry_run(recall: Recall) -> DryRun:
    """Of a draft whose act is chosen (and with `extend` its date), as it is in memory."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT outcome, campaign, count(*) FROM ({judged(recall.act, chosen=CHOSEN)}) AS judged GROUP BY 1, 2",  # noqa: S608 - our own SQL
            {"recall": recall.pk, **values_of(recall)},
        )
        rows = cursor.fetchall()
    counts: dict[str, int] = {}
    wanted: dict[int, int] = {}
    standalone = 0
    for outcome, campaign, count in rows:
        if recall.act == Act.REPLACE and outcome == Outcome.DONE:
            source = recall.new_from_id or campaign
            if source is None:
                standalone += count
                continue
            wanted[source] = wanted.get(source, 0) + count
        counts[outcome] = counts.get(outcome, 0) + count
    shortages = _shortages(wanted)
    missing = standalone + sum(short.wanted - short.left for short in shortages)
    if missing:
        counts[Outcome.NO_CODES] = counts.get(Outcome.NO_CODES, 0) + missing
        counts[Outcome.DONE] = counts.get(Outcome.DONE, 0) - (missing - standalone)
    changed = counts.pop(Outcome.DONE, 0)
    lines = [Line(Outcome(outcome), count) for outcome, count in sorted(counts.items(), key=lambda each: -each[1])]
    return DryRun(changed + sum(counts.values()), changed, lines, shortages)


def _shortages(wanted: dict[int, int]) -> list[Shortage]:
    short = []
    for campaign in Campaign.objects.filter(pk__in=wanted).order_by("name"):
        if campaign.auto_update:
            continue
        left = left_in_pool(campaign, up_to=wanted[campaign.pk])
        if left < wanted[campaign.pk]:
            short.append(Shortage(campaign, wanted[campaign.pk], left))
    return short
