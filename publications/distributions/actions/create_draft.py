"""A new distribution, of which little more than the name is known yet."""

from __future__ import annotations

from django.db import transaction

from campaigns.models import Campaign
from config.actor import Actor
from customers.segments.models import Segment
from publications.channels import DISTRIBUTION
from publications.distributions.actions.change_status import record_of
from publications.distributions.models import Distribution


def create_draft(
    name: str, *, by: Actor, campaign: Campaign | None = None, segment: Segment | None = None
) -> Distribution:
    """A manual one. `name` is what staff call it (1 to 200 characters); customers never see it.

    Of which campaign the codes are and for which segment it is may be known already.
    """
    with transaction.atomic():
        draft = Distribution.objects.create(
            name=name,
            kind=Distribution.Kind.MANUAL,
            campaign=campaign,
            segment=segment,
            channel=DISTRIBUTION,
            actor_kind=by.kind,
            actor_id=by.id,
            actor_label=by.label,
        )
        record_of(draft, "created", by=by)
    draft.refresh_from_db()
    return draft
