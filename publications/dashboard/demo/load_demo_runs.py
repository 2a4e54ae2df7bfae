"""For the demo data: a run that was sent to some hundred customers, and a draft that only wants to be started."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.actor import SYSTEM, Actor
from config.staff.models import AuditEntry
from customers.models import Customer
from customers.segments.models import Segment
from customers.segments.queries.find_segments import in_segment
from publications.distributions.actions.publish_batch import metadata_of
from publications.distributions.actions.unsubscribe import unsubscribe_url
from publications.distributions.compose import compose
from publications.distributions.models import Delivery, Distribution, KeptMessage
from publications.distributions.reasons import DeliveryReason
from publications.ledger.give import give
from publications.ledger.requests import Codes, Given, PublishRequest
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
    moments = [began + timedelta(milliseconds=900 * number) for number in range(len(tried))]
    publications = give_demo_codes(run, zip(tried, moments, strict=True), channel="Distribution", origin="dashboard")
    of_customer = {publication.customer_id: publication for publication in publications}
    deliveries = Delivery.objects.bulk_create(
        _delivery(run, began, customer, of_customer.get(customer.pk), refused=number % 40 == 7)
        for number, customer in enumerate(audience)
    )
    sent = [delivery for delivery in deliveries if delivery.publication]
    if not settings.EMAIL_IS_SENT:
        keep_sent(run, sent)


def give_demo_codes(
    run: Distribution, to: Iterable[tuple[Customer, datetime]], *, channel: str, origin: str
) -> list[Publication]:
    """The pool's next codes, as the run gave them at those moments."""
    assert run.campaign
    by, metadata = Actor("run", run.pk, run.name), metadata_of(run)
    answers = give(
        [
            PublishRequest(
                campaign=run.campaign.pk, customer=customer.pk, channel=channel, origin=origin, by=by,
                metadata=metadata, activity=run.campaign.activity_duration or None, moment=moment,
            )
            for customer, moment in to
        ],
        Codes.NEXT, noted=False,
    )  # fmt: skip
    given = [answer.publication for answer in answers if isinstance(answer, Given)]
    return list(Publication.objects.filter(pk__in=given).select_related("customer").order_by("pk"))


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


def keep_sent(run: Distribution, sent: list[Delivery]) -> None:
    """What was sent, as the outbox of a server without a mail server would hold it."""
    kept = []
    held = PublishedVoucher.objects.filter(publication__in=[delivery.publication_id for delivery in sent])
    vouchers: dict[int | None, Voucher] = {
        row.publication_id: row.voucher for row in held.select_related("voucher__campaign")
    }
    for delivery in sent:
        if delivery.state != Delivery.State.KEPT:
            continue
        link = unsubscribe_url(delivery)
        code = delivery.reminds.voucher if delivery.reminds else vouchers[delivery.publication_id]
        message = compose(run, delivery.customer, [code], link)
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
