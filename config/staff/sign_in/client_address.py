"""From which address a request came, also behind proxies."""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Each proxy adds to X-Forwarded-For who called it, so with n of ours the last n entries are theirs.

    What stands before them is whatever the client made up. Without settings.TRUSTED_PROXIES the header is ignored.
    """
    proxies = settings.TRUSTED_PROXIES
    callers = request.headers.get("X-Forwarded-For", "").split(",")
    if 0 < proxies <= len(callers):
        try:
            return str(ip_address(callers[-proxies].strip()))
        except ValueError:
            pass
    return request.META.get("REMOTE_ADDR")  # none: a request that a test made up, or a command
