"""What a campaign or a code may hold where the two are alike: value, dates, texts, metadata."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import models

from campaigns.models import Value
from config.metadata import MetadataRefused, check_metadata

Discount = Value.Discount
# Of a code. Far below what its counter holds, so that the counter never ends where there is no limit.
MOST_REDEMPTIONS = 1_000_000_000


class InvalidFields(ValueError):
    """Fields that cannot be stored. `errors`: {field: what is wrong with it and how to fix it}."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(f"{field}: {message}" for field, message in errors.items()))
        self.errors = dict(errors)


def check_value(thing: Value, *, gift: bool, needed: bool) -> dict[str, str]:
    """Errors of the value's fields, by field; {} means valid. Clears fields that do not belong to this kind of value.

    `needed`: whether there must be a value at all (a campaign's code without one takes the campaign's).
    """
    if gift:
        thing.discount_type, thing.discount_value, thing.unit_type = None, None, ""
        if thing.gift_amount is None and not needed:
            return {}
        return {} if thing.gift_amount and thing.gift_amount > 0 else {"gift_amount": "Enter an amount above 0."}
    thing.gift_amount = None
    if thing.discount_type != Discount.UNIT:
        thing.unit_type = ""
    if not thing.discount_type:
        thing.discount_type = None
        if thing.discount_value is not None:
            return {"discount_type": "Choose the type of value: percent, amount, units or a fixed price."}
        return {"discount_type": "Choose what the code is worth."} if needed else {}
    return _check_discount(thing.discount_type, thing.discount_value, thing.unit_type)


def _check_discount(kind: str, value: Decimal | None, unit: str) -> dict[str, str]:
    if value is None:
        return {"discount_value": "Enter the value."}
    if kind == Discount.PERCENT and not 0 < value <= 100:
        return {"discount_value": "Enter a percentage above 0 and up to 100."}
    if kind == Discount.AMOUNT and not value > 0:
        return {"discount_value": "Enter an amount above 0."}
    if kind in (Discount.AMOUNT, Discount.FIXED) and value != round(value, 2):
        return {"discount_value": "Enter at most two decimals."}
    if kind == Discount.FIXED and value < 0:
        return {"discount_value": "Enter a price of 0 or more."}
    if kind == Discount.UNIT and (value < 1 or value % 1):
        return {"discount_value": "Enter a whole number of units, 1 or more."}
    if kind == Discount.UNIT and not unit:
        return {"unit_type": "Enter what the units are, such as “month” or “coffee”."}
    return {}


def check_dates(start: datetime | None, expiration: datetime | None) -> dict[str, str]:
    if start and expiration and expiration <= start:
        return {"expiration_date": "The expiration must be after the start."}
    return {}


def check_limit(limit: int | None) -> dict[str, str]:
    """Of redemptions per code; None is no limit. `check_columns` rejects what is not a number."""
    if not isinstance(limit, int) or 1 <= limit <= MOST_REDEMPTIONS:
        return {}
    return {"redemption_limit": f"Enter 1 to {MOST_REDEMPTIONS:,}; leave empty for no limit."}


def check_columns(thing: Value, names: list[str]) -> dict[str, str]:
    """Converts the values; returns errors of single columns (type, length, choices, characters PostgreSQL cannot
    store).
    """
    errors = {}
    for name in names:
        field = cast("models.Field", thing._meta.get_field(name))
        value = getattr(thing, name)
        try:
            if isinstance(value, str):
                value = value.strip()
            if name == "metadata":
                value = check_metadata(value) or (None if field.null else {})
            elif value is None and field.null:
                pass
            else:
                value = field.clean(value, thing)
            if isinstance(value, str) and "\x00" in value:
                raise ValidationError("Remove the invisible NUL character.")
            if isinstance(value, datetime) and not 1900 <= value.year < 3000:
                raise ValidationError("Choose a date between the years 1900 and 2999, or none.")
        except MetadataRefused as refused:
            errors[name] = str(refused)
        except ValidationError as wrong:
            errors[name] = " ".join(wrong.messages)
        else:
            setattr(thing, name, value)
    return errors


def told_changes(before: Mapping[str, Any], changed: Mapping[str, Any], *, texts: set[str]) -> dict[str, Any]:
    """Details for the audit log: {"changes": {field: {"from", "to"}}}; for the long `texts`, only that they changed."""
    told: dict[str, Any] = {
        "changes": {
            name: {"from": _plain(before[name]), "to": _plain(value)}
            for name, value in changed.items()
            if name not in texts
        },
        "texts_changed": sorted(changed.keys() & texts),
    }
    return {name: value for name, value in told.items() if value}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"  # 10, not 10.0000
    return value if value is None or isinstance(value, bool | int | str) else str(value)
