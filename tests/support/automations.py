"""Automatic distributions for tests."""

from config.events.models import Outbox
from publications.automation.actions.activate import activate
from publications.automation.actions.create_automation import create_automation
from publications.automation.models import Firing
from publications.dashboard.drain_outbox import drain_outbox
from publications.distributions.actions.publish_batch import publish_batch
from publications.distributions.models import Delivery, Distribution
from tests.support.factories import STAFF, CampaignFactory


def automation(
    trigger="customer_created",
    *,
    active=True,
    name="Welcome",
    campaign=None,
    of=None,
    message="none",
    remind=False,
    **rule,
):
    """An active one that publishes a code of `campaign` (100 codes) without a message; `of`: the trigger's campaign."""
    action = {"subject": "Hello", "body": "Hello {{ customer.name }}, {{ code }}"} if message == "email" else {}
    draft = create_automation(
        name, rule={"trigger": trigger, "campaign": of, **rule}, by=STAFF, campaign=campaign or CampaignFactory(codes=100),
        message=message, remind=remind, **action,
    )  # fmt: skip
    return activate(draft, by=STAFF) if active else draft


def pass_on():
    """What the worker does every few seconds, until nothing is left."""
    while Outbox.objects.exists():
        drain_outbox()


def publish_all():
    for run in Distribution.objects.automatic().at_work():
        while publish_batch(run.pk):
            pass


def fired_for(distribution):
    """Customers' keys, in the order in which it fired."""
    fired = Firing.objects.filter(distribution=distribution, outcome="fired").order_by("pk")
    return list(fired.values_list("customer", flat=True))


def skipped(distribution):
    """{customer's key: why}"""
    return {
        found.customer_id: found.why for found in Firing.objects.filter(distribution=distribution, outcome="skipped")
    }


def waiting(distribution):
    return Delivery.objects.filter(distribution=distribution, state="pending").count()
