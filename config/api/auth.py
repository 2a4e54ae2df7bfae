"""Who calls the API: a pair of X-App-Id and X-App-Token, or a bearer token that was drawn with one (config/api/oauth/);
what its scope allows, where it may come from, and how often it may call."""

from __future__ import annotations

import hmac
import math
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from config.actor import Actor
from config.api.actions.create_api_key import hash_of
from config.api.door import ApiError
from config.api.limits.networks import allows
from config.api.models import ApiKey
from config.staff.quarantine import IS_OPEN, current, reason
from config.staff.sign_in.client_address import client_address

SECONDS = 60  # settings.API_RATE_LIMIT is for each such span
COUNTED = "handout.allowance"  # in the environment of a call that was counted: what it was left


class Key(NamedTuple):
    """An ApiKey, as far as a call needs it. Read again for each call, so that a revoked key is refused at once."""

    pk: int
    name: str
    scope: str
    for_integrations: bool
    token_hash: bytes
    used_lately: bool
    quarantined: bool = False  # not of the key: whether nothing is published now (config/staff/quarantine.py)
    expired: bool = False
    networks: tuple[str, ...] = ()
    old_token_hash: bytes | None = None  # while it still works
    app_id: uuid.UUID | None = None
    bearer_scope: str = ""  # of the bearer token that it came with, if it did

    @property
    def may_all(self) -> bool:
        return self.scope == "all"


class Keys(NamedTuple):
    """The keys of some calls: by app id, and by the hash of bearer tokens drawn with them."""

    by_app_id: Mapping[uuid.UUID, Key]
    by_bearer: Mapping[bytes, Key]


# Sees every filter of a list, as the document tells them.
SEES_ALL = Key(pk=0, name="", scope="all", for_integrations=True, token_hash=b"", used_lately=True)

# By hand, since every call begins with it: the same through the ORM took three times as long.
COLUMNS = f"""k.id, k.name, k.scope, k.for_integrations, k.token_hash,
                coalesce(abs(extract(epoch FROM now() - k.last_used_at)) < 60, false),
                {IS_OPEN},
                coalesce(k.expires_at <= now(), false), k.networks,
                CASE WHEN k.old_token_until > now() THEN k.old_token_hash END, k.app_id"""
KEYS = f"SELECT {COLUMNS} FROM api_apikey k WHERE k.app_id = ANY(%s) AND k.revoked_at IS NULL"  # noqa: S608 - our own constant
# One statement as well, so that a bearer token costs a call no more than the key itself.
KEYS_OF_BEARERS = f"""SELECT {COLUMNS}, t.scope, t.token_hash
           FROM api_bearertoken t JOIN api_apikey k ON k.id = t.key_id
          WHERE t.token_hash = ANY(%s) AND t.expires_at > now() AND k.revoked_at IS NULL"""  # noqa: S608 - our own constant

# One call a minute writes it; the others at that moment do not wait for it.
NOTE_USE = """UPDATE api_apikey SET last_used_at = now() WHERE id = (
    SELECT id FROM api_apikey WHERE id = %s AND (last_used_at IS NULL OR abs(extract(epoch FROM now() - last_used_at)) >= 60)
       FOR UPDATE SKIP LOCKED)"""


class Allowance(NamedTuple):
    """What is left of a key's calls; `retry`: seconds until it may call again, 0 while it may."""

    remaining: int
    retry: float


class RateLimit:
    """Counts the calls of each key in this process's memory, in spans of a minute that start with a key's first call.

    A count shared by all processes would cost a write a call, to guard a server that its owner sized for its own shop.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.spans: dict[int, tuple[float, int]] = {}  # key -> (end of the span, calls in it)
        self.lock = Lock()

    def take(self, key_id: int, limit: int, *, count: int = 1) -> Allowance:
        """Counts one call, or several."""
        now = self.clock()
        with self.lock:
            end, calls = self.spans.get(key_id, (0.0, 0))
            if now >= end:
                end, calls = now + SECONDS, 0
            calls += count
            self.spans[key_id] = (end, calls)
        return Allowance(max(0, limit - calls), end - now if calls > limit else 0)

    def wait(self, key_id: int, limit: int) -> float:
        """Seconds until the key's span is over if it has no calls left; otherwise 0."""
        end, calls = self.spans.get(key_id, (0.0, 0))
        return max(0.0, end - self.clock()) if calls >= limit else 0.0


calls = RateLimit()


