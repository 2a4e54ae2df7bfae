"""Throws a draft away. What was once started stays for good: it says who got what."""

from __future__ import annotations

from django.db import transaction

from config.actor import Actor
from publications.distributions.actions.change_draft import NoDraft
from publications.distributions.actions.change_status import record_of
from publications.distributions.models import Distribution


def discard_draft(draft: Distribution, *, by: Actor) -> None:
    """With the list of recipients that was pasted into it. Raises NoDraft."""
    with transaction.atomic():
        # The row is locked first, so that nobody schedules it while its list is being deleted.
        if not Distribution.objects.select_for_update().filter(pk=draft.pk, status=Distribution.Status.DRAFT).exists():
            raise NoDraft()
        record_of(draft, "discarded", by=by)
        draft.listed.all().delete()
        draft.listed_codes.all().delete()
        Distribution.objects.filter(pk=draft.pk).delete()
