"""Takes a customer's personal data out of the runs they were part of."""

from __future__ import annotations

from django.db.models import Q, Value
from django.db.models.functions import Lower, Now

from customers.models import Customer
from publications.distributions.models import Delivery, KeptMessage, ListedRecipient, Unsubscribe
from publications.distributions.reasons import DeliveryReason

State = Delivery.State


def forget_recipient(customer: Customer, *, email: str) -> None:
    """In the transaction that erases the customer, whose row is locked; `email` is what it was.

    What was not sent yet is not sent any more. That the address was unsubscribed goes, too, unless another customer
    has it.
    """
    deliveries = Delivery.objects.filter(customer=customer)
    deliveries.filter(state__in=[State.PENDING, State.PUBLISHED]).exclude(
        state=State.PUBLISHED, distribution__message="none"
    ).update(state=State.SKIPPED, reason=DeliveryReason.ERASED, detail="", state_at=Now())
    deliveries.exclude(email="").update(email="")
    # What a mail server answered, which may name the address. Of an unknown message the kind tells what happened.
    deliveries.filter(state=State.FAILED).update(reason=DeliveryReason.ERASED)
    deliveries.exclude(detail="").update(detail="")
    KeptMessage.objects.filter(customer=customer).delete()
    address = Lower(Value(email))
    listed = ListedRecipient.objects.alias(_given=Lower("given")).exclude(given="")
    listed.filter(Q(customer=customer) | Q(_given=address)).update(given="")
    others = Customer.objects.live().exclude(pk=customer.pk).alias(_email=Lower("email"))
    if email and not others.filter(_email=address).exists():
        Unsubscribe.objects.filter(email=address).delete()
    else:
        Unsubscribe.objects.filter(customer=customer).exclude(email=address).delete()
