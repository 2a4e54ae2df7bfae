"""Signs the address under which an export's file can be taken away without a key: for a day, by whoever has it."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.core import signing

from config.actor import Actor
from config.api.auth import Key
from config.api.models import ApiKey
from config.row_stamp import row_stamp
from publications.exports.models import Export

VALID = timedelta(hours=24)
_SALT = "publications.exports.sign_download"


def sign_download(export: Export, *, key: Key) -> str:
    """A token for this export, given to this API key."""
    return signing.dumps([export.pk, key.pk, row_stamp(export.created_at), _mark(key.token_hash)], salt=_SALT)


def who_was_given(token: str, export: Export) -> Actor | None:
    """The API key that was given the token for this export. None where it is another's, too old or made up, or where
    the key was revoked since."""
    try:
        export_id, key_id, *marks = signing.loads(token, salt=_SALT, max_age=VALID)
    except signing.BadSignature:
        return None
    key = ApiKey.objects.filter(pk=key_id, revoked_at=None).first()
    if not key or export_id != export.pk:
        return None
    # Both keys of the rows may be those of others, after a backup was restored. (Tokens of before had these two alone.)
    same = not marks or marks == [row_stamp(export.created_at), _mark(key.token_hash)]
    return Actor.api_key(key) if same else None


def _mark(token_hash: bytes | memoryview) -> str:
    """Of an API key, and of no later one with its number."""
    return hashlib.sha256(bytes(token_hash)).hexdigest()[:16]
