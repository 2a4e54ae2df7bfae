"""The roles and what each may do. One table: pages, actions, admin and tests all read it.

Five abilities are enough: read (codes masked), redeem (at the till), publish, export, manage. A hand-out needs publish and
export both. Who may redeem alone has the page at the till and no other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config.staff.sign_in.pages import ask_to_sign_in

READ, REDEEM, PUBLISH, EXPORT, MANAGE = "read", "redeem", "publish", "export", "manage"

ROLES = {
    "Till": {REDEEM},
    "Viewer": {READ},
    "Operator": {READ, REDEEM, PUBLISH},
    "Exporter": {READ, EXPORT},
    "Manager": {READ, REDEEM, PUBLISH, EXPORT, MANAGE},
}

# As the page of a user explains them, in the order of the table.
EXPLAINED = {
    "Till": "checks, redeems and rolls back codes, and sees no other page",
    "Viewer": "sees everything, with all codes masked",
    "Operator": "also publishes and redeems codes and sends distributions",
    "Exporter": "also creates reports; with Operator, hands out codes in files",
    "Manager": "does everything: campaigns, releases, API keys, settings and users",
}


def may(user: User | AnonymousUser, *abilities: str) -> bool:
    """Whether the user has every one of the abilities. A superuser has all."""
    return user.is_active and user.has_perms([f"staff.{ability}" for ability in abilities])


def reveals_codes(user: User | AnonymousUser) -> bool:
    """Whether published codes are shown to the user: to everybody but a Viewer. Unpublished ones are to nobody."""
    return any(may(user, ability) for ability in (PUBLISH, EXPORT, MANAGE))


def requires(
    *abilities: str, any_of: tuple[str, ...] = ()
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """A view for staff who are signed in and have the abilities, and of `any_of` at least one; others are asked to sign in or
    get a 403 page."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return ask_to_sign_in(request)
            if not may(request.user, *abilities):
                raise PermissionDenied(
                    f"You need permission to {' and '.join(abilities)}. Ask a Manager for a role that includes it."
                )
            if any_of and not any(may(request.user, ability) for ability in any_of):
                raise PermissionDenied(
                    f"You need permission to {' or '.join(any_of)}. Ask a Manager for a role that includes it."
                )
            return view(request, *args, **kwargs)

        checked.abilities = (*abilities, *any_of)  # type: ignore[attr-defined]  # tests/config/staff/test_roles.py asks for it
        return checked

    return decorate


def create_roles(*, using: str = "default", **kwargs: Any) -> None:
    """Makes the groups, or brings them back to this table. Runs at the end of every `migrate`."""
    # Django makes the permissions by the same signal, and on a new database only after us.
    create_permissions(apps.get_app_config("staff"), verbosity=0, using=using)
    abilities = {p.codename: p for p in Permission.objects.using(using).filter(content_type__app_label="staff")}
    for role, allowed in ROLES.items():
        group, _ = Group.objects.using(using).get_or_create(name=role)
        group.permissions.set([abilities[ability] for ability in allowed])
