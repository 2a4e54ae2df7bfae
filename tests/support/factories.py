"""Test data. Each factory makes the plainest valid row; a test says only what matters to it."""

from datetime import timedelta

import factory
from django.contrib.auth.models import Group, User
from django.utils import timezone
from factory.django import DjangoModelFactory

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.actor import Actor
from customers.models import Customer
from publications.actions.publish import publish_code
from publications.models import Publication
from publications.refusals import FailureReason

STAFF = Actor("user", 1, "Test Staff")


class CampaignFactory(DjangoModelFactory):
    class Meta:
        model = Campaign
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Campaign {n}")
    discount_type = "PERCENT"
    discount_value = 10

    @factory.post_generation
    def codes(self, create, count, **kwargs):
        """`CampaignFactory(codes=3)` puts three codes into the pool."""
        if count:
            codes = (Voucher(campaign=self, code=f"C{self.pk}-{n:06}") for n in range(count))
            Voucher.objects.bulk_create(codes, batch_size=1000)  # one statement holds 65,535 parameters at most


class VoucherFactory(DjangoModelFactory):
    class Meta:
        model = Voucher

    class Params:
        # Uses came with it, or were counted while nobody had it: `VoucherFactory(used=True, redeemed_quantity=3)`.
        used = factory.Trait(withdrawn_at=factory.LazyFunction(timezone.now), withdrawn_why="used")

    campaign = factory.SubFactory(CampaignFactory)
    code = factory.Sequence(lambda n: f"CODE-{n:06}")


class StandaloneVoucherFactory(VoucherFactory):
    campaign = None
    discount_type = "PERCENT"
    discount_value = 10


class CustomerFactory(DjangoModelFactory):
    class Meta:
        model = Customer

    name = factory.Sequence(lambda n: f"Customer {n}")
    email = factory.Sequence(lambda n: f"customer{n}@example.com")
    source_id = factory.Sequence(lambda n: f"shop-{n}")


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")

    @factory.post_generation
    def role(self, create, name, **kwargs):
        """`UserFactory(role="Manager")`."""
        if name:
            self.groups.add(Group.objects.get(name=name))


def published(voucher: Voucher | None = None, customer: Customer | None = None, **options):
    """A publication made by the verb itself: of the given voucher, or a new one."""
    options = {"origin": "api", "by": STAFF, **options}
    return publish_code(voucher or VoucherFactory(), customer or CustomerFactory(), **options)


def failed(
    reason: FailureReason,
    campaign: Campaign | None = None,
    *,
    channel: str = "API",
    attempts: int = 1,
    days_ago: int = 0,
) -> Publication:
    """An attempt that failed, as the history keeps it; where it matters not how it came about."""
    return Publication.objects.create(
        result="FAILURE",
        campaign=campaign,
        customer=CustomerFactory(),
        channel=channel,
        origin="api",
        failure_code="voucher_cannot_be_published",
        failure_reason=reason,
        failure_message=reason.label,
        attempts=attempts,
        created_at=timezone.now() - timedelta(days=days_ago),
    )
