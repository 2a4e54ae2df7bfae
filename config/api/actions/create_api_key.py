"""Creates an API key."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from config.actor import Actor
from config.api.models import ApiKey
from config.staff.audit import record


class KeyMadeBefore(Exception):
    """A `key` with this id exists already: the form was submitted twice."""

    def __init__(self, key: ApiKey) -> None:
        super().__init__(f"The key {key.name} already exists.")
        self.key = key


def hash_of(token: str) -> bytes:
    """The stored form of a token. A plain SHA-256 is enough: a token is 32 random bytes, not a guessable password."""
    return hashlib.sha256(token.encode()).digest()


def create_api_key(
    name: str,
    *,
    scope: str = ApiKey.Scope.ALL,
    for_integrations: bool = False,
    app_id: uuid.UUID | None = None,
    expires_at: datetime | None = None,
    networks: Sequence[str] = (),
    codes_per_day: int | None = None,
    by: Actor,
) -> tuple[ApiKey, str]:
    """Makes a key and answers with it and its token, which is nowhere to be read again.

    The caller of the API sends `key.app_id` as X-App-Id and the token as X-App-Token. `scope` is "publish", "read" or
    "all"; `for_integrations` lets the key hand out codes by GET /v1/publications/create. `networks`, as of
    `networks_of()`, are those it may be used from; none means anywhere. `app_id` is drawn unless given; with the one of
    another key it raises KeyMadeBefore.
    """
    token = secrets.token_urlsafe(32)
    app_id = app_id or uuid.uuid4()
    told: dict[str, Any] = {"expires_at": expires_at.isoformat(timespec="seconds")} if expires_at else {}
    told |= {"networks": list(networks)} if networks else {}
    told |= {"codes_per_day": codes_per_day} if codes_per_day else {}
    try:
        with transaction.atomic():
            key = ApiKey.objects.create(
                name=name,
                app_id=app_id,
                token_hash=hash_of(token),
                scope=scope,
                for_integrations=for_integrations,
                expires_at=expires_at,
                networks=list(networks),
                codes_per_day=codes_per_day,
                created_by=by.label,
            )
            record(
                "api_key.created",
                by=by,
                object_id=str(key.app_id),
                object_label=key.name,
                scope=scope,
                for_integrations=for_integrations,
                **told,
            )
    except IntegrityError:
        if made := ApiKey.objects.filter(app_id=app_id).first():
            raise KeyMadeBefore(made) from None
        raise
    return key, token
