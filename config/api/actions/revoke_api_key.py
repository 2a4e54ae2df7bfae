"""Revokes an API key: every later call with it is refused."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from config.actor import Actor
from config.api.models import ApiKey
from config.staff.audit import record


def revoke_api_key(key: ApiKey, *, by: Actor) -> bool:
    """True if this call revoked the key, False if it was already revoked. It cannot be undone: create a new key."""
    with transaction.atomic():
        revoked = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now())
        if revoked:
            key.bearer_tokens.all().delete()
            record("api_key.revoked", by=by, object_id=str(key.app_id), object_label=key.name)
    return bool(revoked)
