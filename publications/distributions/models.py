"""Runs that publish codes to an audience and deliver messages, and each recipient's part in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.acted_by import ActedBy
from config.public_ids import DISTRIBUTION, public_id
from config.staff.quarantine import open_one
from customers.models import Customer
from customers.segments.models import Segment
from publications.distributions import states
from publications.distributions.reasons import FOR_GOOD, DeliveryReason, StatusReason, in_words, with_what_to_do
from publications.webhooks.models import WebhookAddress


class DistributionQuerySet(models.QuerySet):
    def manual(self) -> Self:
        return self.filter(kind=Distribution.Kind.MANUAL)

    def automatic(self) -> Self:
        return self.filter(kind=Distribution.Kind.AUTOMATIC)

    def at_work(self) -> Self:
        """Those for which the worker may have something to do; in a quarantine none."""
        return self.filter(~open_one(), status__in=states.AT_WORK)


class Distribution(ActedBy):
    """A run that publishes codes to customers and sends them a message; manual (staff start it) or automatic.

    The actor is who made it. Who did what to it later stands in the audit log, by its public id.
    """

    get_absolute_url: Callable[[], str]  # config/pages.py

    Kind = states.Kind
    Status = states.Status

    class Audience(models.TextChoices):
        CUSTOMER = "customer", "One customer"
        SEGMENT = "segment", "A segment"
        LIST = "list", "A list"
        HOLDERS = "holders", "Holders of unused codes"  # of a reminder
        TRIGGER = "trigger", "The customer of the trigger"

    class Message(models.TextChoices):
        NONE = "none", "No message"  # publish only
        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Webhook"

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, db_default="draft", default="draft")
    # Why Handout paused it, or why it rests; "" of any other. The detail is what a server answered, or another name.
    status_reason = models.CharField(max_length=20, choices=StatusReason.choices, db_default="", default="", blank=True)
    status_detail = models.TextField(db_default="", default="", blank=True)

    # The mail server or receiver did not answer: it is left alone until then, and nobody is failed for it. How often
    # that happened in a row makes the pauses grow.
    rests_until = models.DateTimeField(null=True, editable=False)
    rests = models.PositiveSmallIntegerField(db_default=0, default=0, editable=False)
    # How many messages in a row are of unknown fate: after a few it rests, after some more it is paused.
    unknowns = models.PositiveSmallIntegerField(db_default=0, default=0, editable=False)
    # Who stopped it: the codes that were not sent are released in their name.
    release_unsent_by = models.CharField(max_length=200, db_default="", default="", editable=False)

    audience = models.CharField(max_length=10, choices=Audience.choices, db_default="segment", default="segment")
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, blank=True, related_name="+")
    segment = models.ForeignKey(Segment, models.PROTECT, null=True, blank=True, related_name="distributions")
    # Of a list: addresses that no customer has become new customers when the run starts. Else they are left out.
    create_unknown = models.BooleanField("create customers for unknown addresses", db_default=False, default=False)

    # Null: a plain message, without a code.
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, blank=True, related_name="distributions")
    # A reminder: it sends codes of the campaign that their holders have not used, and publishes none.
    remind = models.BooleanField(db_default=False, default=False)
    # Of a reminder: of its listed codes (ListedCode), whatever others their holders have.
    chosen_codes = models.BooleanField(db_default=False, default=False)
    codes_each = models.PositiveIntegerField(db_default=1, default=1)
    # Under which the history and the charts tell its codes; "": the built-in one of its kind.
    channel = models.CharField(max_length=100, db_default="", default="", blank=True)
    # Leaves out who holds a code of the campaign already, whatever way they got it.
    skip_holders = models.BooleanField(db_default=True, default=True)

    message = models.CharField(max_length=10, choices=Message.choices, db_default="email", default="email")
    subject = models.CharField(max_length=200, db_default="", default="", blank=True)
    # One template, from which both the text and the HTML part are made; variables such as {{ code }}.
    body = models.TextField(db_default="", default="", blank=True)
    webhook = models.ForeignKey(WebhookAddress, models.PROTECT, null=True, blank=True, related_name="+")

    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    starts_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # The audience is written down as deliveries when the run starts, in batches by customer: how far that is.
    audience_up_to = models.BigIntegerField(db_default=0, default=0)
    audience_complete = models.BooleanField(db_default=False, default=False)

    objects = DistributionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["kind", "-created_at", "-id"], name="distribution_newest"),
            models.Index(fields=["status", "starts_at"], name="distribution_by_status"),
        ]
        constraints = [
            models.CheckConstraint(name="distribution_has_name", condition=~Q(name="")),
            models.CheckConstraint(name="distribution_codes_each", condition=Q(codes_each__gte=1, codes_each__lte=20)),
            # A trigger, `distribution_moves`, holds the rest of the table in states.py: what may follow what.
            models.CheckConstraint(name="distribution_status_of_kind", condition=states.status_of_kind()),
            models.CheckConstraint(
                name="distribution_scheduled_has_start", condition=~Q(status="scheduled") | Q(starts_at__isnull=False)
            ),
            models.CheckConstraint(
                name="distribution_reason_of_status",
                condition=Q(status="held") & ~Q(status_reason="")
                | Q(status__in=["running", "active"])  # then it rests
                | ~Q(status__in=["held", "running", "active"]) & Q(status_reason="", status_detail=""),
            ),
            # What would give nothing and say nothing is no run.
            models.CheckConstraint(
                name="distribution_does_something",
                condition=Q(status="draft") | Q(campaign__isnull=False) | ~Q(message="none"),
            ),
            models.CheckConstraint(
                name="distribution_reminds",
                condition=Q(remind=False) & ~Q(audience="holders")
                | Q(remind=True, campaign__isnull=False, audience__in=["holders", "trigger"]) & ~Q(message="none"),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return public_id(DISTRIBUTION, self.pk)

    @property
    def publishes(self) -> bool:
        """Whether codes leave the pool by it."""
        return self.campaign_id is not None and not self.remind

    @property
    def acts(self) -> set[str]:
        """What may be done with it now, for the buttons of its pages; not to resume where that is in vain for good."""
        return states.acts_open_to(self) - ({states.Act.RESUME.value} if self.status_reason in FOR_GOOD else set())

    @property
    def paused_by_handout(self) -> bool:
        """Then something must be put right, and an automatic one goes on noting for whom it must fire."""
        return self.status == self.Status.HELD

    @property
    def why_paused(self) -> str:
        """Why Handout paused it, or why it rests, and what staff can do; "" of any other."""
        if not self.status_reason:
            return ""
        automatic = self.kind == self.Kind.AUTOMATIC
        return with_what_to_do(StatusReason(self.status_reason), self.status_detail, automatic=automatic)


class ListedRecipient(models.Model):
    """A line of a pasted or uploaded list: an e-mail address or a source_id, and the customer it was found to be."""

    distribution = models.ForeignKey(Distribution, models.CASCADE, related_name="listed", db_index=False)
    line = models.PositiveIntegerField()
    given = models.CharField(max_length=320)
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["distribution", "line"]
        constraints = [models.UniqueConstraint(fields=["distribution", "line"], name="listed_recipient_once_a_line")]

    def __str__(self) -> str:
        return self.given


class ListedCode(models.Model):
    """A code that a reminder is of, where it is not of all that its campaign has."""

    distribution = models.ForeignKey(Distribution, models.CASCADE, related_name="listed_codes", db_index=False)
    voucher = models.ForeignKey(Voucher, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        ordering = ["distribution", "voucher"]
        constraints = [models.UniqueConstraint(fields=["distribution", "voucher"], name="listed_code_once")]

    def __str__(self) -> str:
        return f"{self.distribution_id}: {self.voucher_id}"


class Delivery(models.Model):
    """One customer's part in a run: their code, their message, and how far it got (invariant 5: at most once).

    Each state is written before what it stands for begins, so that a crash leaves `sending`, which becomes `unknown`:
    it may have arrived, so only a person sends it again.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        PUBLISHED = "published", "Code published"  # the end, where there is no message
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        KEPT = "kept", "Stored, not sent"  # there was no mail server (EMAIL_URL)
        FAILED = "failed", "Failed"
        SKIPPED = "skipped", "Skipped"
        UNKNOWN = "unknown", "Unknown"

    distribution = models.ForeignKey(Distribution, models.PROTECT, related_name="deliveries", db_index=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="deliveries", db_index=False)
    # What made an automatic run fire for the customer: the key of the event, so that none fires twice. "" in a manual one,
    # unless it reminds: then the key of the code.
    firing = models.CharField(max_length=64, db_default="", default="")
    state = models.CharField(max_length=10, choices=State.choices, db_default="pending", default="pending")
    # Of those left out, failed or unknown, and of those tried again later. The detail is what a server answered.
    reason = models.CharField(max_length=24, choices=DeliveryReason.choices, db_default="", default="")
    detail = models.CharField(max_length=300, db_default="", default="")
    publication = models.OneToOneField("publications.Publication", models.PROTECT, null=True, related_name="delivery")
    # Of a reminder, which publishes nothing: the code, as its customer holds it. With `expires_by` it is not sent where
    # the code expires later by then: its expiry was moved after a rule had found that it was time.
    reminds = models.ForeignKey(
        "publications.PublishedVoucher", models.PROTECT, null=True, related_name="reminders", db_index=False
    )
    expires_by = models.DateTimeField(null=True)
    email = models.CharField(max_length=320, db_default="", default="")  # where it went, as it was then
    attempts = models.PositiveSmallIntegerField(db_default=0, default=0)
    next_attempt_at = models.DateTimeField(null=True)  # of a published one that was refused for the time being
    # Of one that is being sent: the claim, by which its sender alone records what became of it; and the worker
    # (procrastinate_workers), which tells whether that sender lives.
    claim = models.BigIntegerField(null=True, editable=False)
    worker = models.BigIntegerField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now())
    state_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["distribution", "id"], name="delivery_of_distribution"),
            models.Index(fields=["distribution", "state", "id"], name="delivery_by_state"),
            models.Index(fields=["distribution", "reason", "id"], name="delivery_by_reason", condition=~Q(reason="")),
            models.Index(fields=["customer", "-id"], name="delivery_of_customer"),
            models.Index(OpClass(Lower(F("email")), "text_pattern_ops"), name="delivery_email_prefix"),
            # What the worker looks for: those in flight, few among millions.
            models.Index(
                fields=["distribution", "id"],
                include=["next_attempt_at"],
                condition=Q(state="published"),
                name="delivery_to_send",
            ),
            models.Index(fields=["state_at"], condition=Q(state="sending"), name="delivery_in_flight"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["distribution", "customer", "firing"], name="delivery_once"),
            # Nobody is reminded twice of a code by one distribution. Whose expiry was moved has not been told.
            models.UniqueConstraint(
                fields=["reminds", "distribution"],
                name="delivery_reminds_once",
                condition=Q(reminds__isnull=False) & ~Q(reason="code_extended"),
            ),
            models.CheckConstraint(
                name="delivery_reminds_or_publishes", condition=Q(reminds=None) | Q(publication=None)
            ),
            models.CheckConstraint(
                name="delivery_reason",
                condition=Q(state__in=["failed", "skipped", "unknown"]) & ~Q(reason="")
                | ~Q(state__in=["failed", "skipped", "unknown"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.distribution_id} to {self.customer_id}: {self.state}"

    @property
    def why(self) -> str:
        """The reason in words, or ""."""
        return in_words(DeliveryReason(self.reason) if self.reason else None, self.detail)


class Unsubscribe(ActedBy):
    """An address to which no run sends any more. By the address, since several customers may share it."""

    email = models.CharField(max_length=320)  # in lower case
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="unsubscribes")  # whose link it was
    distribution = models.ForeignKey(Distribution, models.SET_NULL, null=True, related_name="unsubscribes")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["email"], name="unsubscribe_once"),
            models.CheckConstraint(
                name="unsubscribe_in_lower_case", condition=Q(email=Lower(F("email"))) & ~Q(email="")
            ),
        ]

    def __str__(self) -> str:
        return self.email


