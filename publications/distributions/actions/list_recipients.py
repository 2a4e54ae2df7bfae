"""Takes a pasted or uploaded list of recipients: a line each, an e-mail address or a source ID."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from config.actor import Actor
from customers.segments.read_list import named_in
from publications.distributions.actions.change_draft import NoDraft
from publications.distributions.actions.change_status import record_of
from publications.distributions.models import Distribution

MOST_LINES = 1_000_000
SHOWN = 100  # problems that are told one by one

# Whom the line r means. A source_id is a key; an e-mail is not: of several customers who have it the first is meant.
MEANT = """
  LEFT JOIN customers_customer by_id ON by_id.source_id = r.given AND by_id.erased_at IS NULL
  LEFT JOIN LATERAL (
      SELECT min(c.id) AS id FROM customers_customer c
       WHERE r.given LIKE '%%@%%' AND lower(c.email) = lower(r.given) AND c.erased_at IS NULL) by_mail ON by_id.id IS NULL
"""

# By way of a table of its own: to write a million lines first and what they mean afterwards took three times as long.
WRITE = f"""
INSERT INTO distributions_listedrecipient (distribution_id, line, given, customer_id)
SELECT %s, r.line, r.given, coalesce(by_id.id, by_mail.id) FROM given_lines r {MEANT} ORDER BY r.line
"""  # noqa: S608 - our own words

MATCH = f"""
UPDATE distributions_listedrecipient l SET customer_id = coalesce(by_id.id, by_mail.id)
  FROM distributions_listedrecipient r {MEANT}
 WHERE l.id = r.id AND r.distribution_id = %s AND r.customer_id IS NULL AND coalesce(by_id.id, by_mail.id) IS NOT NULL
"""  # noqa: S608

COUNT = """
SELECT count(*), count(DISTINCT customer_id), count(*) FILTER (WHERE customer_id IS NULL)
  FROM distributions_listedrecipient WHERE distribution_id = %s
"""


class Problem(NamedTuple):
    line: int
    text: str
    message: str


class Listed(NamedTuple):
    lines: int  # of the list that hold something
    customers: int  # different ones who were found
    repeated: int  # lines that mean a customer whom another line means, too
    unknown: int  # lines that are no customer
    problem_count: int  # lines that were not taken at all
    problems: list[Problem]  # the first hundred of them


class TooManyLines(ValueError):
    def __init__(self) -> None:
        super().__init__(
            f"A list can have at most {MOST_LINES:,} lines. Import the customers and use a segment instead."
        )


def list_recipients(distribution: Distribution, lines: Iterable[str], *, by: Actor) -> Listed:
    """Takes the place of the list that the draft had, in one transaction. `lines` may come from a file: it is passed
    on as it is read. What of a line counts: `customers/segments/read_list.py`. Raises NoDraft and TooManyLines.
    """
    problems: list[Problem] = []
    with transaction.atomic():
        draft = Distribution.objects.select_for_update(no_key=True).filter(
            pk=distribution.pk, status=Distribution.Status.DRAFT
        )
        if not draft.exists():
            raise NoDraft()
        distribution.listed.all().delete()
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE given_lines (line integer, given text) ON COMMIT DROP")
            with cursor.copy("COPY given_lines FROM STDIN") as copy:
                for row in _taken(lines, problems):
                    copy.write_row(row)
            cursor.execute("ANALYZE given_lines")
            cursor.execute(WRITE, [distribution.pk])
            cursor.execute("ANALYZE distributions_listedrecipient")  # the review asks for the list at once
            cursor.execute("DROP TABLE given_lines")  # an outer transaction may take another list
            cursor.execute(COUNT, [distribution.pk])
            count, customers, unknown = cursor.fetchone()
        record_of(distribution, "recipients_listed", by=by, lines=count, customers=customers, unknown=unknown)
    return Listed(count, customers, count - unknown - customers, unknown, len(problems), problems[:SHOWN])


def match_listed(cursor: CursorWrapper, distribution_id: int) -> None:
    """Finds the customers whom those lines mean that had none yet."""
    cursor.execute(MATCH, [distribution_id])


def _taken(lines: Iterable[str], problems: list[Problem]) -> Iterator[tuple[int, str]]:
    for number, given in enumerate(named_in(lines), start=1):
        if number > MOST_LINES + 1:
            raise TooManyLines()
        if not given:
            continue
        if "\x00" in given or not given.isprintable():
            problems.append(
                Problem(number, given[:80].replace("\x00", "\ufffd"), "It contains an invisible character.")
            )
        elif len(given) > 320:
            problems.append(Problem(number, given[:80], "It is longer than any address or ID (320 characters)."))
        else:
            yield number, given
