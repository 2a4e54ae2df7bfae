"""Signs download addresses, which work for one day: without a key for anyone who has the address, or for one member of
staff.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import NamedTuple

from django.contrib.auth.models import User
from django.core import signing

from config.actor import Actor
from config.api.auth import Key
from config.api.models import ApiKey
from config.row_stamp import row_stamp
from publications.exports.models import Export

VALID = timedelta(hours=24)
_SALT = "publications.exports.sign_download"
_SALT_OF_STAFF = "publications.exports.sign_download.staff"


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


class ForPerson(NamedTuple):
    as_stored: bool


def sign_for_person(export: Export, user: User, *, as_stored: bool) -> str:
    return signing.dumps([*_of_file(export), user.pk, as_stored], salt=_SALT_OF_STAFF)


def read_for_person(token: str, export: Export, user: User) -> ForPerson | None:
    """None where it is another file's or person's, too old or made up."""
    try:
        *whose, as_stored = signing.loads(token, salt=_SALT_OF_STAFF, max_age=VALID)
    except signing.BadSignature:
        return None
    return ForPerson(as_stored) if whose == [*_of_file(export), user.pk] else None


def _of_file(export: Export) -> list[int | str]:
    """Of this export, as it was made this time: a retry may have made another file."""
    return [export.pk, row_stamp(export.created_at), export.sha256[:16]]


def _mark(token_hash: bytes | memoryview) -> str:
    """Of an API key, and of no later one with its number."""
    return hashlib.sha256(bytes(token_hash)).hexdigest()[:16]
