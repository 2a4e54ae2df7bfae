"""How often signing in may fail from one address, whatever the names: so that nobody tries one password on everybody.

django-axes counts for a name and an address together, by rows in the database; this adds them up by address.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

IPV6_NETWORK = 64  # bits: what a provider gives to one customer, who may choose freely among its addresses


def fails_too_often(address: str | None) -> bool:
    """Whether signing in from the address has failed settings.SIGN_IN_FAILURES times lately."""
    if not address:
        return False
    attempts = AccessAttempt.objects.filter(attempt_time__gt=timezone.now() - get_cool_off())
    parsed = ip_address(address)
    if parsed.version == 6:
        network = ip_network((parsed, IPV6_NETWORK), strict=False)
        attempts = attempts.filter(ip_address__gte=str(network[0]), ip_address__lte=str(network[-1]))
    else:
        attempts = attempts.filter(ip_address=address)
    failures = attempts.aggregate(Sum("failures_since_start"))["failures_since_start__sum"] or 0
    return failures >= settings.SIGN_IN_FAILURES
