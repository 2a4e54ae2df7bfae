"""Tries the messages once more that failed for good, and sends those that were kept here."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from config.actor import Actor
from config.staff.lists.paging import COUNT_UP_TO
from customers.models import Customer
from publications.distributions.actions.change_status import NotPossible, lock_for, record_of, reopen
from publications.distributions.audience import why_unreachable
from publications.distributions.models import Delivery, Distribution
from publications.distributions.reasons import DeliveryReason as Reason
from publications.distributions.states import Act

State = Delivery.State
# What of a recipient with a code may be otherwise by now.
CURABLE = (
    *(Reason.NO_EMAIL, Reason.NOT_AN_EMAIL, Reason.UNSUBSCRIBED),
    *(Reason.CODE_DISABLED, Reason.CODE_EXPIRED),
)


def retry_failed(distribution: Distribution, *, by: Actor) -> int:
    """Puts every failed message back, with all its attempts, and those that were left out though their code was
    published and that can be sent by now; how many. A run that was done runs again.

    Raises NotPossible, also where there is none.
    """
    with transaction.atomic():
        locked = lock_for(distribution, Act.SEND_AGAIN)
        count = put_back(locked.deliveries.filter(state=State.FAILED) | can_be_sent_now(locked), locked, by=by)
        if not count:
            untold = without_message(locked).exists()
            raise NotPossible(
                "None of the customers who were not notified can be reached yet."
                if untold
                else "No message has failed."
            )
        record_of(locked, "failed_retried", by=by, count=count)
    return count


def count_untold(distribution: Distribution) -> dict[str, int]:
    """For the pages: who has a code and was not told of it, and who of them can be reached now; no further than lists
    count.
    """
    untold = without_message(distribution).order_by()[: COUNT_UP_TO + 1].count()
    return {
        "untold": untold,
        "can_be_told": can_be_sent_now(distribution).order_by()[: COUNT_UP_TO + 1].count() if untold else 0,
    }


def without_message(distribution: Distribution) -> QuerySet[Delivery]:
    """Who has a code and was not told of it, for want of an address or since the code was worth nothing then."""
    return distribution.deliveries.filter(state=State.SKIPPED, reason__in=CURABLE, publication__voided_at=None).exclude(
        publication=None
    )


def can_be_sent_now(distribution: Distribution) -> QuerySet[Delivery]:
    """Of those, who can be reached by now. That the code is worth something is looked at when it is sent."""
    reachable = Customer.objects.annotate(_why=why_unreachable(distribution)).filter(_why="")
    return without_message(distribution).filter(customer__in=reachable.values("pk"))


def send_kept(distribution: Distribution, *, by: Actor) -> int:
    """Puts back every message that was kept here while there was no mail server; how many. Raises NotPossible, also where
    there is none of either.
    """
    if not settings.EMAIL_IS_SENT:
        raise NotPossible("E-mail is still not set up: EMAIL_URL is empty.")
    with transaction.atomic():
        locked = lock_for(distribution, Act.SEND_AGAIN)
        count = put_back(Delivery.objects.filter(distribution=locked, state=State.KEPT), locked, by=by)
        if not count:
            raise NotPossible("There are no stored messages.")
        record_of(locked, "kept_sent", by=by, count=count)
    return count


def put_back(deliveries: QuerySet[Delivery], locked: Distribution, *, by: Actor) -> int:
    """How many. `locked` for that act, so that the worker does not end it in between; one that was done runs again."""
    count = deliveries.update(
        state=State.PUBLISHED, reason="", detail="", attempts=0, next_attempt_at=None, state_at=Now(),
        claim=None, worker=None,
    )  # fmt: skip
    if count:
        reopen(locked, by=by)
    return count
