"""Erases a customer's personal data and keeps their publications, anonymised. It lives here because it needs both."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from config.actor import Actor
from config.erasure_journal import note_erasure
from config.staff.audit import record
from customers.models import Customer
from customers.segments.actions.erase_traces import erase_traces
from publications.distributions.actions.forget_recipient import forget_recipient
from publications.models import Publication
from publications.notes.actions.delete_note import forget_notes
from publications.redemptions.actions.anonymise import anonymise
from publications.webhooks.actions.forget_customer import forget_customer

NOTHING: dict[str, Any] = {
    "source_id": None,  # free again, for whoever the shop gives it to next
    "name": "",
    "email": "",
    "phone": "",
    "description": "",
    "birthdate": None,
    "address": {},
    "metadata": {},
}


def erase_customer(customer: Customer, *, by: Actor) -> bool:
    """True where this call erased the customer, False where that was done before. There is no way back.

    The codes stay published: who held them is forgotten, that they are taken is not. Cleared with the customer are
    the metadata of their publications and the hash of the request, from which an e-mail could be guessed; a repeat of
    such a request is `duplicate_source_id` from then on; and of their redemptions all but what was used and for how
    much. Their events go, and the notes on them, on their publications and codes; they leave every segment. Webhooks that told of them are deleted, or where they wait put
    into words anew. What runs have not sent yet is not sent. Files that hold the person (uploads, exports) go when their days are over (project settings).

    Raises JournalNotWritten; then nothing was erased.
    """
    with transaction.atomic():
        # Of two who erase at once, one does, and is recorded.
        locked = Customer.objects.live().select_for_update().filter(pk=customer.pk).first()
        if not locked:
            return False
        Customer.objects.filter(pk=locked.pk).update(**NOTHING, erased_at=Now(), updated_at=Now())
        publications = Publication.objects.filter(customer=locked)
        publications.filter(Q(metadata__isnull=False) | Q(request_hash__isnull=False)).update(
            metadata=None, request_hash=None
        )
        anonymise(locked)
        erase_traces(locked)
        forget_recipient(locked, email=locked.email)
        forget_customer(locked)
        forget_notes(locked)
        note_erasure(locked.public_id)
        record("customer.erased", by=by, object_id=locked.public_id, publications=publications.count())
    return True
