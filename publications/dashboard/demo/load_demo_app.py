"""For the demo data: a distribution whose codes went to an app, by webhook. Its server took them, so they count as delivered."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from campaigns.models import Campaign
from config.actor import Actor
from config.events.kinds import VOUCHER_REDEEMED
from customers.models import Customer
from publications.dashboard.demo.load_demo_runs import give_demo_codes
from publications.distributions.models import Delivery, Distribution
from publications.models import Publication, PublishedVoucher
from publications.webhooks.models import WebhookAddress
from publications.webhooks.sign import draw_secret

MEMBERS = 90
SLOW_EVERY = 9  # one in nine was taken a good while later


def load_demo_app(*, by: Actor) -> QuerySet[PublishedVoucher]:
    """Written as rows, like all of the demo; the address is paused, so nothing is ever sent there. Answers with what was given."""
    who = {"actor_kind": by.kind, "actor_id": by.id, "actor_label": by.label}
    campaign = Campaign.objects.get(name="Autumn Roast Launch")
    began = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=16, hours=5)
    address = WebhookAddress.objects.create(
        url="https://app.example.com/handout", events=[VOUCHER_REDEEMED], secret=draw_secret(), created_at=began - timedelta(days=2),
        paused_at=timezone.now(), pause_reason=WebhookAddress.PauseReason.STAFF, **who,
    )  # fmt: skip
    run = Distribution.objects.create(
        name="Autumn Roast, members of the app", kind="manual", status="done", audience="list", campaign=campaign,
        message="webhook", webhook=address, created_at=began - timedelta(hours=1), starts_at=began, started_at=began,
        finished_at=began + timedelta(hours=3), audience_complete=True, **who,
    )  # fmt: skip
    holders = Publication.objects.filter(campaign=campaign, customer__isnull=False).values("customer")
    members = Customer.objects.exclude(pk__in=holders).order_by("pk")[:MEMBERS]
    given = [(member, began + timedelta(seconds=2 * n)) for n, member in enumerate(members)]
    publications = give_demo_codes(run, given, channel="Distribution", origin="dashboard")
    Delivery.objects.bulk_create(
        Delivery(
            distribution=run, customer=made.customer, publication=made, state="sent", attempts=1, created_at=began,
            state_at=made.created_at + timedelta(seconds=20 + n, minutes=0 if n % SLOW_EVERY else 100),
        )
        for n, made in enumerate(publications)
    )  # fmt: skip
    return PublishedVoucher.objects.filter(publication__in=publications)
