"""Conditions built in the browser: rows of field, operator and value, converted to a filter and back
(segment_filter.py).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.http import QueryDict

from config.api import conditions as by
from customers.segments.segment_filter import COUNTED, FIELDS, InvalidSegmentFilter, field_called, read_segment_filter

MOST_ROWS = 20
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
PROFILE = {
    "name": "Name",
    "email": "E-mail",
    "phone": "Phone",
    "source_id": "Source ID",
    "description": "Description",
    "address.line_1": "Address line 1",
    "address.line_2": "Address line 2",
    "address.postal_code": "Postal code",
    "address.city": "City",
    "address.state": "State or region",
    "address.country": "Country",
}
DATES = {"created_at": "Created", "updated_at": "Last changed", "birthdate": "Birthdate"}
SUMS = {"summary.orders.total_amount": "Total of paid orders, in cents"}
ALIASES = {"city": "address.city", "birthday": "birthdate"}
METADATA = {"metadata": "Metadata"}
OPERATORS = {
    "$is": "is",
    "$is_not": "is not",
    "$contains": "contains",
    "$not_contain": "does not contain",
    "$starts_with": "starts with",
    "$ends_with": "ends with",
    "$more_than": "is more than",
    "$more_than_equal": "is at least",
    "$less_than": "is less than",
    "$less_than_equal": "is at most",
    "$before": "is before",
    "$after": "is after",
    "$in": "is one of",
    "$not_in": "is none of",
    "$has_value": "is known",
    "$is_unknown": "is not known",
}
OF_DATES = OPERATORS | {"$more_than": "is more days ago than", "$less_than": "is fewer days ago than"}
# Without a value, which says more than an operator that happens to stand first.
FIRST = {"metadata": "$is", "created_at": "$after", "updated_at": "$after", "birthdate": "$is"}


class Row:
    """One condition, as typed. `which` is the metadata key, the event's name or the campaign, where the field has one."""

    def __init__(self, field: str = "name", which: str = "", op: str = "$is", value: str = "") -> None:
        self.field, self.which, self.op, self.value = field, which.strip(), op, value.strip()
        self.error = ""
        # What the field of before could, this one perhaps cannot.
        if self.op not in (known := dict(self.operators)) and known:
            self.op = FIRST.get(field, next(iter(known)))
        if field in COUNTED and not self.value:
            self.op, self.value = "$more_than", "0"  # at all

    @property
    def which_label(self) -> str:
        """ "" if the field has no such part."""
        if self.field in COUNTED:
            return COUNTED[self.field].which
        return {"metadata": "Key", "property": "Property"}.get(self.field, "")

    @property
    def suggest(self) -> str:
        return COUNTED[self.field].suggest if self.field in COUNTED else ""

    @property
    def operators(self) -> list[tuple[str, str]]:
        found = self._conditions()
        words = OF_DATES if self.field in DATES else OPERATORS
        return [(op, word) for op, word in words.items() if found and op in found.ops]

    @property
    def takes_value(self) -> bool:
        return self.op not in by.PRESENCE

    @property
    def is_day(self) -> bool:
        """Whether the value is a single day, for which the browser has a calendar."""
        on_a_day = self.field in DATES and self.op in ("$before", "$after")
        return on_a_day and (not self.value or DAY.fullmatch(self.value) is not None)

    @property
    def hint(self) -> str:
        if self.field in COUNTED:
            return "A number"
        if self.op in ("$before", "$after") or (self.field == "birthdate" and self.op in ("$is", "$is_not")):
            return "2026-03-31"
        if self.field in DATES:
            return "Days"
        return "A number" if self.op in ("$more_than", "$less_than", "$more_than_equal", "$less_than_equal") else ""

    def name(self) -> str:
        """The field's name in the filter. Raises InvalidSegmentFilter."""
        if self.field in COUNTED:
            if not (which := COUNTED[self.field].read(self.which) if self.which else None):
                what = COUNTED[self.field].which.lower()
                raise InvalidSegmentFilter(f"There is no {what} “{self.which}”." if self.which else f"Choose a {what}.")
            return f"{self.field}.{which}.count"
        if self.which_label and not self.which:
            raise InvalidSegmentFilter(f"Enter a {self.which_label.lower()}.")
        if self.field == "property":
            return self.which
        return f"{self.field}.{self.which}" if self.field == "metadata" else self.field

    def condition(self) -> Any:
        if not self.takes_value:
            return ""
        values = [value.strip() for value in next(csv.reader([self.value], skipinitialspace=True), []) if value.strip()]
        if not values:
            raise InvalidSegmentFilter("Enter a value.")
        return values

    def words(self) -> str:
        labels = PROFILE | DATES | SUMS
        what = labels.get(self.field) or f"{METADATA.get(self.field, '')} {self.which}".strip()
        if self.field in COUNTED:
            what = f"{COUNTED[self.field].label} “{self.which}”"
        op = dict(self.operators).get(self.op, self.op)
        return f"{what} {op} {self.value}" if self.takes_value else f"{what} {op}"

    def _conditions(self) -> by.Field | None:
        if self.field in COUNTED:
            return field_called("events.x.count")
        return field_called("metadata.x" if self.field in ("metadata", "property") else self.field)


