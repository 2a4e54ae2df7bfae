"""Releases of validation sessions, which clients ask for when a basket is given up. Nothing is locked here, so nothing is released."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router

from campaigns.api.voucher_requests import VoucherRef
from config.api.auth import MAY_REDEEM
from config.api.openapi import operation, path_parameter
from publications.redemptions.api.find_for_key import find_to_redeem

router = Router(tags=["Validations"])
of_vouchers = Router(tags=["Validations"])

SessionKey = path_parameter("The key of a session.", "ssn_yQGMTeKBSw8OOuPPwlBEjzGy8d8VA9Ts")


@operation(
    of_vouchers, "DELETE", "/{code}/sessions/{session_key}", MAY_REDEEM, "Release a session of a code", answer={204: None}
)  # fmt: skip
def release_validation_session(request: HttpRequest, code: VoucherRef, session_key: SessionKey) -> None:
    """Sessions lock nothing, so there is nothing to release: 204 for every code that exists."""
    find_to_redeem(request.auth, code)


@operation(
    router, "DELETE", "/sessions/{session_key}", MAY_REDEEM, "Release a session", answer={204: None}
)  # fmt: skip
def release_session(request: HttpRequest, session_key: SessionKey) -> None:
    """Sessions lock nothing, so there is nothing to release."""