class KeyWith:
    """Lets a call pass whose key has one of the scopes; the key is then `request.auth`.

    Refuses with 401 (no such key), 403 (another scope, or not made for integrations), 429 (too many calls) or, who
    publishes, with 503 while a quarantine is open.
    """

    def __init__(
        self, *scopes: str, publishes: bool = False, for_integrations: bool = False, takes_bearer: bool = True
    ) -> None:
        self.scopes, self.publishes, self.for_integrations = scopes, publishes, for_integrations
        self.takes_bearer = takes_bearer

    def __call__(self, request: HttpRequest) -> Key:
        return self.admit(request, find_keys([request]))

    def admit(self, request: HttpRequest, keys: Keys) -> Key:
        """`keys`: those that were just found, the caller's among them if there is one."""
        bearer = _bearer_of(request) if self.takes_bearer else ""
        key = _key_of_bearer(bearer, keys) if bearer else _key_of(request, keys)
        request.key_id = key.pk  # also of a call that is refused below: it stands in the key's log
        # The express lane may have counted this call already, and then left it to the ordinary way.
        counted = request.META.get(COUNTED) or calls.take(key.pk, settings.API_RATE_LIMIT)
        request.allowance = request.META[COUNTED] = counted
        if request.allowance.retry:
            raise ApiError(
                429,
                "too_many_requests",
                "Too many requests",
                f"This key can make {settings.API_RATE_LIMIT:,} calls per minute.",
                headers={"Retry-After": str(math.ceil(request.allowance.retry)), "X-Rate-Limit-Type": "PER_MINUTE"},
            )
        if key.networks and not allows(key.networks, address := client_address(request)):
            raise ApiError(
                403, "network_not_allowed", "Forbidden", f"This key may not be used from {address or 'where you are'}."
            )
        if not key.used_lately:
            with connection.cursor() as cursor:
                cursor.execute(NOTE_USE, [key.pk])
        if key.scope not in self.scopes:
            raise ApiError(
                403,
                "forbidden",
                "Forbidden",
                f"The scope of this key is '{key.scope}'; this call needs {' or '.join(map(repr, self.scopes))}.",
            )
        if key.bearer_scope and not _covers(key.bearer_scope, area := area_of(request)):
            raise ApiError(
                403,
                "forbidden",
                "Forbidden",
                f"The scope of this bearer token is '{key.bearer_scope}'; this call needs 'api' or '{area}'.",
            )
        if self.for_integrations and not key.for_integrations:
            raise ApiError(
                403,
                "integration_api_key_required",
                "Forbidden",
                "This call publishes codes with a GET; it needs an API key that is marked for integrations.",
            )
        # Before anything is begun. The statement that publishes looks again.
        if self.publishes and key.quarantined and (quarantine := current()):
            raise publishing_held(reason(quarantine))
        return key


def publishing_held(why: str) -> ApiError:
    return ApiError(503, "service_unavailable", "Publishing is held", why, headers={"Retry-After": "60"})


MAY_PUBLISH = KeyWith("publish", "all", publishes=True)
MAY_PUBLISH_BY_GET = KeyWith("publish", "all", publishes=True, for_integrations=True)
MAY_READ = KeyWith("read", "all")
MAY_PUBLISH_OR_READ = KeyWith("publish", "read", "all")
MAY_REDEEM = KeyWith("redeem", "all")
MAY_VALIDATE = KeyWith("read", "redeem", "all")
MAY_ALL = KeyWith("all")
# By the key itself: a bearer token that could draw the next one would never end.
MAY_SIGN_IN = KeyWith(*ApiKey.Scope.values, takes_bearer=False)


def caller(request: HttpRequest) -> Actor:
    """The key as the actor of the call."""
    return Actor.api_key(request.auth)


def find_keys(requests: Iterable[HttpRequest]) -> Keys:
    """The keys that these calls name. One statement, or two if some come with bearer tokens."""
    app_ids, bearers = set(), set()
    for request in requests:
        if bearer := _bearer_of(request):
            bearers.add(hash_of(bearer))
        if app_id := _app_id_of(request):
            app_ids.add(app_id)
    by_app_id, by_bearer = dict[uuid.UUID, Key](), dict[bytes, Key]()
    if not app_ids and not bearers:
        return Keys(by_app_id, by_bearer)
    with connection.cursor() as cursor:
        if app_ids:
            cursor.execute(KEYS, [list(app_ids)])
            by_app_id = {key.app_id: key for row in cursor.fetchall() if (key := Key(*row)).app_id}
        if bearers:
            cursor.execute(KEYS_OF_BEARERS, [list(bearers)])
            by_bearer = {bytes(hashed): Key(*row) for *row, hashed in cursor.fetchall()}
    return Keys(by_app_id, by_bearer)


def _app_id_of(request: HttpRequest) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.headers.get("X-App-Id", ""))
    except ValueError:
        return None


def _key_of(request: HttpRequest, keys: Keys) -> Key:
    if not request.headers.get("X-App-Id", "") or not (token := request.headers.get("X-App-Token", "")):
        raise _unauthorized("Send the headers X-App-Id and X-App-Token of an API key.")
    app_id = _app_id_of(request)
    key = keys.by_app_id.get(app_id) if app_id else None
    if not key or not _matches(key, hash_of(token)):
        raise _unauthorized("X-App-Id and X-App-Token do not match an API key, or the key was revoked.")
    return _unexpired(key)


def _bearer_of(request: HttpRequest) -> str:
    kind, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _key_of_bearer(token: str, keys: Keys) -> Key:
    key = keys.by_bearer.get(hash_of(token))
    if not key:
        raise _unauthorized(
            "The bearer token has expired, was revoked, or its key was. Draw another by POST /v1/oauth/token.",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    return _unexpired(key)


def _matches(key: Key, sent: bytes) -> bool:
    """Whether it is the current token, or the one before a rotation while that still works."""
    old = key.old_token_hash
    return hmac.compare_digest(bytes(key.token_hash), sent) or (
        old is not None and hmac.compare_digest(bytes(old), sent)
    )


def _unexpired(key: Key) -> Key:
    if key.expired:
        raise _unauthorized("This API key has expired. A Manager can extend it on the page API keys.")
    return key


def area_of(request: HttpRequest) -> str:
    """The first word of the address, after which Voucherify names the scopes of bearer tokens."""
    return request.path_info.split("/")[2]


def _covers(scope: str, area: str) -> bool:
    return scope == "api" or not {"api", area}.isdisjoint(scope.split())


def _unauthorized(details: str, *, headers: dict[str, str] | None = None) -> ApiError:
    return ApiError(401, "unauthorized", "Unauthorized", details, headers=headers)
