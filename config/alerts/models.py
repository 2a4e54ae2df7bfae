"""What went wrong or soon will, who is to be told, and whether they were."""

from __future__ import annotations

from django.contrib.auth.models import Group, User
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Kind(models.TextChoices):
    POOL_LOW = "pool_low", "A pool is running low"
    POOL_EMPTY = "pool_empty", "A pool is empty"
    DISTRIBUTION_PAUSED = "distribution_paused", "Handout paused a distribution"
    DISTRIBUTION_FAILED = "distribution_failed", "A distribution finished with undelivered messages"
    IMPORT_FAILED = "import_failed", "An import failed"
    EXPORT_FAILED = "export_failed", "An export failed"
    BACKUP_FAILED = "backup_failed", "A backup failed"
    WEBHOOK_PAUSED = "webhook_paused", "A webhook is paused because it kept failing"
    KEY_EXPIRES = "key_expires", "An API key expires soon"
    SERVER = "server", "A disk is nearly full, or background jobs are stuck"
    FAILED_ATTEMPTS = "failed_attempts", "Unusually many failed attempts"
    TRIED_BY_OTHERS = "tried_by_others", "A code was tried by someone other than its holder"
    WEEKLY = "weekly", "Weekly summary, on Mondays at 8:00"


# Told once and for all: there is nothing that ends. The others end by themselves, and can begin again.
HAPPENS_ONCE = (
    *(
        Kind.DISTRIBUTION_FAILED,
        Kind.IMPORT_FAILED,
        Kind.EXPORT_FAILED,
        Kind.BACKUP_FAILED,
        Kind.FAILED_ATTEMPTS,
        Kind.KEY_EXPIRES,
        Kind.TRIED_BY_OTHERS,
        Kind.WEEKLY,
    ),
)

DEFAULT_ROLE = "Manager"
FEWEST_CODES, FEWEST_DAYS, MOST_FAILURES = 100, 7, 50


class AlertRule(models.Model):
    """Who gets one kind of alert. A kind without a row has the defaults: Managers, by e-mail too."""

    kind = models.CharField(max_length=20, choices=Kind.choices, primary_key=True)
    active = models.BooleanField(default=True, db_default=True)
    by_email = models.BooleanField(default=True, db_default=True)
    roles = models.ManyToManyField(Group, related_name="+", blank=True)
    people = models.ManyToManyField(User, related_name="+", blank=True)
    # Of POOL_LOW: with fewer codes than this, or emptied sooner. Of FAILED_ATTEMPTS: never below so many a day.
    fewest_codes = models.PositiveIntegerField(default=FEWEST_CODES, db_default=FEWEST_CODES)
    fewest_days = models.PositiveSmallIntegerField(default=FEWEST_DAYS, db_default=FEWEST_DAYS)
    most_failures = models.PositiveIntegerField(default=MOST_FAILURES, db_default=MOST_FAILURES)

    def __str__(self) -> str:
        return str(self.get_kind_display())


class Alert(models.Model):
    """One occurrence, from when it was first seen until it was over. There is at most one open alert per subject."""

    kind = models.CharField(max_length=20, choices=Kind.choices)
    subject = models.CharField(max_length=80)  # what it is about: a public id, or a word of the room that opened it
    title = models.CharField(max_length=200)
    text = models.CharField(max_length=2000, db_default="", default="")
    url = models.CharField(max_length=200, db_default="", default="")  # a page of ours, which mends it
    opened_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-opened_at", "-id"]
        indexes = [models.Index(fields=["-opened_at", "-id"], name="alert_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(ended_at=None), name="alert_once_while_open"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Notice(models.Model):
    """That a person is told of an alert: in their bell, and by e-mail where the rule says so.

    `sending` is committed before the mail server hears a word. What dies there becomes `unknown` and is not sent again:
    the bell has it all the same.
    """

    class Email(models.TextChoices):
        NONE = "none", "Not by e-mail"
        DUE = "due", "Queued"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Unknown"

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="notices")
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)
    email = models.CharField(max_length=8, choices=Email.choices, db_default="none", default="none")
    email_at = models.DateTimeField(null=True)  # of its latest state
    email_error = models.CharField(max_length=300, db_default="", default="")

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="notice_of_user"),
            models.Index(fields=["user"], condition=Q(read_at=None), name="notice_unread"),
            models.Index(fields=["id"], condition=Q(email__in=["due", "sending"]), name="notice_to_send"),
        ]
        constraints = [models.UniqueConstraint(fields=["alert", "user"], name="notice_once_a_person")]

    def __str__(self) -> str:
        return f"{self.alert} → {self.user}"
