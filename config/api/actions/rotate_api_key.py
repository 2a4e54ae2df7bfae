"""Gives a key a new token; the old one keeps working until a chosen moment."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Least

from config.actor import Actor
from config.api.actions.create_api_key import hash_of
from config.api.models import ApiKey
from config.staff.audit import record


class KeyRevoked(Exception):
    """A revoked key gets no new token."""


class RotatedMeanwhile(Exception):
    """The key was rotated after the form was opened: the form was submitted twice, or by two people."""


def rotate_api_key(key: ApiKey, *, until: datetime | None, seen: int, by: Actor) -> str:
    """Answers with the new token, which is nowhere to be read again; the id stays as it is.

    `until`: when the old token ends; None at once. An older one that was still working ends now. `seen`: how often the key
    had been rotated when the form was opened. Bearer tokens end no later than the token that drew them.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        rotated = ApiKey.objects.filter(pk=key.pk, revoked_at=None, rotations=seen).update(
            token_hash=hash_of(token),
            old_token_hash=F("token_hash") if until else None,
            old_token_until=until,
            rotations=F("rotations") + 1,
        )
        if not rotated:
            raise (
                KeyRevoked if ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=False).exists() else RotatedMeanwhile
            )
        if until:
            key.bearer_tokens.update(expires_at=Least("expires_at", until))
        else:
            key.bearer_tokens.all().delete()
        record(
            "api_key.rotated",
            by=by,
            object_id=str(key.app_id),
            object_label=key.name,
            old_token_until=until.isoformat(timespec="seconds") if until else "at once",
        )
    return token
