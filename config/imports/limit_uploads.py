"""How much one user or API key may have imported in an hour, besides the size of a single file.

A guard against a script that went wrong, not a quota: who sends several at the very same moment may get one more.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Sum
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from config.actor import Actor
from config.imports.models import CsvImport


class TooManyUploads(Exception):
    """The limit of an hour is reached; the message says which, and what to do."""


def check_uploads(by: Actor, *, size: int) -> None:
    """Whether a file of `size` bytes may be kept for `by`. Files that were thrown away do not count.

    Raises TooManyUploads.
    """
    since = timezone.now() - timedelta(hours=1)
    number = held = 0
    for model in CsvImport.__subclasses__():
        of_hour = model._default_manager.filter(actor_kind=by.kind, actor_id=by.id, created_at__gt=since)
        found = of_hour.aggregate(number=Count("pk"), size=Sum("size"))
        number, held = number + found["number"], held + (found["size"] or 0)
    if number >= settings.UPLOADS_PER_HOUR:
        raise TooManyUploads(
            f"You have reached the limit of {number:,} imported files or arrays per hour for one user or API key. "
            "Try again later, or send more rows at once."
        )
    if held + size > settings.UPLOAD_BYTES_PER_HOUR:
        limit = filesizeformat(settings.UPLOAD_BYTES_PER_HOUR).replace(".0", "").replace("\xa0", " ")
        raise TooManyUploads(f"This file would exceed the limit of {limit} per hour. Try again later.")
