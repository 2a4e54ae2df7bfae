"""How often signing in may fail from one address, whatever the names: so that nobody tries one password on everybody.

django-axes counts for a name and an address together, by rows in the database; this adds them up by address.
"""

from __future__ import annotations

import secrets
from ipaddress import ip_address, ip_network

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

IPV6_NETWORK = 64  # bits: what a provider gives to one customer, who may choose freely among its addresses


ASKED = "(forgot password)"  # instead of a name, which cannot hold brackets
MOST_ASKED = 10  # from one address, in the time in which failures count


def fails_too_often(address: str | None) -> bool:
    """Whether signing in from the address has failed settings.SIGN_IN_FAILURES times lately."""
    return address is not None and _failures(address) >= settings.SIGN_IN_FAILURES


def asks_too_often(address: str | None) -> bool:
    """Whether links for a forgotten password were asked for from there more often than people forget one."""
    return address is not None and (_failures(address, username=ASKED) >= MOST_ASKED or fails_too_often(address))


def note_asked(address: str | None) -> None:
    """Counts as a failed sign-in of its address, too."""
    AccessAttempt.objects.create(
        username=ASKED, ip_address=address, user_agent=secrets.token_hex(8), failures_since_start=1
    )


def _failures(address: str, **of: str) -> int:
    attempts = AccessAttempt.objects.filter(attempt_time__gt=timezone.now() - get_cool_off(), **of)
    parsed = ip_address(address)
    if parsed.version == 6:
        network = ip_network((parsed, IPV6_NETWORK), strict=False)
        attempts = attempts.filter(ip_address__gte=str(network[0]), ip_address__lte=str(network[-1]))
    else:
        attempts = attempts.filter(ip_address=address)
    return attempts.aggregate(Sum("failures_since_start"))["failures_since_start__sum"] or 0
