"""Finds the segment that a caller means, and the segments that a customer is in. `in_segment()` says who is in one."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.db import connection
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.utils import timezone

from config.public_ids import SEGMENT, key_of
from customers.models import Customer, CustomerQuerySet
from customers.segments.models import Segment, SegmentMember
from customers.segments.segment_filter import read_segment_filter

MOST_LISTED = 1000  # of the static segments of one customer


class SegmentNotFound(LookupError):
    """No segment has the given id."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"Cannot find segment with id {reference}")
        self.reference = reference


def find_segment(reference: str) -> Segment:
    """By `seg_…` id. Raises SegmentNotFound."""
    key = key_of(SEGMENT, reference)
    segment = Segment.objects.filter(pk=key).first() if key is not None else None
    if not segment:
        raise SegmentNotFound(reference)
    return segment


def in_segment(segment: Segment) -> Q:
    """Who is in it now, as a Q of Customer."""
    if segment.type == Segment.Type.STATIC:
        return Q(Exists(SegmentMember.objects.filter(segment=segment, customer=OuterRef("pk"))))
    return read_segment_filter(segment.filter or {})


def segments_of(customer: Customer) -> list[Segment]:
    """The segments that the customer is in, newest first. An erased customer is in none."""
    picked = Segment.objects.filter(members__customer=customer)[:MOST_LISTED]
    found = [*picked, *_that_fit(Customer.objects.live().filter(pk=customer.pk))]
    return sorted(found, key=lambda segment: (segment.created_at, segment.pk), reverse=True)


def segments_for_newcomer(source_id: str) -> list[Segment]:
    """The segments that somebody known only by a source_id would be in as a new customer."""
    return _that_fit(Customer.objects.all(), newcomer=source_id)


def _that_fit(one_customer: CustomerQuerySet, *, newcomer: str | None = None) -> list[Segment]:
    """The segments with a filter that fit. There are at most 100, and they are asked in one statement."""
    segments = list(Segment.objects.exclude(type=Segment.Type.STATIC))
    answers = _evaluate([in_segment(segment) for segment in segments], one_customer, newcomer) if segments else []
    return [segment for segment, fits in zip(segments, answers, strict=True) if fits]


def _evaluate(conditions: Sequence[Q], customers: QuerySet, newcomer: str | None) -> list[bool | None]:
    """Which of the conditions hold for the one customer; null counts as false."""
    named = {
        f"fits_{at}": ExpressionWrapper(condition, output_field=BooleanField())
        for at, condition in enumerate(conditions)
    }
    sql, parameters = customers.order_by().annotate(**named).values_list(*named).query.sql_with_params()
    if newcomer is not None:
        # In place of the table: one row that nobody has written.
        sql = f"WITH {TABLE} AS (SELECT * FROM jsonb_populate_record(NULL::{TABLE}, %s::jsonb)) {sql}"  # noqa: S608 - our own words
        parameters = (_row_of(newcomer), *parameters)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchone() or [None] * len(named))


TABLE = Customer._meta.db_table


def _row_of(source_id: str) -> str:
    texts = dict.fromkeys(("name", "email", "phone", "description"), "")
    now = timezone.now().isoformat()
    return json.dumps(
        {"id": 0, "source_id": source_id, **texts, "address": {}, "metadata": {}, "created_at": now},
    )
