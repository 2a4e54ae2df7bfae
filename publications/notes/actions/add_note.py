"""Writes a note on a code, a customer or a publication."""

from __future__ import annotations

from django.db import transaction

from campaigns.codes.models import Voucher
from config.actor import Actor
from config.advisory_locks import Lock
from config.staff.audit import record
from customers.models import Customer
from publications.models import Publication
from publications.notes.models import FIELD_OF, LONGEST, MOST, Note
from publications.notes.queries import notes_on


class CannotAddNote(ValueError):
    """An empty or too long text, too many notes, or an erased customer."""


def add_note(about: Voucher | Customer | Publication, text: str, *, by: Actor) -> Note:
    """Raises CannotAddNote. The audit entry names the thing and not the text, which may name a person."""
    text = text.replace("\x00", "").strip()
    if not text:
        raise CannotAddNote("Enter the note.")
    if len(text) > LONGEST:
        raise CannotAddNote(f"A note has at most {LONGEST:,} characters; this one has {len(text):,}.")
    with transaction.atomic():
        # Whoever is being erased has gone, or the erasing waits and then deletes this note, too.
        if isinstance(about, Customer) and not (
            Customer.objects.live().select_for_update(no_key=True).filter(pk=about.pk).exists()
        ):
            raise CannotAddNote("This customer’s personal data has been erased, so nothing can be noted about them.")
        Lock.NOTES.hold()
        if notes_on(about).count() >= MOST:
            raise CannotAddNote(f"There are {MOST} notes already. Delete one that is out of date first.")
        note = Note.objects.create(
            **{FIELD_OF[type(about)]: about}, text=text, actor_kind=by.kind, actor_id=by.id, actor_label=by.label
        )
        record("note.added", by=by, object_id=about.public_id, campaign_id=getattr(about, "campaign_id", None))
    return note
