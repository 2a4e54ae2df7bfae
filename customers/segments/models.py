"""Segments, their members, and the customers watched for entering or leaving."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from config.public_ids import SEGMENT, public_id
from customers.models import Customer


class Segment(models.Model):
    """A group of customers: picked one by one (static), or everyone a filter matches when it is read.

    `filter` is stored as it was sent (customers/segments/segment_filter.py reads it). On Voucherify, `auto-update` and
    `passive` differ in whether entering and leaving are reported.
    """

    class Type(models.TextChoices):
        STATIC = "static", "Static"
        AUTO_UPDATE = "auto-update", "Active"
        PASSIVE = "passive", "Passive"

    name = models.CharField(max_length=200)
    type = models.CharField(max_length=11, choices=Type.choices)
    filter = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["-created_at", "-id"], name="segment_newest")]
        constraints = [
            models.UniqueConstraint(fields=["name"], name="segment_name_unique"),
            models.CheckConstraint(name="segment_has_name", condition=~Q(name="")),
            models.CheckConstraint(
                name="segment_static_or_filter",
                condition=Q(type="static", filter__isnull=True)
                | Q(type__in=["auto-update", "passive"], filter__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return public_id(SEGMENT, self.pk)


class SegmentMember(models.Model):
    """A customer in a static segment."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="members", db_index=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment", "customer"], name="segment_member_once")]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.customer_id}"


class WatchedSegment(models.Model):
    """A segment whose entries and exits are reported; its members at the last look are stored as rows.

    It exists only while somebody needs it, because each look evaluates the whole segment
    (customers/segments/actions/watch_segments.py).
    """

    segment = models.OneToOneField(Segment, models.CASCADE, primary_key=True, related_name="watched")
    looked_at = models.DateTimeField(db_default=Now())
    took_ms = models.PositiveIntegerField(db_default=0, default=0)  # the last look; a slow one comes less often

    def __str__(self) -> str:
        return str(self.segment_id)


class FirstMembers(models.Model):
    """Who was in a watched segment when watching began: one row, which is written at once, where a million members take
    seconds. The worker makes them members, in batches; then the row goes, and the looks begin."""

    segment = models.OneToOneField(WatchedSegment, models.CASCADE, primary_key=True, related_name="first_members")
    customers = ArrayField(models.BigIntegerField())
    noted = models.PositiveIntegerField(db_default=0, default=0)  # so many of them are members already
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "first members"

    def __str__(self) -> str:
        return str(self.segment_id)


class WatchedMember(models.Model):
    """A customer who was in a watched segment at the last look."""

    segment = models.ForeignKey(WatchedSegment, models.CASCADE, related_name="members", db_index=False)
    # Without a constraint: it would be checked for each of a million rows, and no customer's row is ever deleted.
    customer = models.ForeignKey(Customer, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    since = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment", "customer"], name="watched_member_once")]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.customer_id}"


class SegmentChange(models.Model):
    """A customer entered or left a watched segment: the object of the outbox's events, deleted once they are passed on."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", db_index=False)
    entered = models.BooleanField()
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.customer_id} {'entered' if self.entered else 'left'} {self.segment_id}"
