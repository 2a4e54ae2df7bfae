"""What webhooks tell of distributions. Handout's own: Voucherify has no such events."""

from __future__ import annotations

from typing import Any

from config.api.door import iso
from config.events.kinds import DISTRIBUTION_ENDED, DISTRIBUTION_PAUSED
from publications.distributions.models import Distribution
from publications.webhooks.compose import Reader, Told


def _distributions(keys: list[int]) -> dict[int, Told]:
    found = Distribution.objects.filter(pk__in=keys).select_related("campaign")
    return {one.pk: Told(_told(one), None, one.campaign_id) for one in found}


def _told(one: Distribution) -> dict[str, Any]:
    return {
        "distribution": {
            "id": one.public_id,
            "object": "distribution",
            "name": one.name,
            "kind": one.kind,
            "status": one.status,
            "why_paused": one.why_paused,
            "started_at": iso(one.started_at) if one.started_at else None,
            "finished_at": iso(one.finished_at) if one.finished_at else None,
        },
        "campaign": {"id": one.campaign.public_id, "name": one.campaign.name} if one.campaign else None,
    }


READERS: dict[str, Reader] = {DISTRIBUTION_PAUSED: _distributions, DISTRIBUTION_ENDED: _distributions}