class Conditions:
    """The rows of a form. `data` is what was sent, `stored` what is stored; `fields` are the choices of the first box."""

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        stored: Mapping[str, Any] | None = None,
        read: Callable[[Mapping[str, Any]], Any] = read_segment_filter,
        of_event: bool = False,
    ) -> None:
        self.read, self.of_event = read, of_event
        self.error = ""
        self.filter: dict[str, Any] = {}
        if data is not None and ("condition_op" in data or "junction" in data):
            # PostgreSQL holds no NUL, and no keyboard has one.
            sent = [
                [text.replace("\x00", "") for text in data.getlist(f"condition_{part}")]
                for part in ("field", "which", "op", "value")
            ]
            self.rows = [Row(*row) for row in zip(*sent, strict=False)][:MOST_ROWS]
            self.junction = "or" if data.get("junction") == "or" else "and"
        else:
            self.rows = list(_rows(stored or {}, of_event=of_event))
            self.junction = str((stored or {}).get("junction") or "and").lower()

    @property
    def fields(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """In groups, for a <select>."""
        if self.of_event:
            return [("", [("property", "Property")])]
        counted = {kind: counted.label for kind, counted in COUNTED.items()}
        counted |= {name: label for name, label in SUMS.items() if name in FIELDS}
        groups = {"Profile": PROFILE, "Dates": DATES, "Custom fields": METADATA, "Activity": counted}
        return [(group, list(choices.items())) for group, choices in groups.items()]

    def add(self) -> None:
        if len(self.rows) < MOST_ROWS:
            self.rows.append(Row("property" if self.of_event else "name"))

    def remove(self, at: str) -> None:
        if at.isdecimal() and int(at) < len(self.rows):
            del self.rows[int(at)]

    def is_valid(self, *, required: bool = True) -> bool:
        """Sets `filter`, or the errors of the rows."""
        found: dict[str, Any] = {}
        for row in self.rows:
            try:
                name, values = row.name(), row.condition()
                self.read({name: {"conditions": {row.op: values}}})
                conditions = found.setdefault(name, {"conditions": {}})["conditions"]
                if row.op in conditions:
                    raise InvalidSegmentFilter(
                        "There is already a condition like this. Put several values into one, separated by commas."
                    )
                conditions[row.op] = values
            except InvalidSegmentFilter as wrong:
                row.error = str(wrong).rpartition(f"{row.op}: ")[2]
        if not self.rows and required:
            self.error = "Add a condition."
        if self.error or any(row.error for row in self.rows):
            return False
        if found:
            self.filter = {"junction": self.junction, **found}
            try:
                self.read(self.filter)
            except InvalidSegmentFilter as wrong:
                self.error = str(wrong)
        return not self.error


def in_words(conditions: Mapping[str, Any] | None, *, of_event: bool = False) -> list[str]:
    """A line for each condition."""
    return [row.words() for row in _rows(conditions or {}, of_event=of_event)]


def _rows(conditions: Mapping[str, Any], *, of_event: bool) -> Iterator[Row]:
    for name, value in conditions.items():
        if name == "junction" or not isinstance(value, Mapping):
            continue
        field, _, rest = name.partition(".")
        for op, values in value.get("conditions", {}).items():
            texts = [str(one).lower() if isinstance(one, bool) else str(one) for one in _list(values)]
            typed = "" if op in by.PRESENCE else _joined(texts)
            if of_event:
                yield Row("property", name, op, typed)
            elif field in COUNTED:
                yield Row(field, COUNTED[field].show(rest.removesuffix(".count")), op, typed)
            elif field == "metadata":
                yield Row(field, rest, op, typed)
            elif name in FIELDS:
                yield Row(ALIASES.get(name, name), "", op, typed)


def _list(values: Any) -> list:
    return values if isinstance(values, list) else [values]


def _joined(values: list[str]) -> str:
    """As one types them: with commas between, in quotes what holds one."""
    return ", ".join(
        f'"{value.replace(chr(34), chr(34) * 2)}"' if "," in value or '"' in value else value for value in values
    )
