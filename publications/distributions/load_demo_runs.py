"""For the demo data: a run that was sent to some hundred customers, and a draft that only wants to be started."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from campaigns.models import Campaign, Voucher
from campaigns.pool import in_pool
from config.actor import SYSTEM, Actor
from config.models import AuditEntry
from customers.find_segments import in_segment
from customers.models import Customer, Segment
from publications.distributions.compose import compose
from publications.distributions.models import Delivery, Distribution, KeptMessage
from publications.distributions.reasons import DeliveryReason
from publications.distributions.unsubscribe import unsubscribe_url
from publications.models import Publication, PublishedVoucher

BODY = """Hello {{ customer.first_name }},

we saved a code for you: {{ code }}

It gives you {{ value }}. Enter it at https://shop.example.com/checkout

The team of {{ project.name }}
"""
NO_MAILBOX = "550 5.1.1 No such mailbox"


def load_demo_runs(*, by: Actor) -> None:
    """Written as rows, like all of the demo: no e-mail is sent. To be called in the transaction of the rest of it."""
    german = _segment("German readers", "metadata.lang", "de")
    began = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=3, hours=2)
    run = _run(german, Campaign.objects.get(name="Student Plus"), began, by=by)
    _deliver(run, began, list(Customer.objects.filter(in_segment(german)).order_by("pk")))
    _draft(_segment("Newsletter readers", "metadata.newsletter", True), by=by)


def _segment(name: str, field: str, value: str | bool) -> Segment:
    condition = {"junction": "and", field: {"conditions": {"$is": [value]}}}
    return Segment.objects.create(name=name, type=Segment.Type.PASSIVE, filter=condition)


def _run(segment: Segment, campaign: Campaign, began: datetime, *, by: Actor) -> Distribution:
    ended = began + timedelta(minutes=2)
    run = Distribution.objects.create(
        name="Student Plus, German readers", kind="manual", status="done", segment=segment, campaign=campaign,
        subject="{{ customer.first_name }}, your student price", body=BODY, created_at=began - timedelta(minutes=25),
        starts_at=began, started_at=began, finished_at=ended, audience_complete=True,
        actor_kind=by.kind, actor_id=by.id, actor_label=by.label,
    )  # fmt: skip
    AuditEntry.objects.bulk_create(
        AuditEntry(
            action=f"distribution.{done}", created_at=at, actor_kind=who.kind, actor_label=who.label,
            object_id=run.public_id, object_label=run.name, campaign_id=campaign.pk, details=details,
        )
        for done, at, who, details in [
            ("created", run.created_at, by, {}),
            ("tested" if settings.EMAIL_IS_SENT else "test_kept", began - timedelta(minutes=12), by, {}),
            ("scheduled", began - timedelta(minutes=10), by, {"at": "in 10 minutes"}),
            ("started", began, SYSTEM, {}),
            ("done", ended, SYSTEM, {}),
        ]
    )  # fmt: skip
    return run


def _deliver(run: Distribution, began: datetime, audience: list[Customer]) -> None:
    """One in forty has left their mailbox; who holds a code already gets no second one."""
    holders = set(Publication.objects.filter(campaign=run.campaign, voided_at=None).values_list("customer", flat=True))
    tried = [customer for customer in audience if customer.pk not in holders]
    vouchers = list(Voucher.objects.filter(in_pool, campaign=run.campaign).order_by("pk")[: len(tried)])
    reference = {"source_type": "distribution", "source_id": run.public_id, "distribution_id": run.public_id}
    moments = [began + timedelta(milliseconds=900 * number) for number in range(len(tried))]
    publications = Publication.objects.bulk_create(
        Publication(
            campaign=run.campaign, customer=customer, created_at=at, voucher_count=1, channel="Distribution",
            origin="dashboard", metadata=reference, actor_kind="run", actor_id=run.pk, actor_label=run.name,
        )
        for customer, at in zip(tried, moments, strict=True)
    )  # fmt: skip
    PublishedVoucher.objects.bulk_create(
        PublishedVoucher(publication=publication, voucher=voucher, code=voucher.code)
        for publication, voucher in zip(publications, vouchers, strict=True)
    )
    given = Voucher.objects.filter(pk__in=[voucher.pk for voucher in vouchers])
    given.update(published_at=began)
    of_customer = {publication.customer_id: publication for publication in publications}
    deliveries = Delivery.objects.bulk_create(
        _delivery(run, began, customer, of_customer.get(customer.pk), refused=number % 40 == 7)
        for number, customer in enumerate(audience)
    )
    sent = [delivery for delivery in deliveries if delivery.publication]
    if not settings.EMAIL_IS_SENT:
        keep_sent(run, sent, vouchers)


def _delivery(
    run: Distribution, began: datetime, customer: Customer, publication: Publication | None, *, refused: bool
) -> Delivery:
    fate: dict[str, Any]
    if publication is None:
        fate = {"state": "skipped", "reason": DeliveryReason.HOLDS_A_CODE, "state_at": began}
    else:
        fate = {"state": ended(), "attempts": 1, "email": customer.email, "state_at": publication.created_at}
        if refused:
            fate |= {"state": "failed", "reason": DeliveryReason.REFUSED, "detail": NO_MAILBOX}
    return Delivery(distribution=run, customer=customer, publication=publication, created_at=began, **fate)


def ended() -> str:
    """What became of a message of the demo: without a mail server none of them has left this machine."""
    return Delivery.State.SENT if settings.EMAIL_IS_SENT else Delivery.State.KEPT


def keep_sent(run: Distribution, sent: list[Delivery], vouchers: list[Voucher]) -> None:
    """What was sent, as the outbox of a server without a mail server would hold it."""
    kept = []
    for delivery, voucher in zip(sent, vouchers, strict=True):
        if delivery.state != Delivery.State.KEPT:
            continue
        link = unsubscribe_url(delivery)
        message = compose(run, delivery.customer, [voucher], link)
        kept.append(
            KeptMessage(
                created_at=delivery.state_at, sender=settings.DEFAULT_FROM_EMAIL, to=delivery.email, subject=message.subject,
                text=message.text, html=message.html, headers={"List-Unsubscribe": f"<{link}>"}, delivery=delivery,
                customer=delivery.customer,
            )
        )  # fmt: skip
    KeptMessage.objects.bulk_create(kept)


def _draft(segment: Segment, *, by: Actor) -> None:
    Distribution.objects.create(
        name="Black Friday Warm-up, newsletter readers", kind="manual", segment=segment,
        campaign=Campaign.objects.get(name="Black Friday Warm-up"), subject="Before everybody else: {{ value }}",
        body=BODY, actor_kind=by.kind, actor_id=by.id, actor_label=by.label,
    )  # fmt: skip
