"""The page of a thing of which only the public id is known, or its kind and key. Which page that is, config/pages.py says."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings

from config.public_ids import key_of


def page_of(kind: str, key: int) -> str:
    """`page_of("camp", 7)` -> the address of the campaign's page. Looks nothing up in the database."""
    return apps.get_model(settings.THINGS[kind])(pk=key).get_absolute_url()


def page_of_id(public_id: str) -> str | None:
    """None where the text is no public id, or of something that has no page."""
    kind = public_id.partition("_")[0]
    key = key_of(kind, public_id) if kind in settings.THINGS else None
    return None if key is None else page_of(kind, key)
