"""What tests of distributions share: one that is ready to be scheduled, and one that runs."""

from django.db import connection, transaction

from campaigns.models import Campaign
from customers.models import Customer
from publications.distributions.actions.list_recipients import list_recipients
from publications.distributions.actions.schedule import schedule
from publications.distributions.actions.start_due import start_due
from publications.distributions.models import Distribution
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory


def draft(customers: int | list[Customer] = 0, *, campaign: Campaign | None = None, codes: int = 0, **fields):
    """A manual one, for so many new customers or for these."""
    people = CustomerFactory.create_batch(customers) if isinstance(customers, int) else customers
    if codes:
        campaign = CampaignFactory(codes=codes)
    if campaign:
        campaign.refresh_from_db()  # its decimals as decimals
    values = {
        "name": "Autumn", "kind": "manual", "audience": "list", "campaign": campaign, "message": "email",
        "subject": "A gift for {{ customer.name }}", "body": "Your code: {{ code }}" if campaign else "Hello!",
    }  # fmt: skip
    made = Distribution.objects.create(**values | {"actor_label": STAFF.label} | fields)
    if made.audience == "list":
        list_recipients(made, [customer.source_id for customer in people], by=STAFF)
    return made


def running(customers: int | list[Customer] = 0, **fields) -> Distribution:
    return start(draft(customers, **fields))


def put_all_into(status: str, **values) -> None:
    """Every distribution that there is, whatever its status allows: the trigger is off meanwhile."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        Distribution.objects.update(status=status, **values)
        cursor.execute("SET LOCAL session_replication_role = origin")


def start(made: Distribution) -> Distribution:
    schedule(made, at=None, by=STAFF)
    Distribution.objects.filter(pk=made.pk).update(starts_at=made.created_at)
    start_due()
    made.refresh_from_db()
    return made
