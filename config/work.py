"""The columns of work that is done in the background."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from config.acted_by import ActedBy
from config.public_ids import action_id


class Work(ActedBy):
    """Work done in the background, with its progress on the row: it can be left, found again and resumed."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"  # uploaded, not yet confirmed
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        STOPPED = "stopped", "Stopped"  # by a person; what was done until then stays

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
