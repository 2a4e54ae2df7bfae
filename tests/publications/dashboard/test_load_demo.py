"""The demo data: a past that breaks no rule, and that goes into an empty database only."""

import pytest
from django.db.models import Count, Sum

from campaigns.codes.models import Reservation, Voucher
from campaigns.models import Campaign
from config.events.models import Outbox
from customers.models import Customer
from customers.segments.actions.watch_segments import look_at_segments
from customers.segments.models import WatchedSegment
from publications.automation.models import Firing
from publications.dashboard.demo.load_demo import NotEmpty, load_demo
from publications.dashboard.drain_outbox import drain_outbox
from publications.dashboard.verify import verify
from publications.distributions.actions.schedule import what_is_missing
from publications.distributions.models import Delivery, Distribution, KeptMessage
from publications.distributions.queries.dry_run import dry_run
from publications.funnel.models import FunnelTally
from publications.models import Publication
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.models import Referral
from tests.support.factories import STAFF, CustomerFactory
from tests.support.funnel import count_all

pytestmark = pytest.mark.django_db


def test_the_demo_data_keeps_every_invariant():
    load_demo()

    assert {finding.name for finding in verify() if finding.violations} <= {
        "what was answered survives a crash of the database"  # the suite's own server is not durable
    }
    assert Campaign.objects.count() == 8
    assert Customer.objects.count() == 600
    assert Publication.objects.filter(result="SUCCESS").count() == 1797
    assert dict(Delivery.objects.values_list("state").annotate(Count("pk"))) == {
        "kept": 186,
        "failed": 2,
        "skipped": 24,
        "sent": 90,
    }
    assert KeptMessage.objects.count() == 186
    assert dict(Firing.objects.values_list("outcome").annotate(Count("pk"))) == {"fired": 50, "skipped": 3}
    assert (Referral.objects.count(), Referral.objects.values("referrer").distinct().count()) == (36, 18)
    assert Publication.objects.filter(result="FAILURE").count() == 21
    (reservation,) = Reservation.objects.all()
    assert 0 < reservation.covered == reservation.needed
    assert reservation.campaign.reserved_from is not None


def test_the_demo_has_a_funnel():
    load_demo()
    count_all()

    everything = FunnelTally.objects.filter(campaign_id=0)
    counts = everything.aggregate(*map(Sum, ("published", "messages", "delivered", "redeemed")))
    assert counts == {"published__sum": 1842, "messages__sum": 218, "delivered__sum": 90, "redeemed__sum": 700}


def test_the_draft_of_the_demo_is_ready_to_be_started():
    load_demo()

    draft = Distribution.objects.get(status="draft")

    assert what_is_missing(draft) == []
    assert (dry_run(draft).recipients, dry_run(draft).left_out) == (421, {})


def test_the_rules_of_the_demo_go_on():
    load_demo()
    look_at_segments()
    reader = CustomerFactory(metadata={"newsletter": True})
    code = Voucher.objects.filter(campaign__name="Refer a reader", published_at__isnull=False).earliest("pk")
    WatchedSegment.objects.update(looked_at="2000-01-01T00:00Z")
    look_at_segments()
    redeem(code, customer=reader, by=STAFF)

    while Outbox.objects.exists():
        drain_outbox()

    waiting = Delivery.objects.filter(state="pending").order_by("distribution__name")
    assert list(waiting.values_list("distribution__name", "customer")) == [
        ("Referrer rewards: Refer a reader", code.ledger.get().publication.customer_id),
        ("Welcome to new readers", reader.pk),
    ]


def test_it_does_not_mix_with_data_of_ones_own():
    CustomerFactory()

    with pytest.raises(NotEmpty):
        load_demo()

    assert Campaign.objects.count() == 0
