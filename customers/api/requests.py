"""Customers as API callers send them."""

from __future__ import annotations

from typing import Any, Self

from pydantic import model_validator

from config.api.bodies import Sent

EXAMPLE = {"source_id": "12344", "email": "erlich@example.com", "name": "Erlich Bachman"}


class CustomerFields(Sent):
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    description: str | None = None
    birthdate: str | None = None
    """Such as 1990-01-31."""
    birthday: str | None = None
    """The same."""
    address: dict[str, Any] | None = None
    """`city`, `state`, `line_1`, `line_2`, `country`, `postal_code`."""
    metadata: dict[str, Any] | None = None

    def given(self) -> dict[str, Any]:
        """In the form that upsert_customer() takes."""
        fields = self.model_dump(exclude_none=True)
        if "address" in self.model_fields_set:
            fields["address"] = self.address
        return fields


class Identified(Sent):
    id: str | None = None
    """The `cust_…` id of an existing customer."""
    source_id: str | None = None
    """Your own id: the customer who has it is updated, or created if there is none."""


class CustomerSent(CustomerFields, Identified):
    """A customer as callers send it: any of these fields, but at least one. `null` clears the address or a part of it,
    and counts as not sent elsewhere.
    """

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError(f"must have at least one of {', '.join(type(self).model_fields)}")
        return self


class CustomerUpdateSent(CustomerFields):
    """The body of PUT /v1/customers/{id}. Fields that are not sent stay, and so does `source_id`. `null` clears the
    address or a part of it, and counts as not sent elsewhere.
    """
