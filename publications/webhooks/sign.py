"""Signs what is sent, so that receivers can verify the sender (Voucherify's contract: x-voucherify-signature)."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def sign(body: bytes, *, secret: str) -> str:
    """Hex HMAC-SHA256 of the body. The receiver computes the same over what it got, and compares."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def draw_secret() -> str:
    return secrets.token_hex(32)
