"""Finds the deliveries whose message is due, with all that their messages are written from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Mod, Now

from campaigns.codes.models import Voucher
from customers.models import Customer
from publications.distributions.audience import why_unreachable
from publications.distributions.models import Delivery, Distribution
from publications.distributions.queries.check_worth import why_code_is_dead
from publications.distributions.reasons import DeliveryReason
from publications.distributions.reminders import why_not_reminded, with_reminded_codes
from publications.models import PublishedVoucher

BATCH = 100  # that are looked up at once

State = Delivery.State


class Due(NamedTuple):
    delivery: Delivery
    customer: Customer
    codes: list[Voucher]


def find_due(distribution: Distribution, *, share: int, of: int) -> list[Due]:
    """Nothing is claimed by it. Those to whom nothing may be sent any more are left out for good on the way."""
    ready = Delivery.objects.filter(Q(next_attempt_at=None) | Q(next_attempt_at__lte=Now()), state=State.PUBLISHED)
    ready = ready.filter(distribution=distribution).order_by("pk")
    own = ready.annotate(_share=Mod(F("pk"), of)).filter(_share=share) if of > 1 else ready
    deliveries = list(_with_all(own)[:BATCH])
    if not deliveries and of > 1:
        deliveries = list(_with_all(ready)[:BATCH])
    if not deliveries:
        return []
    people = Customer.objects.filter(pk__in=[delivery.customer_id for delivery in deliveries])
    why = dict(people.annotate(_why=why_unreachable(distribution)).exclude(_why="").values_list("pk", "_why"))
    codes = _codes_of([delivery.publication_id for delivery in deliveries if delivery.publication_id])
    due = []
    for delivery in deliveries:
        held = [delivery.reminds.voucher] if delivery.reminds else codes.get(delivery.publication_id or 0, [])
        reason = why.get(delivery.customer_id) or _why_not(delivery, held)
        if reason:
            Delivery.objects.filter(pk=delivery.pk, state=State.PUBLISHED).update(
                state=State.SKIPPED, reason=reason, detail="", state_at=Now()
            )
        else:
            due.append(Due(delivery, delivery.customer, held))
    return due


def _with_all(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    return with_reminded_codes(deliveries.select_related("customer", "publication"))


def _why_not(delivery: Delivery, codes: Sequence[Voucher]) -> DeliveryReason | None:
    if delivery.reminds_id:
        return why_not_reminded(delivery)
    return _why_worthless(codes) if delivery.publication_id else None


def _why_worthless(codes: Sequence[Voucher]) -> DeliveryReason | None:
    if not codes:
        return DeliveryReason.CODE_RELEASED
    return next(filter(None, map(why_code_is_dead, codes)), None)


def _codes_of(publications: Sequence[int]) -> dict[int, list[Voucher]]:
    codes: dict[int, list[Voucher]] = {}
    rows = PublishedVoucher.objects.filter(publication__in=publications, released_at=None).select_related(
        "voucher__campaign"
    )
    for row in rows.order_by("voucher_id"):
        codes.setdefault(row.publication_id, []).append(row.voucher)
    return codes
