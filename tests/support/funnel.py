"""The funnel counted by hand, from the rows that it is of: what its tallies must come to."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from publications.dashboard.verify import INVARIANTS
from publications.distributions.models import Delivery, Distribution
from publications.funnel.actions.count_funnel import count_funnel
from publications.funnel.models import FunnelProgress, FunnelTally, FunnelTime
from publications.models import PublishedVoucher
from publications.redemptions.models import Redemption

(AGREEMENT,) = (invariant for invariant in INVARIANTS if "funnel" in invariant.name)
CELL = ("campaign_id", "week", "channel", "distribution_id")
COUNTED = ("published", "messages", "delivered", "redeemed", "amount")


def count_all() -> None:
    """What was written until now, by transactions that have ended."""
    count_funnel()
    assert FunnelProgress.objects.get().as_of is not None


def disagreements() -> int:
    """By `manage.py verify`."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({AGREEMENT.broken}) AS broken")
        return cursor.fetchone()[0]


def tallied() -> tuple[dict, dict]:
    tallies = {
        row[:4]: tuple(map(int, row[4:])) for row in FunnelTally.objects.values_list(*CELL, *COUNTED) if any(row[4:])
    }
    times = {row[:6]: row[6] for row in FunnelTime.objects.values_list(*CELL, "step", "bucket", "codes") if row[6]}
    return tallies, times


def by_hand(zone: str = "UTC") -> tuple[dict, dict]:
    """The same as `tallied()`, by nothing that the counting uses."""
    tallies, times = {}, Counter()
    for row in PublishedVoucher.objects.filter(released_at=None).select_related("publication", "voucher"):
        publication, voucher = row.publication, row.voucher
        run = Distribution.objects.filter(pk=publication.actor_id).first() if publication.actor_kind == "run" else None
        delivery = Delivery.objects.filter(publication=publication).first()
        sent_at = [delivery.state_at] if delivery and delivery.state == "sent" else []
        uses = [use for use in voucher.redemptions.filter(kind="redemption", result="SUCCESS") if not _undone(use)]
        day = publication.created_at.astimezone(ZoneInfo(zone)).date()
        week = day - timedelta(days=day.weekday())
        own = (publication.campaign_id or -1, week, publication.channel, run.pk if run else 0)
        counts = (
            1,
            bool(run and run.message != "none"),
            len(sent_at),
            voucher.redeemed_quantity > 0,
            sum(map(_share, uses)),
        )
        since = [use.created_at for use in uses if use.created_at >= publication.created_at]
        steps = [*((1, at) for at in sent_at), *((2, at) for at in sorted(since)[:1])]
        for cell in (own, (0, week, publication.channel, 0)):
            before = tallies.get(cell, (0,) * 5)
            tallies[cell] = tuple(map(sum, zip(before, counts, strict=True)))
            for step, at in steps:
                times[*cell, step, _bucket(at - publication.created_at)] += 1
    return tallies, dict(times)


def _undone(use: Redemption) -> bool:
    return use.rollbacks.filter(result="SUCCESS").exists()


def _share(use: Redemption) -> int:
    if use.stack is None:
        return (use.order or {}).get("amount", 0)
    together = list(use.stack.children.filter(kind="redemption").order_by("pk"))
    each, more = divmod((use.stack.order or {}).get("amount", 0), len(together))
    return each + (together.index(use) < more)


def _bucket(duration: timedelta) -> int:
    minutes, hours, days = (duration // timedelta(**{unit: 1}) for unit in ("minutes", "hours", "days"))
    return minutes if minutes < 60 else 59 + hours if hours < 48 else 105 + days
