"""Signing in by OAuth 2.0: a key draws bearer tokens, which clients send instead of it (RFC 6749, client credentials)."""

from __future__ import annotations

import math
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Form, Query, Router
from pydantic import BaseModel, ConfigDict, Field

from config.api.auth import MAY_SIGN_IN
from config.api.door import ApiError, invalid_payload
from config.api.examples import Example
from config.api.oauth.tokens import MOST, SCOPES, KeyChanged, TooManyTokens, draw_token, find_token, revoke_token
from config.api.openapi import operation
from config.api.schemas import SHOWN, Answer

router = Router(tags=["OAuth"])

FORM = "application/x-www-form-urlencoded"


class Asked(BaseModel):
    """Parameters of the form; those of the query count where the form has none."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class TokenAsked(Asked):
    grant_type: str | None = None
    """`client_credentials`: the only one there is."""
    scope: str | None = None
    """`api` (assumed if left out) for everything the key may do, or areas separated by spaces, such as `publications vouchers`."""


class TokenNamed(Asked):
    access_token: str | None = None
    """The bearer token."""


class OAuthToken(Answer):
    access_token: str = Field(examples=["t3mEc0LhS8yqXv1Zk2Rb7dUoWf9Jn4GpAiYs5KxQwTg"])
    """Send it as `Authorization: Bearer …`, instead of X-App-Id and X-App-Token."""
    client_id: str = Field(examples=["6f1d5c1e-0d0b-4a39-9d1f-1f1d7c1b2a3e"])
    """The X-App-Id of its key."""
    expires_at: int = Field(examples=[1738945086])
    """Seconds since 1970-01-01T00:00Z."""
    expires_in: int = Field(examples=[3600])
    """Seconds from now."""
    scope: str = Field(examples=["api"])
    token_type: Literal["Bearer"]


class OAuthTokenState(Answer):
    """Only `active` of a token that is unknown, has ended, or belongs to another key."""

    access_token: str = SHOWN
    client_id: str = SHOWN
    expires_at: int = SHOWN
    """Seconds since 1970-01-01T00:00Z."""
    expires_in: int = SHOWN
    """Seconds from now."""
    scope: str = SHOWN
    token_type: Literal["Bearer"] = SHOWN
    active: bool = Field(examples=[True])


@operation(
    router,
    "POST",
    "/token",
    MAY_SIGN_IN,
    "Generate OAuth token",
    answer=OAuthToken,
    refuses="unsupported_grant_type invalid_scope too_many_tokens unsupported_media_type",
    examples=[Example("Generate a token", form={"grant_type": "client_credentials", "scope": "api"})],
)
def generate_oauth_token(request: HttpRequest, form: Form[TokenAsked], query: Query[TokenAsked]) -> dict[str, Any]:
    """A bearer token for an hour, with the permissions of the key that asks. It ends earlier if the key expires, is revoked,
    or its token is rotated. A key can have 1,000 at a time: use one until it expires."""
    _only_forms(request)
    grant_type = form.grant_type or query.grant_type
    if not grant_type:
        raise invalid_payload("grant_type: is required; send grant_type=client_credentials as a form.")
    if grant_type != "client_credentials":
        raise ApiError(
            400,
            "unsupported_grant_type",
            "Unsupported grant type",
            f"grant_type is {grant_type[:50]!r}; the only one here is client_credentials.",
        )
    scope = _checked_scope(form.scope or query.scope or "api")
    try:
        drawn = draw_token(request.auth.pk, with_token=request.headers["X-App-Token"], scope=scope)
    except TooManyTokens:
        raise ApiError(
            429,
            "too_many_tokens",
            "Too many tokens",
            f"This key has {MOST:,} tokens that have not expired. Use one until it expires, or revoke some.",
        ) from None
    except KeyChanged:
        raise ApiError(401, "unauthorized", "Unauthorized", "The key has just been revoked or rotated.") from None
    return OAuthToken.of(
        access_token=drawn.token,
        client_id=str(request.auth.app_id),
        expires_at=int(drawn.expires_at.timestamp()),
        expires_in=drawn.seconds,
        scope=scope,
    )


@operation(
    router,
    "POST",
    "/introspect",
    MAY_SIGN_IN,
    "Introspect OAuth token",
    answer=OAuthTokenState,
    refuses="unsupported_media_type",
    examples=[Example("Look at a token", form={"access_token": "t3mEc0LhS8yqXv1Zk2Rb7dUoWf9Jn4GpAiYs5KxQwTg"})],
)
def introspect_oauth_token(request: HttpRequest, form: Form[TokenNamed], query: Query[TokenNamed]) -> dict[str, Any]:
    """Whether a token of this key is still good, and how long."""
    name = _named(request, form, query)
    token = find_token(request.auth.pk, name)
    if not token:
        return OAuthTokenState.of(active=False)
    return OAuthTokenState.of(
        access_token=name,
        client_id=str(request.auth.app_id),
        expires_at=int(token.expires_at.timestamp()),
        expires_in=max(0, math.floor((token.expires_at - timezone.now()).total_seconds())),
        scope=token.scope,
        token_type="Bearer",  # noqa: S106 - the type of a token is no secret
        active=True,
    )


@operation(
    router,
    "POST",
    "/token/revoke",
    MAY_SIGN_IN,
    "Revoke OAuth token",
    answer={204: None},
    refuses="unsupported_media_type",
    examples=[Example("Revoke a token", form={"access_token": "t3mEc0LhS8yqXv1Zk2Rb7dUoWf9Jn4GpAiYs5KxQwTg"})],
)
def revoke_oauth_token(request: HttpRequest, form: Form[TokenNamed], query: Query[TokenNamed]) -> None:
    """The next call with it is refused. A token that is unknown, has ended or belongs to another key changes nothing, and is
    answered alike."""
    revoke_token(request.auth.pk, _named(request, form, query))


def _named(request: HttpRequest, form: TokenNamed, query: TokenNamed) -> str:
    _only_forms(request)
    if not (token := form.access_token or query.access_token):
        raise invalid_payload("access_token: is required; send it as a form.")
    return token


def _only_forms(request: HttpRequest) -> None:
    has_body = int(request.META.get("CONTENT_LENGTH") or 0) > 0
    if has_body and request.content_type not in (FORM, "multipart/form-data"):
        raise ApiError(
            415,
            "unsupported_media_type",
            "Unsupported media type",
            f"The body is {request.content_type or 'of no type'}; send a form with the header Content-Type: {FORM}.",
        )


def _checked_scope(text: str) -> str:
    words = list(dict.fromkeys(text.split()))
    unknown = [word for word in words if word not in SCOPES]
    if unknown or not words:
        shown = " ".join(unknown)[:100]
        raise ApiError(
            400,
            "invalid_scope",
            "Invalid scope",
            f"There is no scope {shown!r}. Use 'api', or areas separated by spaces, such as 'publications vouchers'.",
        )
    return " ".join(words)
