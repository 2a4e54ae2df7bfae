"""Makes a key of the API."""

from __future__ import annotations

import hashlib
import secrets

from django.db import transaction

from config.actor import Actor
from config.audit import record
from config.models import ApiKey


def hash_of(token: str) -> bytes:
    """What is kept of a token. A plain SHA-256 is enough: a token is 32 random bytes, not a password to be guessed."""
    return hashlib.sha256(token.encode()).digest()


def create_api_key(
    name: str, *, scope: str = ApiKey.Scope.ALL, for_integrations: bool = False, by: Actor
) -> tuple[ApiKey, str]:
    """Makes a key and answers with it and its token, which is nowhere to be read again.

    The caller of the API sends `key.app_id` as X-App-Id and the token as X-App-Token. `scope` is "publish", "read" or
    "all"; `for_integrations` lets the key hand out codes by GET /v1/publications/create.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        key = ApiKey.objects.create(
            name=name,
            token_hash=hash_of(token),
            scope=scope,
            for_integrations=for_integrations,
            created_by=by.label,
        )
        record(
            "api_key.created",
            by=by,
            object_id=str(key.app_id),
            object_label=key.name,
            scope=scope,
            for_integrations=for_integrations,
        )
    return key, token
