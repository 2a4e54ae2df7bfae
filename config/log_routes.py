"""What the log says of an address: its route, since the address itself may hold a code that is worth money."""

from __future__ import annotations

import logging
import re
from typing import Any

PART_OF_ROUTE = re.compile(r"<(?:\w+:)?(\w+)>")  # <path:code>


def route_of(request: Any) -> str:
    """`/v1/vouchers/{code}`; of what stands in it only the keys of rows. Asks no database, which may be what is away."""
    match = getattr(request, "resolver_match", None)
    if not match:
        return "an unknown address"

    def shown(part: re.Match) -> str:
        value = match.kwargs.get(part[1])
        return str(value) if isinstance(value, int) else f"{{{part[1]}}}"

    return "/" + PART_OF_ROUTE.sub(shown, match.route)


class RoutesNotPaths(logging.Filter):
    """For the log's handler: Django's own lines ("Not Found: ...") end with the path, and carry the request.

    What was refused is one line: a traceback tells nothing of a client that may not do what it tried.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        path = getattr(getattr(record, "request", None), "path", None)
        if path and isinstance(record.args, tuple):
            record.args = tuple(route_of(record.request) if value == path else value for value in record.args)  # type: ignore[attr-defined]
        return True
