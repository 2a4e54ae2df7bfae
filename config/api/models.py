"""Keys of the API, and the log of their calls."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone


class ApiKey(models.Model):
    """A pair of id and token. The token is shown once and kept only as its SHA-256.

    A rotation draws a new token; the old one works until `old_token_until`, so that every shop has time to change over.
    """

    class Scope(models.TextChoices):
        PUBLISH = "publish", "Publish"
        READ = "read", "Read"
        REDEEM = "redeem", "Redeem"
        ALL = "all", "All"

    name = models.CharField(max_length=100)
    app_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    token_hash = models.BinaryField(max_length=32, editable=False)
    scope = models.CharField(max_length=16, choices=Scope.choices, default=Scope.ALL)
    # GET /v1/publications/create hands out codes by a GET; only keys made for such integrations may call it.
    for_integrations = models.BooleanField("for integrations", default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.CharField(max_length=200, editable=False, default="")
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, editable=False)
    # In CIDR notation (config/api/limits/networks.py); none: the key may be used from anywhere.
    networks = ArrayField(models.CharField(max_length=43), default=list, editable=False)
    codes_per_day = models.PositiveIntegerField(null=True, editable=False)  # published with it; null: no limit
    rotations = models.PositiveIntegerField(default=0, editable=False)  # a form that saw another number changes nothing
    old_token_hash = models.BinaryField(max_length=32, null=True, editable=False)
    old_token_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "API key"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="api_key_scope_known", condition=Q(scope__in=["publish", "read", "redeem", "all"])
            ),
            models.CheckConstraint(
                name="api_key_old_token_ends", condition=Q(old_token_hash=None) | Q(old_token_until__isnull=False)
            ),
            models.CheckConstraint(
                name="api_key_codes_per_day_positive", condition=Q(codes_per_day=None) | Q(codes_per_day__gte=1)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        """The state as pages show it."""
        if self.revoked_at:
            return "Revoked"
        return "Expired" if self.expires_at and self.expires_at <= timezone.now() else "Active"

    @property
    def old_token_works(self) -> bool:
        return bool(not self.revoked_at and self.old_token_until and self.old_token_until > timezone.now())


class BearerTokens(models.QuerySet):
    def alive(self) -> BearerTokens:
        return self.filter(expires_at__gt=Now())

    def ended(self) -> BearerTokens:
        return self.filter(expires_at__lte=Now())


class BearerToken(models.Model):
    """A token of OAuth 2.0 that stands in for its key for an hour (config/api/oauth/). Kept only as its SHA-256."""

    key = models.ForeignKey(ApiKey, models.CASCADE, related_name="bearer_tokens")
    token_hash = models.BinaryField(max_length=32, unique=True)
    scope = models.CharField(max_length=500)  # "api", or parts of it, separated by spaces
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(db_index=True)

    objects = BearerTokens.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.key} until {self.expires_at:%Y-%m-%d %H:%M}"


class IdempotentCall(models.Model):
    """An `Idempotency-Key` of a call that wrote something, and the row it wrote; kept for a day (actions/idempotency.py)."""

    # Without a constraint: it would be checked for each row, and no key is ever deleted.
    key = models.ForeignKey(ApiKey, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    name = models.CharField(max_length=255)
    request_hash = models.BinaryField(max_length=32)
    row_id = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "name"], name="idempotent_call_once")]
        indexes = [BrinIndex(fields=["created_at"], name="idempotent_call_age", autosummarize=True)]

    def __str__(self) -> str:
        return self.name


class ApiCall(models.Model):
    """One call of the API with a key, kept for 30 days (config/api/log.py): no body, no query, no personal value."""

    # Without a constraint: it would be checked for each row, and no key is ever deleted.
    key = models.ForeignKey(ApiKey, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="calls")
    at = models.DateTimeField()  # when it came in
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=200)  # "/v1/vouchers/{code}", or with an id of ours
    status = models.PositiveSmallIntegerField()
    duration_ms = models.FloatField()
    request_id = models.CharField(max_length=24)

    class Meta:
        verbose_name = "API call"
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["key", "-at", "-id"], name="api_call_newest"),
            models.Index(fields=["key", "-at", "-id"], name="api_call_refused", condition=Q(status__gte=400)),
            BrinIndex(fields=["at"], name="api_call_age", autosummarize=True),  # for the daily deletion
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"
