"""What every app may use: keys of the API, the project's settings, the audit log, the shape of a CSV import."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.indexes import BrinIndex, OpClass
from django.core.files.storage import Storage, storages
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from config.public_ids import action_id


def files() -> Storage:
    """Where uploads and exports are kept: the storage alias `files`."""
    return storages["files"]


class ActedBy(models.Model):
    """Who did it, as it was then: the label stays when the user or key is renamed or gone."""

    actor_kind = models.CharField(max_length=16, db_default="system")  # user, api_key, run, system
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=200, db_default="")

    class Meta:
        abstract = True


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


class Outbox(models.Model):
    """Something has happened of which others are told later: a row for each event, until a worker has passed it on.

    Written in the transaction of the thing itself (config/events/note.py), drained by publications/webhooks. It stands
    here because every app may note something.
    """

    kind = models.CharField(max_length=64)  # "publication.succeeded": noun, dot, verb in the past
    object_key = models.BigIntegerField()  # of the publication, redemption, order of codes, ...
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "outbox"

    def __str__(self) -> str:
        return f"{self.kind} {self.object_key}"


class Listener(models.Model):
    """Who, beside the webhooks, wants to be told of a kind of event: without one, hot paths do not note it."""

    kind = models.CharField(max_length=64)  # as in the outbox
    owner = models.CharField(max_length=64)  # "rule 7"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "owner"], name="listener_once")]

    def __str__(self) -> str:
        return f"{self.owner}: {self.kind}"


class ProjectSettings(models.Model):
    """The one row of settings that staff change in the dashboard. Read it with `ProjectSettings.current()`."""

    id = models.SmallAutoField(primary_key=True)
    name = models.CharField("project name", max_length=60, default="Handout")
    time_zone = models.CharField(
        max_length=64, default="UTC", help_text="For pages, periods and schedules. The API and CSV files are in UTC."
    )
    currency = models.CharField(max_length=3, default="EUR", help_text="Three letters, shown beside amounts.")
    reveal_unpublished_codes = models.BooleanField(
        "show unpublished codes in API exports",
        default=False,
        help_text="An unpublished code that leaves Handout in plain text can be used twice. Changes to this setting are recorded in the audit log.",
    )
    keep_failures_days = models.PositiveIntegerField(
        "keep failed attempts for (days)", default=90, validators=[MinValueValidator(1), MaxValueValidator(3650)]
    )
    keep_files_days = models.PositiveIntegerField(
        "keep exported and uploaded files for (days)",
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
    )
    undo_minutes = models.PositiveSmallIntegerField(
        "delay before a distribution starts (minutes)",
        default=10,
        db_default=10,
        validators=[MaxValueValidator(1440)],
        help_text="Until then, it can be cancelled before anyone receives anything.",
    )
    emails_per_minute = models.PositiveIntegerField(
        "e-mails per minute, at most",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(1_000_000)],
        help_text="As many as your mail server accepts. Leave empty for no limit.",
    )

    refuse_disabled_campaigns = models.BooleanField(
        "do not publish from disabled campaigns",
        default=False,
        db_default=False,
        help_text="If off, the API and staff can still publish from them, as in Voucherify, although the codes cannot be "
        "redeemed. Distributions never do.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "project settings"
        constraints = [models.CheckConstraint(name="project_settings_one_row", condition=Q(id=1))]
        # The four abilities that config.staff.roles hands to the roles.
        permissions = [
            ("read", "Read the dashboard"),
            ("publish", "Publish codes"),
            ("export", "Make reports"),
            ("manage", "Manage everything"),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> ProjectSettings:
        return cls.objects.get_or_create(id=1)[0]


class Quarantine(ActedBy):
    """What was given between `lost_since` and `opened_at` is lost: a backup was restored, or a standby took over too early.

    While one has not ended nothing is published, for it could be given twice (config/staff/quarantine.py, ADR 0026). The actor
    is who opened it. A unique index of its migration allows one at a time.
    """

    class Cause(models.TextChoices):
        RESTORE = "restore", "A backup was restored"
        FAILOVER = "failover", "The last moments of the database were lost"

    cause = models.CharField(max_length=10, choices=Cause.choices)
    lost_since = models.DateTimeField()  # what is older is all here
    opened_at = models.DateTimeField(db_default=Now())
    # When ids had been moved on and what was at work had been stopped; it cannot end before.
    prepared_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=200, db_default="", default="")

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="quarantine_ends_prepared", condition=Q(ended_at=None) | Q(prepared_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_cause_display()}, {self.opened_at:%Y-%m-%d %H:%M}"


class AuditEntry(ActedBy):
    """One thing that somebody did. Append-only: a trigger refuses UPDATE and DELETE. Holds ids, never personal values."""

    created_at = models.DateTimeField(db_default=Now())
    action = models.CharField(max_length=64)  # "code.released", "export.downloaded", …: noun, dot, verb in the past
    object_id = models.CharField(max_length=64, db_default="")  # a public id
    object_label = models.CharField(max_length=200, db_default="")
    campaign_id = models.BigIntegerField(
        null=True
    )  # for the campaign's Activity tab; no foreign key, config knows no app
    details = models.JSONField(db_default=models.Value({}, models.JSONField()))

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="audit_newest"),
            models.Index(fields=["campaign_id", "-created_at", "-id"], name="audit_of_campaign"),
            models.Index(fields=["object_id", "-created_at"], name="audit_of_object"),
            # The filters of the audit log.
            models.Index(fields=["action", "-created_at", "-id"], name="audit_of_action"),
            models.Index(fields=["actor_kind", "actor_id", "-created_at", "-id"], name="audit_of_actor"),
            models.Index(OpClass(Lower("object_label"), "text_pattern_ops"), name="audit_label_prefix"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_label}"


class Work(ActedBy):
    """Work done in the background, with its progress on the row: it can be left, found again and resumed."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"  # uploaded, not yet confirmed
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    status = models.CharField(max_length=10, choices=Status.choices, db_default="queued", default="queued")
    total = models.BigIntegerField(null=True)  # what was asked for: rows, codes or bytes; null while unknown
    done = models.BigIntegerField(db_default=0, default=0)  # how much of it is finished
    error = models.TextField(db_default="", default="", blank=True)  # for staff: what went wrong and how to mend it
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def is_running(self) -> bool:
        return self.status in (self.Status.QUEUED, self.Status.RUNNING)

    @property
    def percent(self) -> int | None:
        return min(100, self.done * 100 // self.total) if self.total else None


class AsyncAction(Work):
    """Work that the API answers 202 to, and tells of under /v1/async-actions (docs/adr/0013)."""

    action_kind: ClassVar[int]  # a number of its own for each model: part of the ids, never to change

    class Meta:
        abstract = True

    @property
    def public_id(self) -> str:
        return action_id(self.action_kind, self.pk)


class CsvImport(AsyncAction):
    """An uploaded CSV file on its way into the database: draft (mapping shown), queued, running, done or failed.

    `mapping` is {heading index as string: field name, or "metadata.<key>"}; `total` and `done` count bytes of the file.
    """

    class SentAs(models.TextChoices):
        FILE = "file", "CSV file"
        JSON = "json", "JSON"  # an array that the API was sent, kept as the CSV file it amounts to

    class OnError(models.TextChoices):
        KEEP_GOOD = "keep_good", "Keep the good rows"
        ALL_OR_NOTHING = "all_or_nothing", "Import all rows or none"

    file = models.FileField(upload_to="imports/%Y/%m", storage=files)
    original_name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    encoding = models.CharField(max_length=32)
    delimiter = models.CharField(max_length=1)
    mapping = models.JSONField(default=dict)
    on_error = models.CharField(max_length=16, choices=OnError.choices, default=OnError.KEEP_GOOD)
    sent_as = models.CharField(max_length=4, choices=SentAs.choices, db_default="file", default="file")
    rows_read = models.BigIntegerField(db_default=0, default=0)
    rows_imported = models.BigIntegerField(db_default=0, default=0)
    rows_updated = models.BigIntegerField(db_default=0, default=0)
    rows_refused = models.BigIntegerField(db_default=0, default=0)
    error_file = models.FileField(upload_to="imports/%Y/%m", storage=files, null=True)

    refused: Any  # the related manager of the app's RefusedRow

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.original_name

    def place_of(self, row: int) -> str:
        """What the row is called to whoever sent it: a spreadsheet counts the headings, an array has none."""
        return f"row {row}" if self.sent_as == self.SentAs.FILE else f"object {row - 1}"


class RefusedRow(models.Model):
    """A row of an uploaded file that was not imported. After the run the error file holds them all; a few stay here."""

    row = models.BigIntegerField()  # as a spreadsheet numbers it
    key = models.CharField(
        max_length=255, db_default=""
    )  # what the row said of its code or source_id, if that was read
    error = models.TextField()  # which cell, what is wrong with it, and how to mend it

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"Row {self.row:,}"
