"""Adds customers to a static segment from a list of up to 200,000 lines, and removes single ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.db import connection, transaction

from config.actor import Actor
from config.public_ids import CUSTOMER, key_of
from config.staff.audit import record
from customers.models import Customer
from customers.segments.actions.create_segment import InvalidSegment
from customers.segments.models import Segment, SegmentMember

MOST_LINES = 200_000
LONGEST_LINE = 320  # no e-mail address is longer, and no source_id

# One look by index for each line. Several customers may share an e-mail address; all of them are meant.
FIND = """
CREATE TEMPORARY TABLE listed ON COMMIT DROP AS
SELECT line.number, line.given, found.id
  FROM unnest(%s::int[], %s::text[], %s::bigint[]) AS line (number, given, key)
  LEFT JOIN LATERAL (
      SELECT c.id FROM customers_customer c WHERE c.id = line.key AND c.erased_at IS NULL
      UNION SELECT c.id FROM customers_customer c WHERE c.source_id = line.given
      UNION SELECT c.id FROM customers_customer c
             WHERE position('@' in line.given) > 0 AND lower(c.email) = lower(line.given) AND c.erased_at IS NULL
  ) AS found ON true
"""
UNKNOWN = "SELECT number, given, count(*) OVER () FROM listed WHERE id IS NULL ORDER BY number LIMIT 20"
ADD = """
INSERT INTO segments_segmentmember (segment_id, customer_id)
SELECT %s, c.id FROM customers_customer c
 WHERE c.id IN (SELECT id FROM listed) AND c.erased_at IS NULL ORDER BY c.id FOR KEY SHARE
ON CONFLICT DO NOTHING
"""


class Filled(NamedTuple):
    added: int
    unknown: int


class UnknownLines(Exception):
    """Lines that match no customer; `lines` are the first 20 of the `count`, [(number, what was given)]."""

    def __init__(self, lines: list[tuple[int, str]], count: int) -> None:
        several = "s" if count > 1 else ""
        super().__init__(f"{count:,} line{several} of the list match no customer.")
        self.lines, self.count = lines, count


def fill_segment(segment: Segment, lines: Iterable[str], *, leave_out_unknown: bool = False, by: Actor) -> Filled:
    """Adds the customers on the lines, by `cust_…` id, source_id or e-mail address. Skips empty lines and existing
    members.

    Raises InvalidSegment (too many lines, or not a static segment), and UnknownLines unless such lines are to be
    skipped; then nobody is added.
    """
    if segment.type != Segment.Type.STATIC:
        raise InvalidSegment("type: this segment has a filter; customers cannot be added to it by hand.")
    numbers, given, keys = [], [], []
    for number, line in enumerate(lines, start=1):
        if not (text := line.replace("\x00", "").strip()):
            continue
        numbers.append(number)
        given.append(text[: LONGEST_LINE + 1])
        keys.append(key_of(CUSTOMER, text))
        if len(given) > MOST_LINES:
            raise InvalidSegment(f"customers: a list can have at most {MOST_LINES:,} lines. Split it, or use a filter.")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FIND, [numbers, given, keys])
        cursor.execute(UNKNOWN)
        rows = cursor.fetchall()
        unknown = rows[0][2] if rows else 0
        if unknown and not leave_out_unknown:
            raise UnknownLines([row[:2] for row in rows], unknown)
        cursor.execute(ADD, [segment.pk])
        added = cursor.rowcount
        cursor.execute("DROP TABLE listed")  # an outer transaction may fill another segment
        if added:
            record("segment.filled", by=by, object_id=segment.public_id, object_label=segment.name, added=added)
    return Filled(added, unknown)


def take_out(segment: Segment, customer: Customer, *, by: Actor) -> bool:
    """True if the customer was in the static segment."""
    with transaction.atomic():
        removed, _ = SegmentMember.objects.filter(segment=segment, customer=customer).delete()
        if removed:
            record(
                "segment.member_removed", by=by, object_id=segment.public_id, object_label=segment.name,
                customer=customer.public_id,
            )  # fmt: skip
    return bool(removed)
