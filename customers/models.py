"""Customers, what they did (events), whether they refuse marketing, and the CSV files they came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower, Now, Reverse

from config.acted_by import ActedBy
from config.imports.models import CsvImport, RefusedRow
from config.public_ids import CUSTOMER, public_id


class CustomerQuerySet(models.QuerySet):
    def live(self) -> Self:
        """Erased customers are hidden everywhere; their publications stay, anonymised."""
        return self.filter(erased_at=None)


def last_word(field: str) -> Lower:
    """The name's last word in lower case, so that an index finds John Smith by "smi"."""
    return Lower(Func(F(field), Value(r"\S+$"), function="substring", output_field=models.TextField()))


def phone_digits(field: str) -> Func:
    return Func(
        F(field), Value(r"\D"), Value(""), Value("g"), function="regexp_replace", output_field=models.TextField()
    )


def end_of_email(field: str, *, begins: str) -> Func:
    """The lower-case e-mail address from the first match of the pattern on."""
    return Func(Lower(F(field)), Value(f"{begins}.*$"), function="substring", output_field=models.TextField())


LAST_PART, DOMAIN = "[^.@_+-]+@", "@"  # of mara.lindqvist@example.com: lindqvist@example.com and @example.com
HAS_PARTS = Q(email__regex="[._+-][^@]*@")


class Customer(models.Model):
    """Somebody who gets codes. `source_id` is the caller's own id for them: unique, and fixed once set."""

    get_absolute_url: Callable[[], str]  # config/pages.py

    source_id = models.CharField(max_length=255, null=True, blank=True)
    name = models.CharField(max_length=200, db_default="", default="", blank=True)
    email = models.CharField("e-mail", max_length=320, db_default="", default="", blank=True)
    phone = models.CharField(max_length=50, db_default="", default="", blank=True)
    description = models.TextField(db_default="", default="", blank=True)
    birthdate = models.DateField(null=True, blank=True)
    # {"line_1", "line_2", "city", "postal_code", "state", "country"}: strings, none required
    address = models.JSONField(default=dict, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(null=True, editable=False)
    erased_at = models.DateTimeField(
        null=True, editable=False
    )  # personal data erased; the row holds its publications together

    objects = CustomerQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="customer_newest"),
            # The list by name. Not the prefix index below: text_pattern_ops serves LIKE, but no ORDER BY.
            models.Index(Lower("name"), "id", name="customer_by_name", condition=Q(erased_at=None)),
            # Prefix searches: lower() with LIKE 'x%' (Django's istartswith writes UPPER() and would scan).
            models.Index(OpClass(Lower("name"), "text_pattern_ops"), name="customer_name_prefix"),
            models.Index(OpClass(last_word("name"), "text_pattern_ops"), name="customer_last_word_prefix"),
            models.Index(OpClass(Lower("email"), "text_pattern_ops"), name="customer_email_prefix"),
            models.Index(
                OpClass(end_of_email("email", begins=LAST_PART), "text_pattern_ops"),
                name="customer_email_part_prefix",
                condition=HAS_PARTS,
            ),
            models.Index(
                OpClass(end_of_email("email", begins=DOMAIN), "text_pattern_ops"), name="customer_email_domain_prefix"
            ),
            models.Index(OpClass(Lower("source_id"), "text_pattern_ops"), name="customer_source_id_prefix"),
            # Phone numbers by the digits that they begin or end with (queries/phones.py).
            models.Index(
                OpClass(phone_digits("phone"), "text_pattern_ops"), name="customer_phone_prefix", condition=~Q(phone="")
            ),
            models.Index(
                OpClass(Reverse(phone_digits("phone")), "text_pattern_ops"),
                name="customer_phone_suffix",
                condition=~Q(phone=""),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["source_id"], name="customer_source_id_unique"),
            models.CheckConstraint(name="customer_source_id_not_empty", condition=~Q(source_id="")),
            models.CheckConstraint(
                name="customer_erased_holds_nothing",
                condition=Q(erased_at=None)
                | Q(
                    source_id=None, name="", email="", phone="", description="", birthdate=None, address={}, metadata={}
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.source_id or self.public_id

    @property
    def public_id(self) -> str:
        return public_id(CUSTOMER, self.pk)


class Event(ActedBy):
    """Something that a customer did, under the shop's own name for it ("cart_abandoned"); erased with the customer."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="events", db_index=False)
    name = models.CharField(max_length=300)
    metadata = models.JSONField(db_default=Value({}, models.JSONField()))
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["customer", "-created_at", "-id"], name="event_of_customer"),
            models.Index(fields=["name", "created_at"], name="event_by_name"),
        ]
        constraints = [models.CheckConstraint(name="event_has_name", condition=~Q(name=""))]

    def __str__(self) -> str:
        return self.name


class MarketingRefusal(ActedBy):
    """A customer who refused marketing, according to an imported file. A trigger unsubscribes their address."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="marketing_refusals")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.customer_id}"


class CustomerImport(CsvImport):
    """A CSV file of customers. Rows whose source_id is known update that customer, or are refused."""

    action_kind = 3

    update_existing = models.BooleanField(default=True, db_default=True)
    match_by_email = models.BooleanField(default=True, db_default=True)  # where a row has no source_id

    class Meta:
        ordering = ["-created_at", "-id"]


class RefusedCustomer(RefusedRow):
    """A row of a file of customers that was not imported, and the reason."""

    csv_import = models.ForeignKey(CustomerImport, models.CASCADE, related_name="refused", db_index=False)

    class Meta:
        ordering = ["csv_import", "row"]
        constraints = [models.UniqueConstraint(fields=["csv_import", "row"], name="refused_customer_once_a_row")]
