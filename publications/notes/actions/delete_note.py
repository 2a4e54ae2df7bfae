"""Deletes notes: one, by hand, or all that may name a customer who is being erased."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from config.actor import Actor
from config.advisory_locks import Lock
from config.staff.audit import record
from customers.models import Customer
from publications.models import Publication
from publications.notes.models import Note
from publications.queries.holder import ever_held_by


def delete_note(note: Note, *, by: Actor) -> bool:
    """False where somebody else has just deleted it."""
    about = note.about
    with transaction.atomic():
        deleted, _ = Note.objects.filter(pk=note.pk).delete()
        if deleted:
            record("note.deleted", by=by, object_id=about.public_id, campaign_id=getattr(about, "campaign_id", None))
    return bool(deleted)


def forget_notes(customer: Customer) -> None:
    """In the transaction that erases the customer, whose row is locked. Notes on the codes that they hold or held go,
    too: nobody can tell whether such a note names them."""
    Lock.NOTES.hold()
    publications = Publication.objects.filter(customer=customer)
    Note.objects.filter(
        Q(customer=customer) | Q(publication__in=publications) | Q(voucher__in=ever_held_by(customer).values("voucher"))
    ).delete()
