"""Who did it: a member of staff, an API key, a run, or the system itself."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib.auth.models import User


class Actor(NamedTuple):
    """Written beside every publication, release and audit entry. The label is kept as it was then."""

    kind: str
    id: int | None
    label: str

    @classmethod
    def user(cls, user: User) -> Actor:
        return cls("user", user.pk, user.get_full_name() or user.get_username())

    @classmethod
    def api_key(cls, key: Any) -> Actor:
        return cls("api_key", key.pk, key.name)


SYSTEM = Actor("system", None, "Handout")
