"""What has happened and is to be passed on, and who wants to know."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Outbox(models.Model):
    """Something has happened of which others are told later: a row for each event, until a worker has passed it on.

    Written in the transaction of the thing itself (config/events/note.py), drained by config/events/drain.py. It stands
    here because every room may note something.
    """

    kind = models.CharField(max_length=64)  # "publication.succeeded": noun, dot, verb in the past
    object_key = models.BigIntegerField()  # of the publication, redemption, order of codes, ...
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "outbox"

    def __str__(self) -> str:
        return f"{self.kind} {self.object_key}"


class Listener(models.Model):
    """Who wants to be told about a kind of event. Without a listener, hot paths do not record it.

    `listen` and `stop_listening` add and remove the rules of automation; a trigger on their own table does it for
    webhooks.
    """

    kind = models.CharField(max_length=64)  # as in the outbox
    owner = models.CharField(max_length=64)  # "rule 7", "webhook 3"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "owner"], name="listener_once")]

    def __str__(self) -> str:
        return f"{self.owner}: {self.kind}"
