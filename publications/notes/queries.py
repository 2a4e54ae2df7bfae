"""The notes on one thing."""

from __future__ import annotations

from django.db.models import QuerySet

from campaigns.codes.models import Voucher
from customers.models import Customer
from publications.models import Publication
from publications.notes.models import FIELD_OF, Note


def notes_on(about: Voucher | Customer | Publication) -> QuerySet[Note]:
    """The newest first; there are never more than MOST."""
    return Note.objects.filter(**{FIELD_OF[type(about)]: about.pk})
