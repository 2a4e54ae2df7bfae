"""Takes a pasted or uploaded list of recipients: a line each, an e-mail address or a source ID."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.db import connection, transaction

from config.actor import Actor
from customers.read_list import named_in
from publications.distributions.change_draft import NoDraft
from publications.distributions.change_run import record_of
from publications.distributions.models import Distribution

MOST_LINES = 1_000_000
SHOWN = 100  # problems that are told one by one

# A source_id is a key; an e-mail is not: of several customers who have it the one who was first is meant.
MATCH = """
UPDATE publications_listedrecipient l SET customer_id = found.id
  FROM (SELECT r.id AS listed, coalesce(
                 (SELECT c.id FROM customers_customer c WHERE c.source_id = r.given AND c.erased_at IS NULL),
                 (SELECT min(c.id) FROM customers_customer c
                   WHERE r.given LIKE '%%@%%' AND lower(c.email) = lower(r.given) AND c.erased_at IS NULL)) AS id
          FROM publications_listedrecipient r
         WHERE r.distribution_id = %(distribution)s AND r.customer_id IS NULL {some}) AS found
 WHERE l.id = found.listed AND found.id IS NOT NULL
"""

COUNT = """
SELECT count(*), count(DISTINCT customer_id), count(*) FILTER (WHERE customer_id IS NULL),
       count(DISTINCT lower(given)) FILTER (WHERE customer_id IS NULL AND given LIKE '%%@%%')
  FROM publications_listedrecipient WHERE distribution_id = %s
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
    new_addresses: int  # of them: different e-mail addresses, which can become customers
    problem_count: int  # lines that were not taken at all
    problems: list[Problem]  # the first hundred of them


class TooManyLines(ValueError):
    def __init__(self) -> None:
        super().__init__(f"A list holds at most {MOST_LINES:,} lines. Import the customers and use a segment instead.")


def list_recipients(distribution: Distribution, lines: Iterable[str], *, by: Actor) -> Listed:
    """Takes the place of the list that the draft had, in one transaction. `lines` may come from a file: it is passed
    on as it is read. What of a line counts: `customers/read_list.py`. Raises NoDraft and TooManyLines.
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
            with cursor.copy("COPY publications_listedrecipient (distribution_id, line, given) FROM STDIN") as copy:
                for number, given in _taken(lines, problems):
                    copy.write_row((distribution.pk, number, given))
            cursor.execute("ANALYZE publications_listedrecipient")
            match_listed(cursor, distribution.pk)
            cursor.execute(COUNT, [distribution.pk])
            count, customers, unknown, addresses = cursor.fetchone()
        record_of(distribution, "recipients_listed", by=by, lines=count, customers=customers, unknown=unknown)
    return Listed(count, customers, count - unknown - customers, unknown, addresses, len(problems), problems[:SHOWN])


def match_listed(cursor, distribution_id: int, *, some: str = "") -> None:
    """Finds the customers whom the lines mean; `some` is SQL of which lines (r), "" for all that have none yet."""
    cursor.execute(MATCH.format(some=some), {"distribution": distribution_id})


def _taken(lines: Iterable[str], problems: list[Problem]) -> Iterator[tuple[int, str]]:
    for number, given in enumerate(named_in(lines), start=1):
        if number > MOST_LINES + 1:
            raise TooManyLines()
        if not given:
            continue
        if "\x00" in given or not given.isprintable():
            problems.append(
                Problem(number, given[:80].replace("\x00", "\ufffd"), "It holds a character that cannot be shown.")
            )
        elif len(given) > 320:
            problems.append(Problem(number, given[:80], "It is longer than any address or ID (320 characters)."))
        else:
            yield number, given
