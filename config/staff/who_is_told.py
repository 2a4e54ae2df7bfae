"""Who is told when something needs a Manager."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import Q


def addresses_of_managers() -> list[str]:
    """The e-mail addresses of all Managers and administrators who have one."""
    managers = User.objects.filter(Q(groups__name="Manager") | Q(is_superuser=True), is_active=True).exclude(email="")
    return sorted(set(managers.values_list("email", flat=True)))
