"""Remembers how each person wants their files."""

from __future__ import annotations

from django.contrib.auth.models import User

from publications.exports.models import FilePreference

PREFERRED = ("made_for", "delimiter", "byte_order_mark", "dates")


def preferred(user: User) -> dict[str, str]:
    """What this person chose last, as initial values of a form; {} the first time."""
    return FilePreference.objects.filter(pk=user.pk).values(*PREFERRED).first() or {}


def remember(user: User, **chosen: str) -> None:
    """`chosen` may leave out some of PREFERRED: those stay as they were."""
    first = {"delimiter": "comma", "byte_order_mark": "as_needed", "dates": "iso", **chosen}
    FilePreference.objects.update_or_create(user=user, defaults=chosen, create_defaults=first)
