"""What a run's webhook is told of one recipient: who it is and which codes are theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from campaigns.codes.models import Voucher
from config.api.door import iso
from config.public_ids import PUBLICATION, VOUCHER
from customers.models import Customer
from publications.distributions.models import Delivery, Distribution
from publications.redemptions.customer_answers import customer_answers

NOT_YET = "…"  # in a preview: what gets its id when the run publishes


def webhook_message(
    distribution: Distribution, delivery: Delivery | None, customer: Customer, codes: Sequence[Voucher]
) -> dict[str, Any]:
    """The body, as JSON types. `id` is the same at each attempt. Without a `delivery`: as it would look, for the review."""
    campaign = distribution.campaign
    publication = delivery and (delivery.publication or (delivery.reminds and delivery.reminds.publication))
    publication_id = publication.public_id if publication else None
    return {
        "id": f"{distribution.public_id}.{delivery.pk if delivery else NOT_YET}",
        "type": "distribution.message",
        "distribution": {"id": distribution.public_id, "name": distribution.name},
        "customer": customer_answers([customer])[0],
        "campaign": {"id": campaign.public_id, "name": campaign.name} if campaign else None,
        "publication_id": publication_id if delivery or not campaign else f"{PUBLICATION}_{NOT_YET}",
        "codes": [
            {
                "id": code.public_id if code.pk else f"{VOUCHER}_{NOT_YET}",
                "code": code.code,
                "expiration_date": iso(code.expiration_date),
            }
            for code in codes
        ],
    }
