"""The page of a thing, given its public id, or its kind and key. config/pages.py says which page that is."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings

from config.public_ids import key_of


def page_of(kind: str, key: int) -> str:
    """`page_of("camp", 7)` -> the address of the campaign's page. Looks nothing up in the database."""
    return apps.get_model(settings.THINGS[kind])(pk=key).get_absolute_url()


def page_of_id(public_id: str) -> str | None:
    """None if the text is not a public id, or belongs to something without a page."""
    kind = public_id.partition("_")[0]
    key = key_of(kind, public_id) if kind in settings.THINGS else None
    return None if key is None else page_of(kind, key)
