"""One line in the log for each refused sign-in, with the client's address: what fail2ban needs (docs/operations.md)."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest

from config.staff.sign_in.client_address import client_address

logger = logging.getLogger("handout.sign_in")
LONGEST_NAME = 60


def log_refused(request: HttpRequest | None, name: str | None, why: str) -> None:
    """The address comes first and the name last, so that no name can be taken for an address."""
    address = (client_address(request) if request else None) or "unknown"
    logger.warning("Sign-in refused from %s: %s, as %s", address, why, ascii((name or "")[:LONGEST_NAME]))


def _log_failure(sender: Any, *, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    locked = getattr(request, "axes_locked_out", False)
    wrong = "wrong code" if credentials.get("step") == "code" else "wrong password"
    log_refused(request, credentials.get("username"), "too many failures of this name" if locked else wrong)


def log_failed_sign_ins() -> None:
    user_login_failed.connect(_log_failure, dispatch_uid="handout.log_failed_sign_ins")
