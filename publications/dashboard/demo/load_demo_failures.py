"""Attempts to publish that failed, for the page that tells why."""

from __future__ import annotations

import random
from datetime import timedelta

from django.utils import timezone

from campaigns.models import Campaign
from config.actor import Actor
from customers.models import Customer
from publications.models import Publication
from publications.refusals import FailureReason

# campaign, reason, the API's key for it, channel, and how many
CASES = [
    ("Gift cards 50", FailureReason.POOL_EMPTY, "no_voucher_suitable_for_publication", "API", 9),
    ("Refer a reader", FailureReason.ALREADY_JOINED, "voucher_cannot_be_published", "newsletter_November", 5),
]
WORDS = {
    FailureReason.POOL_EMPTY: "The campaign has too few codes left in its pool. Add codes, or let the campaign extend its pool (AUTO_UPDATE).",
    FailureReason.ALREADY_JOINED: "Customer already joined program",
}


def load_demo_failures(*, by: Actor) -> None:
    dice, now = random.Random(16), timezone.now()  # noqa: S311 - the same demo each time
    customers = list(Customer.objects.order_by("pk")[:50])
    Publication.objects.bulk_create(
        Publication(
            result="FAILURE", campaign=Campaign.objects.get(name=name), customer=dice.choice(customers), channel=channel, origin="api",
            created_at=now - timedelta(hours=dice.randint(2, 500)), failure_code=key, failure_reason=why, failure_message=WORDS[why],
            failure_key=dice.randbytes(32), actor_kind=by.kind, actor_label=by.label, attempts=dice.randint(1, 4),
        )
        for name, why, key, channel, count in CASES
        for _ in range(count)
    )  # fmt: skip
