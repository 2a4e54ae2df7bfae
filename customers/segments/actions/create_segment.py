"""Creates a segment, of customers picked one by one or of everyone a filter matches (docs/api.md: segments)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, connection, transaction

from config.actor import Actor
from config.metadata import MetadataRefused, check_metadata
from config.public_ids import CUSTOMER, key_of
from config.staff.audit import record
from customers.segments.models import Segment
from customers.segments.segment_filter import InvalidSegmentFilter, read_segment_filter

MOST_PICKED = 20_000  # customers in a static segment
MOST_FILTERS = 100  # segments with a filter; all are evaluated to tell whose segments a customer is in

# A `cust_…` id is tried as one of ours first, then as a source_id, like everywhere else. Erased customers have none.
FIND = """
SELECT sent.reference, coalesce(by_id.id, by_source_id.id)
  FROM unnest(%s::text[], %s::bigint[]) AS sent (reference, key)
  LEFT JOIN customers_customer by_id ON by_id.id = sent.key AND by_id.erased_at IS NULL
  LEFT JOIN customers_customer by_source_id ON by_source_id.source_id = sent.reference
"""

# Locked until the commit: whoever erases one of them waits, and then removes the membership too.
ADD = """
INSERT INTO segments_segmentmember (segment_id, customer_id)
SELECT %s, c.id FROM customers_customer c
 WHERE c.id = ANY(%s) AND c.erased_at IS NULL ORDER BY c.id FOR KEY SHARE
RETURNING customer_id
"""


class InvalidSegment(ValueError):
    """The segment cannot be created; the message names the field and what was expected."""


class SegmentNameTaken(Exception):
    """Another segment has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is already a segment called “{name}”. Choose another name.")
        self.name = name


class CustomersNotFound(LookupError):
    """Some of the picked customers do not exist; `references` as they were given."""

    def __init__(self, references: Sequence[str]) -> None:
        more = f" and {len(references) - 5:,} more" if len(references) > 5 else ""
        several = "s" if len(references) > 1 else ""
        super().__init__(f"Cannot find customer{several} with id {', '.join(references[:5])}{more}")
        self.references = references


def create_static_segment(name: str, customers: Sequence[str], *, by: Actor) -> Segment:
    """Of these customers: `cust_…` ids or source_ids in any order; repeats count once.

    Raises InvalidSegment, SegmentNameTaken and CustomersNotFound; then nothing is created.
    """
    if len(customers) > MOST_PICKED:
        raise InvalidSegment(
            f"customers: a static segment holds at most {MOST_PICKED:,} customers; you sent {len(customers):,}. "
            "Use a filter instead, for instance on a metadata key."
        )
    with transaction.atomic():
        segment = _create(Segment(name=name, type=Segment.Type.STATIC), by=by, customers=len(set(customers)))
        _add(segment, _find(customers))
    return segment


def create_filter_segment(name: str, conditions: Mapping[str, Any], *, passive: bool = False, by: Actor) -> Segment:
    """Of everyone the filter matches whenever it is read (segment_filter.py describes its language).

    Raises InvalidSegment and SegmentNameTaken.
    """
    kind = Segment.Type.PASSIVE if passive else Segment.Type.AUTO_UPDATE
    segment = Segment(name=name, type=kind, filter=check_filter(conditions))
    with transaction.atomic():
        with connection.cursor() as cursor:
            # One at a time, so that two at once do not both become the hundredth; reading goes on.
            cursor.execute("LOCK TABLE segments_segment IN SHARE ROW EXCLUSIVE MODE")
        if Segment.objects.exclude(type=Segment.Type.STATIC).count() >= MOST_FILTERS:
            raise InvalidSegment(f"type: there are already {MOST_FILTERS} segments with a filter. Delete one first.")
        return _create(segment, by=by)


def check_filter(conditions: Mapping[str, Any]) -> dict[str, Any]:
    """The filter as it can be stored. Raises InvalidSegment."""
    try:
        checked = check_metadata(conditions, called="The filter")
        read_segment_filter(conditions)
    except MetadataRefused as refused:
        raise InvalidSegment(f"filter: {refused}") from None
    except InvalidSegmentFilter as refused:
        raise InvalidSegment(str(refused)) from None
    return checked


def check_name(name: str) -> str:
    """Raises InvalidSegment."""
    if not name.strip():
        raise InvalidSegment("name: must not be empty")
    if len(name) > 200:
        raise InvalidSegment(f"name: can have at most 200 characters; this has {len(name)}")
    if "\x00" in name:
        raise InvalidSegment("name: must not contain a NUL character")
    return name


def _create(segment: Segment, *, by: Actor, **details: Any) -> Segment:
    check_name(segment.name)
    try:
        with transaction.atomic():
            segment.save(force_insert=True)
    except IntegrityError as refused:
        if "segment_name_unique" in str(refused):
            raise SegmentNameTaken(segment.name) from None
        raise
    record(
        "segment.created", by=by, object_id=segment.public_id, object_label=segment.name, type=segment.type, **details
    )
    return segment


def _find(references: Sequence[str]) -> dict[str, int]:
    """{reference: the customer's key}. Raises CustomersNotFound."""
    wanted = list(dict.fromkeys(references))
    with connection.cursor() as cursor:
        cursor.execute(FIND, [wanted, [key_of(CUSTOMER, reference) for reference in wanted]])
        found = dict(cursor.fetchall())
    if missing := [reference for reference in wanted if found[reference] is None]:
        raise CustomersNotFound(missing)
    return found


def _add(segment: Segment, customers: dict[str, int]) -> None:
    """Raises CustomersNotFound for customers who were erased in the meantime."""
    with connection.cursor() as cursor:
        cursor.execute(ADD, [segment.pk, list(customers.values())])
        added = {key for (key,) in cursor.fetchall()}
    if missing := [reference for reference, key in customers.items() if key not in added]:
        raise CustomersNotFound(missing)
