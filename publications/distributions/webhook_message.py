"""What a run's webhook is told of one recipient: who it is and which codes are theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from campaigns.models import Voucher
from config.api import iso
from customers.api_answers import customer_answer
from customers.models import Customer
from publications.distributions.models import Delivery, Distribution


def webhook_message(
    distribution: Distribution, delivery: Delivery, customer: Customer, codes: Sequence[Voucher]
) -> dict[str, Any]:
    """The body, as JSON types. `id` is the same at each attempt."""
    campaign = distribution.campaign
    return {
        "id": f"{distribution.public_id}.{delivery.pk}",
        "type": "distribution.message",
        "distribution": {"id": distribution.public_id, "name": distribution.name},
        "customer": customer_answer(customer),
        "campaign": {"id": campaign.public_id, "name": campaign.name} if campaign else None,
        "publication_id": delivery.publication.public_id if delivery.publication else None,
        "codes": [
            {"id": code.public_id, "code": code.code, "expiration_date": iso(code.expiration_date)} for code in codes
        ],
    }
