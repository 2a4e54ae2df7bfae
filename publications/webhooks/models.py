"""Where webhooks are sent, and what was sent there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self
from urllib.parse import urlsplit

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Now

from config.acted_by import ActedBy
from config.events.kinds import (
    ALERT_OPENED,
    CUSTOMER_CREATED,
    CUSTOMER_DELETED,
    CUSTOMER_UPDATED,
    DISTRIBUTION_ENDED,
    DISTRIBUTION_PAUSED,
    GENERATION_COMPLETED,
    POOL_EMPTY,
    POOL_LOW,
    PUBLICATION_FAILED,
    PUBLICATION_SUCCEEDED,
    REDEMPTION_FAILED,
    ROLLBACK_FAILED,
    ROLLBACK_SUCCEEDED,
    VOUCHER_DISABLED,
    VOUCHER_ENABLED,
    VOUCHER_EXPIRED,
    VOUCHER_REDEEMED,
    VOUCHER_RELEASED,
    VOUCHER_RETIRED,
)
from config.public_ids import EVENT, WEBHOOK_ADDRESS, public_id
from customers.models import Customer

TEST = "webhook.test"  # sent by hand, to one address
# By what they are about, as the form groups them.
EVENT_GROUPS = {
    "Codes": {
        PUBLICATION_SUCCEEDED: "A code was published",
        PUBLICATION_FAILED: "An attempt to publish failed",
        VOUCHER_RELEASED: "A code was released: its holder has it no longer",
        VOUCHER_RETIRED: "A code was retired, and is never published again",
        VOUCHER_DISABLED: "A code was disabled",
        VOUCHER_ENABLED: "A code was enabled again",
        VOUCHER_EXPIRED: "A published code expired before it was used up",
    },
    "Redemptions": {
        VOUCHER_REDEEMED: "A code was redeemed",
        REDEMPTION_FAILED: "An attempt to redeem failed",
        ROLLBACK_SUCCEEDED: "A redemption was rolled back",
        ROLLBACK_FAILED: "A rollback failed",
    },
    "Customers": {
        CUSTOMER_CREATED: "A customer was created",
        CUSTOMER_UPDATED: "A customer was changed",
        CUSTOMER_DELETED: "A customer’s personal data was erased",
    },
    "Campaigns and distributions": {
        GENERATION_COMPLETED: "The codes for a campaign have been generated",
        POOL_LOW: "A pool runs low",
        POOL_EMPTY: "A pool is empty",
        DISTRIBUTION_PAUSED: "A distribution was paused",
        DISTRIBUTION_ENDED: "A distribution ended",
        ALERT_OPENED: "Staff are alerted of anything",
    },
}
EVENTS = {kind: words for group in EVENT_GROUPS.values() for kind, words in group.items()}


class WebhookAddressQuerySet(models.QuerySet):
    def live(self) -> Self:
        return self.filter(deleted_at=None)

    def active(self) -> Self:
        return self.live().filter(paused_at=None)

    def failing(self) -> Self:
        """Those that Handout itself has paused."""
        return self.live().filter(pause_reason=WebhookAddress.PauseReason.FAILING)


class WebhookAddress(ActedBy):
    """A server that receives events. While paused it receives nothing, and nothing is kept for it."""

    get_absolute_url: Callable[[], str]  # config/pages.py

    class PauseReason(models.TextChoices):
        STAFF = "staff", "Staff paused it"
        FAILING = "failing", "The last attempt for an event failed"

    url = models.CharField("URL", max_length=500)
    events = ArrayField(models.CharField(max_length=64))
    # Keys of campaigns: it is told only of these. Empty: of all. What is about no campaign is told in any case.
    campaigns = ArrayField(
        models.BigIntegerField(), default=list, db_default=Value([], ArrayField(models.BigIntegerField()))
    )
    # Signs what is sent, so it is kept in clear. Managers see it; the admin, the API and the audit log do not.
    secret = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())
    paused_at = models.DateTimeField(null=True)
    # "" while it is active. The detail is what was wrong with the last attempt.
    pause_reason = models.CharField(max_length=10, choices=PauseReason.choices, db_default="", default="")
    pause_detail = models.TextField(db_default="", default="")
    # A server that did not answer at all is left alone for a while.
    rests_until = models.DateTimeField(null=True)
    # Hidden, and its deliveries are deleted in the background: there may be millions.
    deleted_at = models.DateTimeField(null=True)

    objects = WebhookAddressQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "webhook addresses"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["url"], condition=Q(deleted_at=None), name="webhook_address_once"),
            models.CheckConstraint(
                name="webhook_address_of_known_events",
                condition=Q(events__contained_by=list(EVENTS)) & Q(events__len__gt=0),
            ),
            models.CheckConstraint(name="webhook_address_has_secret", condition=~Q(secret="")),
            models.CheckConstraint(
                name="webhook_address_reason_of_pause",
                condition=Q(pause_reason="", paused_at=None) | ~Q(pause_reason="") & Q(paused_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Without the query: it may hold a token, and this stands in the audit log."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}{parts.path}"

    @property
    def public_id(self) -> str:
        return public_id(WEBHOOK_ADDRESS, self.pk)


class WebhookDeliveryQuerySet(models.QuerySet):
    def failed(self) -> Self:
        """Those that failed for good and are worth sending again: no tests."""
        return self.filter(status=WebhookDelivery.Status.FAILED).exclude(kind=TEST)


class WebhookDelivery(models.Model):
    """One event on its way to one address, and how far it has got."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"  # not tried yet, or to be tried again
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Failed"  # tried for the last time

    address = models.ForeignKey(WebhookAddress, models.CASCADE, related_name="deliveries", db_index=False)
    event = models.BigIntegerField()  # the key of the outbox's row, which is gone
    kind = models.CharField(max_length=64)
    object_key = models.BigIntegerField()  # of the publication, redemption, order of codes; of a test, the address
    # Whose personal data the body holds: erasing them takes the delivery along.
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="+", db_index=False)
    body = models.TextField()  # what is sent, to the byte
    status = models.CharField(max_length=10, choices=Status.choices, db_default="waiting", default="waiting")
    attempts = models.PositiveSmallIntegerField(db_default=0, default=0)
    next_attempt_at = models.DateTimeField(null=True, db_default=Now())
    created_at = models.DateTimeField(db_default=Now())
    # Of the last attempt.
    attempted_at = models.DateTimeField(null=True)
    answer_status = models.PositiveSmallIntegerField(null=True)  # null: there was no answer
    answer_body = models.TextField(db_default="", default="")  # its first kilobyte
    error = models.TextField(db_default="", default="")  # why it does not count as delivered
    # Of all attempts: [{"at": ISO 8601, "status": 500, "error": "…", "ms": 12}, …]
    log = models.JSONField(db_default=models.Value([], models.JSONField()), default=list)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "webhook deliveries"
        ordering = ["-id"]
        indexes = [
            # The next that are due, oldest first. The time is included, so that a look costs no visit to the rows;
            # `id + 0`, so that the planner never walks the primary key past all that was delivered (as in ADR 0003).
            models.Index(
                F("address"),
                F("id") + 0,
                include=["next_attempt_at"],
                condition=Q(status="waiting"),
                name="webhook_waiting",
            ),
            # The log of an address, and its filters.
            models.Index(fields=["address", "-id"], name="webhook_of_address"),
            models.Index(fields=["address", "kind", "-id"], name="webhook_by_kind"),
            models.Index(fields=["address", "-id"], condition=Q(status="failed"), name="webhook_failed"),
            models.Index(fields=["customer"], condition=Q(customer__isnull=False), name="webhook_of_customer"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["address", "event"], name="webhook_event_once_an_address"),
            models.CheckConstraint(
                name="webhook_waiting_is_due_once",
                condition=Q(status="waiting", next_attempt_at__isnull=False)
                | Q(status__in=["delivered", "failed"], next_attempt_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.address_id}"

    @property
    def event_id(self) -> str:
        return public_id(EVENT, self.event)

    @property
    def state(self) -> str:
        """The state as people see it: a waiting delivery that was tried before is being retried."""
        if self.status == self.Status.WAITING and self.attempts:
            return "Retrying"
        return self.get_status_display()
