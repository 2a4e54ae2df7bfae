"""Takes a customer's personal data out of the runs they were part of."""

from __future__ import annotations

from django.db.models import Q, Value
from django.db.models.functions import Lower, Now

from customers.models import Customer
from publications.distributions.audience import ERASED
from publications.distributions.models import Delivery, KeptMessage, ListedRecipient, Unsubscribe

State = Delivery.State


def forget_recipient(customer: Customer, *, email: str) -> None:
    """In the transaction that erases the customer, whose row is locked; `email` is what it was.

    What was not sent yet is not sent any more. That the address was unsubscribed goes, too, unless another customer
    has it.
    """
    deliveries = Delivery.objects.filter(customer=customer)
    deliveries.filter(state__in=[State.PENDING, State.PUBLISHED]).exclude(
        state=State.PUBLISHED, distribution__message="none"
    ).update(state=State.SKIPPED, reason=ERASED, state_at=Now())
    deliveries.exclude(email="").update(email="")
    # What a mail server said of the address; and of a message that is unknown what had happened, which stays.
    deliveries.filter(state=State.FAILED).update(reason=f"Failed. {ERASED}")
    KeptMessage.objects.filter(customer=customer).delete()
    address = Lower(Value(email))
    listed = ListedRecipient.objects.alias(_given=Lower("given")).exclude(given="")
    listed.filter(Q(customer=customer) | Q(_given=address)).update(given="")
    others = Customer.objects.live().exclude(pk=customer.pk).alias(_email=Lower("email"))
    if email and not others.filter(_email=address).exists():
        Unsubscribe.objects.filter(email=address).delete()
    else:
        Unsubscribe.objects.filter(customer=customer).exclude(email=address).delete()