class KeptMessage(models.Model):
    """An e-mail that was kept instead of sent, since no mail server is set (EMAIL_URL): the dashboard shows them."""

    created_at = models.DateTimeField(db_default=Now())
    sender = models.CharField(max_length=400)
    to = models.CharField(max_length=400)
    subject = models.CharField(max_length=1000)
    text = models.TextField()
    html = models.TextField(db_default="", default="")  # "": it has no such part
    headers = models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict)
    # Of a run; null of a test or of Handout's own messages to staff.
    delivery = models.ForeignKey(Delivery, models.CASCADE, null=True, related_name="kept_messages")
    # Whose personal data it holds: it goes with them.
    customer = models.ForeignKey(Customer, models.CASCADE, null=True, related_name="kept_messages")

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="kept_message_newest"),
            models.Index(OpClass(Lower(F("to")), "text_pattern_ops"), name="kept_message_to_prefix"),
        ]

    def __str__(self) -> str:  # without the subject, which may hold a code
        return f"Message to {self.to}"


class EmailGrant(models.Model):
    """So many e-mails might be sent at this moment: what holds the limit of e-mails a minute over all workers."""

    at = models.DateTimeField()
    count = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="email_grant_at")]

    def __str__(self) -> str:
        return f"{self.count} at {self.at}"
