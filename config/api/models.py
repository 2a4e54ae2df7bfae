"""Keys of the API, and the log of their calls."""

from __future__ import annotations

import uuid

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class ApiKey(models.Model):
    """A pair of id and token. The token is shown once and kept only as its SHA-256."""

    class Scope(models.TextChoices):
        PUBLISH = "publish", "Publish"
        READ = "read", "Read"
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

    class Meta:
        verbose_name = "API key"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(name="api_key_scope_known", condition=Q(scope__in=["publish", "read", "all"])),
        ]

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
