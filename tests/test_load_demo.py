"""The demo data: a past that breaks no rule, and that goes into an empty database only."""

import pytest
from django.db.models import Count

from campaigns.models import Campaign
from customers.models import Customer
from publications.distributions.dry_run import dry_run
from publications.distributions.schedule import what_is_missing
from publications.load_demo import NotEmpty, load_demo
from publications.models import Delivery, Distribution, KeptMessage, Publication
from publications.verify import verify
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db


def test_the_demo_data_keeps_every_invariant():
    load_demo()

    assert {finding.name for finding in verify() if finding.violations} <= {
        "what was answered survives a crash of the database"  # the suite's own server is not durable
    }
    assert Campaign.objects.count() == 8
    assert Customer.objects.count() == 600
    assert Publication.objects.filter(result="SUCCESS").count() == 1651
    assert dict(Delivery.objects.values_list("state").annotate(Count("pk"))) == {"sent": 76, "failed": 2, "skipped": 23}
    assert KeptMessage.objects.count() == 76
    assert Publication.objects.filter(result="FAILURE").count() == 7


def test_the_draft_of_the_demo_is_ready_to_be_started():
    load_demo()

    draft = Distribution.objects.get(status="draft")

    assert what_is_missing(draft) == []
    assert (dry_run(draft).recipients, dry_run(draft).left_out) == (421, {})


def test_it_does_not_mix_with_data_of_ones_own():
    CustomerFactory()

    with pytest.raises(NotEmpty):
        load_demo()

    assert Campaign.objects.count() == 0
