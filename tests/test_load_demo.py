"""The demo data: a past that breaks no rule, and that goes into an empty database only."""

import pytest

from campaigns.models import Campaign
from customers.models import Customer
from publications.load_demo import NotEmpty, load_demo
from publications.models import Publication
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
    assert Publication.objects.filter(result="SUCCESS").count() == 1573
    assert Publication.objects.filter(result="FAILURE").count() == 7


def test_it_does_not_mix_with_data_of_ones_own():
    CustomerFactory()

    with pytest.raises(NotEmpty):
        load_demo()

    assert Campaign.objects.count() == 0
