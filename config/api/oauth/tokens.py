"""Bearer tokens: drawn with a key, good for an hour, gone with the key or with the token of the key that drew them."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from config.api.actions.create_api_key import hash_of
from config.api.models import BearerToken

SECONDS = 3600
MOST = 1000  # that a key may have at a time: a client that draws one for each call is told so

# Voucherify's: "api" is everything that the key may do, the others the operations below that address.
SCOPES = frozenset(
    """api assets async-actions campaigns categories consents customers events exports locations loyalties metadata-schemas
    orders product-collections products promotions publications qualifications redemptions referrals rewards segments skus
    task-results templates trash-bin validation-rules-assignments validation-rules validations vouchers""".split()
)


class TooManyTokens(Exception):
    """The key has MOST bearer tokens that have not expired."""


class KeyChanged(Exception):
    """The key was revoked, or its token ended, since it was checked."""


class Drawn(NamedTuple):
    token: str
    expires_at: datetime
    seconds: int


# It holds the key while it draws: a revocation or rotation that comes at this moment waits and then ends this token, too.
DRAW = """
WITH key AS (
    SELECT id, least(now() + make_interval(secs => %(seconds)s), expires_at,
                     CASE WHEN token_hash <> %(with_hash)s THEN old_token_until END) AS until
      FROM api_apikey
     WHERE id = %(key)s AND revoked_at IS NULL
       AND (token_hash = %(with_hash)s OR (old_token_hash = %(with_hash)s AND old_token_until > now()))
       FOR SHARE
), room AS (
    SELECT count(*) < %(most)s AS left_over FROM api_bearertoken WHERE key_id = %(key)s AND expires_at > now()
), drawn AS (
    INSERT INTO api_bearertoken (key_id, token_hash, scope, expires_at)
    SELECT id, %(hash)s, %(scope)s, until FROM key, room WHERE left_over
    RETURNING expires_at, floor(extract(epoch FROM expires_at - now()))::int AS seconds
)
SELECT (SELECT left_over FROM room), drawn.expires_at, drawn.seconds FROM (SELECT) AS always LEFT JOIN drawn ON true
"""


def draw_token(key_id: int, *, with_token: str, scope: str) -> Drawn:
    """`with_token`: the token of the key that the caller showed. The bearer token ends no later than that one does.

    Raises TooManyTokens, KeyChanged.
    """
    token = secrets.token_urlsafe(32)
    values = {
        "key": key_id,
        "with_hash": hash_of(with_token),
        "hash": hash_of(token),
        "scope": scope,
        "seconds": SECONDS,
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(DRAW, values)
        has_room, expires_at, seconds = cursor.fetchone()
    if expires_at is None:
        raise KeyChanged if has_room else TooManyTokens
    return Drawn(token, expires_at, seconds)


def find_token(key_id: int, token: str) -> BearerToken | None:
    """Only the key's own tokens, and only those that have not ended."""
    return BearerToken.objects.alive().filter(key=key_id, token_hash=hash_of(token)).first()


def revoke_token(key_id: int, token: str) -> bool:
    """Whether this key had such a token."""
    return bool(BearerToken.objects.filter(key=key_id, token_hash=hash_of(token)).delete()[0])


def delete_old_tokens() -> int:
    return BearerToken.objects.ended().delete()[0]
