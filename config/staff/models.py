"""What every app may use: keys of the API, the project's settings, the audit log, the shape of a CSV import."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import DatabaseError, models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from config.acted_by import ActedBy


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

    require_second_factor = models.BooleanField(
        "require a second factor from Managers and Exporters",
        default=False,
        db_default=False,
        help_text="Those without one are asked to set it up before they can do anything else.",
    )

    # {channel: codes a day}, as day_limits.py reads it.
    channel_limits = models.JSONField("codes per day, by channel", default=dict, db_default={}, blank=True)

    backed_up_elsewhere = models.BooleanField(
        "the database is backed up otherwise",
        default=False,
        db_default=False,
        help_text="Such as by archived WAL or snapshots. Otherwise Handout expects <code>manage.py dump_database</code> at least every "
        "8 days, and reminds you on Home.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "project settings"
        constraints = [models.CheckConstraint(name="project_settings_one_row", condition=Q(id=1))]
        # The abilities that config.staff.roles hands to the roles.
        permissions = [
            ("read", "Read the dashboard"),
            ("redeem", "Check and redeem codes"),
            ("publish", "Publish codes"),
            ("export", "Create reports"),
            ("manage", "Manage everything"),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> ProjectSettings:
        return cls.objects.get_or_create(id=1)[0]


class StaffSession(AbstractBaseSession):
    """A browser of a member of staff (config/staff/sign_in/): Django's session, with whose it is and where it was last used.

    It has a key of its own, since `session_key` is what the browser's cookie holds: no address and no page may show it.
    """

    id = models.BigAutoField(primary_key=True)
    session_key = models.CharField(max_length=40, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="sessions")
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(db_default=Now())
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=200, db_default="", default="")

    class Meta:
        verbose_name = "session"

    def __str__(self) -> str:
        return f"{self.user or 'Nobody'}, since {self.created_at:%Y-%m-%d %H:%M}"

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        return import_module(settings.SESSION_ENGINE).SessionStore

    def save(self, *args: Any, force_update: bool = False, **kwargs: Any) -> None:
        """The store makes a new object for each save, and so must not write what that object does not know."""
        if not force_update:
            super().save(*args, **kwargs)
            return
        known = {"session_data": self.session_data, "expire_date": self.expire_date, "user_id": self.user_id}
        if not StaffSession.objects.filter(session_key=self.session_key).update(**known):
            raise DatabaseError("This session has been ended.")


class Limit(models.Model):
    """A limit of codes that staff have set where it belongs: on a campaign, an API key, or a channel (project settings).

    Triggers of those tables write it, and have the day counted anew when it changes; the ledger counts (publications/ledger/
    limits.py). All in one table, so that whoever gives a code looks at one place for whatever may limit it.
    """

    class Kind(models.TextChoices):
        CUSTOMERS = "customers", "Codes per customer of a campaign"
        CAMPAIGN = "campaign", "Codes per day of a campaign"
        API_KEY = "api_key", "Codes per day of an API key"
        CHANNEL = "channel", "Codes per day of a channel"

    subject = models.CharField(max_length=120, unique=True)  # the kind, a colon, and an id or the channel's name
    most = models.PositiveIntegerField()
    # Of a limit a day: its last day with a code, in the project's time zone, and how many codes that had. Null: nothing has
    # been counted since the limit was set.
    day = models.DateField(null=True)
    used = models.PositiveBigIntegerField(db_default=0, default=0)
    since = models.DateTimeField(db_default=Now())  # what was given before was counted from the publications

    class Meta:
        constraints = [
            models.CheckConstraint(name="limit_positive", condition=Q(most__gte=1)),
            models.CheckConstraint(
                name="limit_kind_known", condition=Q(subject__regex=r"^(customers|campaign|api_key|channel):.")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.most:,}, {self.subject}"


class Quarantine(ActedBy):
    """What was given between `lost_since` and `opened_at` is lost: a backup was restored, or a standby took over too early.

    While one has not ended nothing is published, for it could be given twice (config/staff/quarantine.py, ADR 0026). The actor
    is who opened it. A unique index of its migration allows one at a time.
    """

    class Cause(models.TextChoices):
        RESTORE = "restore", "A backup was restored"
        FAILOVER = "failover", "The database lost its latest changes"

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
    """One act of somebody. Append-only: a trigger refuses UPDATE and DELETE. Holds ids, never personal data."""

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
