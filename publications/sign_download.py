"""Signs the address under which an export's file can be taken away without a key: for a day, by whoever has it."""

from __future__ import annotations

from datetime import timedelta

from django.core import signing

from config.actor import Actor
from config.models import ApiKey
from publications.models import Export

VALID = timedelta(hours=24)
_SALT = "publications.sign_download"


def sign_download(export: Export, *, key_id: int) -> str:
    """A token for this export, given to this API key."""
    return signing.dumps([export.pk, key_id], salt=_SALT)


def who_was_given(token: str, export: Export) -> Actor | None:
    """The API key that was given the token for this export. None where it is another's, too old or made up, or where
    the key was revoked since."""
    try:
        export_id, key_id = signing.loads(token, salt=_SALT, max_age=VALID)
    except signing.BadSignature:
        return None
    key = ApiKey.objects.filter(pk=key_id, revoked_at=None).first()
    return Actor.api_key(key) if key and export_id == export.pk else None
