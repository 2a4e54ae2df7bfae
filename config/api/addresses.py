"""Which operation an address means: a slash divides it, and `%2F` is a slash within a name (docs/api.md, "Addresses")."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest
from django.urls import ResolverMatch, get_resolver
from django.utils.encoding import repercent_broken_unicode

SLASH = "\x00"  # stands for one in a name while the address is looked up; the door refuses addresses that hold a NUL
ESCAPED = re.compile("%2f", re.IGNORECASE)
# A trailing slash after one of these changes nothing. After a name it would be a part of it, and so is refused.
COLLECTIONS = {
    "publications",
    "redemptions",
    "validations",
    "qualifications",
    "rollbacks",
    "vouchers",
    "campaigns",
    "customers",
    "segments",
    "events",
    "exports",
    "async-actions",
    "metadata-schemas",
}


def resolve(request: HttpRequest) -> ResolverMatch:
    """Raises Resolver404 (which is an Http404) for what is no operation."""
    path = _path(request)
    if path.endswith("/") and _is_collection(path[:-1].split("/")):
        path = path[:-1]
    match = get_resolver().resolve(path)
    match.kwargs = {
        name: value.replace(SLASH, "/") if isinstance(value, str) else value for name, value in match.kwargs.items()
    }
    return match


def _path(request: HttpRequest) -> str:
    """PATH_INFO has lost the difference; REQUEST_URI, the address as it was sent, has it."""
    sent = request.META.get("REQUEST_URI", "")
    if not ESCAPED.search(sent):
        return request.path_info
    raw = unquote_to_bytes(ESCAPED.sub("%00", sent.partition("?")[0]))
    return repercent_broken_unicode(raw).decode()


def _is_collection(parts: list[str]) -> bool:
    """`/v1/vouchers` or `/v1/campaigns/{id}/vouchers`; in `/v1/vouchers/vouchers` the last word is a code."""
    return len(parts) % 2 == 1 and parts[-1] in COLLECTIONS
