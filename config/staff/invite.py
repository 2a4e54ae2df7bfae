"""Invites a new user, who has no password yet and gets a link by e-mail to choose one."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction

from config.actor import Actor
from config.staff.audit import record


class NameTaken(Exception):
    """The username is already taken."""


def invite(
    *, username: str, email: str, first_name: str = "", last_name: str = "", roles: Iterable[Group], by: Actor
) -> User:
    """The caller sends the link (`staff.send_invitation`) once the user is committed."""
    try:
        with transaction.atomic():
            user = User(username=username, email=email, first_name=first_name, last_name=last_name)
            user.set_unusable_password()
            user.save(force_insert=True)
            user.groups.set(roles)
            record(
                "user.invited",
                by=by,
                object_id=f"user_{user.pk}",
                object_label=username,
                roles=sorted(group.name for group in roles),
            )
    except IntegrityError:
        raise NameTaken from None
    return user
