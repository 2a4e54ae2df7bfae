"""Segments and automatic distributions over many customers: counting, pages, watching, walking.

    .venv/bin/python -m bench.segments [--customers 1000000]

A tenth of the customers are gold, a tenth hold a code of a campaign, and a thousandth change between two looks. Each line
is the median of three, in milliseconds, but for what can be done once.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import django

from bench.installation import installation, machine
from bench.load_data import add_campaign, add_customers, take


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--customers", type=int, default=1_000_000)
    chosen = options.parse_args()
    with installation() as handout:
        handout.join()
        django.setup()
        print(machine())
        add_customers(handout, chosen.customers)
        handout.sql("""UPDATE customers_customer SET metadata = jsonb_build_object('tier', 'gold') WHERE id % 10 = 0""")
        campaign = add_campaign(handout, "Bench", codes=chosen.customers // 10)
        take(handout, campaign, chosen.customers // 10)
        handout.settle()
        measure(campaign, chosen.customers)


def measure(campaign: int, customers: int) -> None:
    from django.db import connection, transaction

    from config.actor import SYSTEM
    from config.public_ids import public_id
    from customers.models import Customer
    from customers.segments.actions.create_segment import create_filter_segment
    from customers.segments.actions.watch_segments import watch_segment
    from customers.segments.models import WatchedSegment
    from customers.segments.pages.views import _count
    from customers.segments.queries.find_segments import in_segment
    from publications.automation.actions.activate import activate
    from publications.automation.actions.create_automation import create_automation
    from publications.automation.actions.walk_segments import walk_segments
    from publications.automation.models import Firing, Rule

    got = f"publications.{public_id('camp', campaign)}.count"
    segments = {
        "metadata": {"metadata.tier": {"conditions": {"$is": ["gold"]}}},
        "published": {got: {"conditions": {"$more_than": [0]}}},
        "both": {"metadata.tier": {"conditions": {"$is": ["gold"]}}, got: {"conditions": {"$is": [0]}}},
        "nobody": {"metadata.tier": {"conditions": {"$is": ["lead"]}}},
    }
    for name, conditions in segments.items():
        segment = create_filter_segment(name, conditions, by=SYSTEM)
        members = Customer.objects.live().filter(in_segment(segment))
        told(f"{name}: count, to 100,000", lambda members=members: _count(members))
        told(f"{name}: first page", lambda members=members: len(members[:25]))
        began = time.perf_counter()
        with transaction.atomic():
            watch_segment(segment, owner="bench")
        once(f"{name}: watching begins", began)
        told(f"{name}: a look, nothing new", look)
        if name == "metadata":
            with connection.cursor() as cursor:
                cursor.execute("""UPDATE customers_customer SET metadata = '{"tier": "gold"}' WHERE id % 1000 = 1""")
            began = time.perf_counter()
            changed = look()
            once(f"{name}: a look, {changed:,} entered", began)
        WatchedSegment.objects.all().delete()
    segment = create_filter_segment("everybody", {"created_at": {"conditions": {"$has_value": ""}}}, by=SYSTEM)
    run = create_automation(
        "All", rule={"trigger": "schedule", "segment_id": segment.pk, "cron": "0 9 * * *"}, by=SYSTEM, message="email",
        subject="x", body="x",
    )  # fmt: skip
    activate(run, by=SYSTEM)
    # Paused as by Handout itself: it goes on noting, and the worker beside us leaves its deliveries alone.
    type(run).objects.filter(pk=run.pk).update(status="held", status_reason="other", status_detail="bench")
    Rule.objects.filter(pk=run.pk).update(walk="bench", walk_up_to=0)
    began = time.perf_counter()
    while Rule.objects.exclude(walk="").exists():  # the worker of the installation takes its share
        walk_segments()
    once(f"a schedule fires for {Firing.objects.count():,}", began)


def look() -> int:
    from customers.segments.actions.watch_segments import look_at_segments
    from customers.segments.models import WatchedSegment

    WatchedSegment.objects.update(looked_at="2000-01-01T00:00Z")
    return look_at_segments()


def told(what: str, work: Callable[[], object]) -> None:
    took = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    print(f"{what:44} {statistics.median(took):9,.0f} ms", flush=True)


def once(what: str, began: float) -> None:
    print(f"{what:44} {(time.perf_counter() - began) * 1000:9,.0f} ms", flush=True)


if __name__ == "__main__":
    main()
