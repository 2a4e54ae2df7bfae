"""The limits that staff have set: so many codes a customer of a campaign; so many a day of a campaign, API key or channel.

What nobody limited is given by one statement, which itself looks that nobody did (`IS_LIMITED`, statements.py). Anything
else is given in a transaction of more steps (ADR 0047):

    hold()     the customers and the day's counters are locked, in one order for all, before any code is
    fit()      which requests still fit
    (give.py)  their codes are given
    count()    and counted

How many codes a customer holds is read from the ledger itself, under the customer's lock. So a release frees a place, a
settled code takes one, and nothing has to be kept in step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import IntegrityError, connection

from config.staff.day_limits import TODAY, Kind, subject_of
from publications.ledger.requests import Declined, Given, PublishRequest
from publications.queries.day_use import GIVEN, OF_SUBJECT


def is_limited(campaign: str, actor_kind: str, actor: str, channel: str) -> str:
    """As SQL: whether any limit applies to these."""
    return f"""EXISTS (SELECT FROM staff_limit WHERE subject = ANY(ARRAY[
        'customers:' || {campaign}, 'campaign:' || {campaign}, {actor_kind} || ':' || {actor}, 'channel:' || {channel}]))"""


# One look a statement: where nobody has set a limit, there is nothing more to ask of each request.
ANY_LIMIT = "EXISTS (SELECT FROM staff_limit)"
LOOK = "SELECT subject FROM staff_limit WHERE subject = ANY(%s)"

PER_CUSTOMER = "SELECT subject, most FROM staff_limit WHERE subject = ANY(%s)"
HOLD_CUSTOMERS = "SELECT FROM customers_customer WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
HOLD_DAYS = f"""
WITH held AS MATERIALIZED (
    SELECT * FROM staff_limit WHERE subject = ANY(%s) ORDER BY subject FOR NO KEY UPDATE
)
SELECT subject, id, most, used, day, {TODAY} FROM held
"""  # noqa: S608 - our own constant
# What went out today before anything was counted, counts too.
BEGIN_DAY = {
    kind: f"""UPDATE staff_limit SET day = %(day)s, since = clock_timestamp(),
                     used = {GIVEN.format(of_subject=of_subject, day="%(day)s::date")}
               WHERE id = %(id)s RETURNING used"""  # noqa: S608 - our own constants
    for kind, of_subject in OF_SUBJECT.items()
}
HELD = """
SELECT wanted.campaign, wanted.customer,
       (SELECT count(*) FROM publications_publication p
          JOIN publications_publishedvoucher l ON l.publication_id = p.id AND l.released_at IS NULL
         WHERE p.customer_id = wanted.customer AND p.campaign_id = wanted.campaign AND p.result = 'SUCCESS' AND p.voided_at IS NULL)
     + (SELECT count(*) FROM publications_publishedvoucher l JOIN publications_publication p ON p.id = l.publication_id
         WHERE l.settled_to_id = wanted.customer AND l.released_at IS NULL AND p.campaign_id = wanted.campaign)
  FROM unnest(%s::bigint[], %s::bigint[]) AS wanted (campaign, customer)
"""
# The limit once more, in the statement that counts.
COUNT = """
UPDATE staff_limit u SET used = u.used + given.codes
  FROM unnest(%(ids)s::bigint[], %(codes)s::bigint[], %(most)s::bigint[]) AS given (id, codes, most)
 WHERE u.id = given.id AND u.used + given.codes <= given.most
"""

# What this process has seen a limit of. A hint: it saves a statement that would only say so.
_seen: set[str] = set()


def expects_limits(requests: Iterable[PublishRequest]) -> bool:
    return bool(_seen) and any(subject in _seen for request in requests for subject in _subjects(request))


def look_for_limits(requests: Iterable[PublishRequest]) -> bool:
    """Whether there is a limit for any of them; from then on, one is expected."""
    subjects = {subject for request in requests for subject in _subjects(request)}
    with connection.cursor() as cursor:
        cursor.execute(LOOK, [list(subjects)])
        found = {subject for (subject,) in cursor.fetchall()}
    _seen.update(found)
    return bool(found)


def hold_first(requests: Sequence[PublishRequest]) -> None:
    """For a transaction that is going to lock a pool or a reservation, too: the order of everybody is limits, pool,
    reservations, codes. By itself `give` would come to the limits last, and two could wait for each other in a circle.
    """
    if requests and (expects_limits(requests) or look_for_limits(requests)):
        hold(requests)


class DayLimit(NamedTuple):
    id: int
    most: int
    used: int


class Limits(NamedTuple):
    """Everything that limits these requests, locked until the transaction ends."""

    days: dict[str, DayLimit]  # by subject
    per_customer: dict[str, int]  # by subject
    held: dict[tuple[int, int], int]  # codes, by campaign and customer

    def __bool__(self) -> bool:
        return bool(self.days or self.per_customer)


def hold(requests: Sequence[PublishRequest]) -> Limits:
    """In the caller's transaction, before any code is locked. The customers first, as by a batch of those who join once; then
    the counters."""
    subjects = sorted({subject for request in requests for subject in _subjects(request)})
    customers = [subject for subject in subjects if subject.startswith("customers:")]
    with connection.cursor() as cursor:
        cursor.execute(PER_CUSTOMER, [customers])
        per_customer = dict(cursor.fetchall())
        held = _hold_customers(cursor, requests, per_customer)
        cursor.execute(HOLD_DAYS, [[subject for subject in subjects if subject not in customers]])
        days = {
            subject: DayLimit(key, most, used if day and day >= today else _begin_day(cursor, subject, key, today))
            for subject, key, most, used, day, today in cursor.fetchall()
        }
    limits = Limits(days, per_customer, held)
    if not limits:
        _seen.difference_update(subjects)
    return limits


def _hold_customers(
    cursor: Any, requests: Sequence[PublishRequest], per_customer: Mapping[str, int]
) -> dict[tuple[int, int], int]:
    pairs = {
        (request.campaign, request.customer)
        for request in requests
        if request.campaign is not None and request.customer is not None and _per_customer(request) in per_customer
    }
    if not pairs:
        return {}
    customers = [customer for _, customer in pairs]
    cursor.execute(HOLD_CUSTOMERS, [customers])
    # By a statement of its own, which sees what was committed while the other waited.
    cursor.execute(HELD, [[campaign for campaign, _ in pairs], customers])
    return {(campaign, customer): count for campaign, customer, count in cursor.fetchall()}


def _begin_day(cursor: Any, subject: str, key: int, day: date) -> int:
    kind, _, name = subject.partition(":")
    cursor.execute(BEGIN_DAY[Kind(kind)], {"id": key, "day": day, "subject": name})
    return int(cursor.fetchone()[0])


def fit(requests: Sequence[PublishRequest], limits: Limits) -> list[PublishRequest | Declined]:
    """Each as it may be given, with fewer codes where that will do; or the limit that it meets. First come, first served."""
    days = {subject: counter.most - counter.used for subject, counter in limits.days.items()}
    people = {
        (campaign, customer): limits.per_customer[subject_of(Kind.CUSTOMERS, campaign)] - count
        for (campaign, customer), count in limits.held.items()
    }
    fitted: list[PublishRequest | Declined] = []
    for request in requests:
        pair, subjects = (request.campaign, request.customer), [one for one in _subjects(request) if one in days]
        room = [(people[pair], Declined.CUSTOMER_LIMIT)] if pair in people else []  # type: ignore[index]
        room += [(days[subject], REACHED[subject.partition(":")[0]]) for subject in subjects]
        left, limit = min(room, key=lambda found: found[0], default=(request.quantity, Declined.NO_CODES))
        needed = request.quantity if request.at_least is None else request.at_least
        if left < needed:
            fitted.append(limit)
            continue
        taken = min(request.quantity, left)
        fitted.append(request._replace(quantity=taken))
        for subject in subjects:
            days[subject] -= taken
        if pair in people:
            people[pair] -= taken  # type: ignore[index]
    return fitted


def count(given: Iterable[tuple[PublishRequest, Given]], limits: Limits) -> None:
    """Raises IntegrityError where that is more than may be, which the locks rule out."""
    used: Counter[str] = Counter()
    for request, answer in given:
        used.update(dict.fromkeys((one for one in _subjects(request) if one in limits.days), answer.quantity))
    if not used:
        return
    counters = [(limits.days[subject], codes) for subject, codes in used.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT,
            {
                "ids": [counter.id for counter, _ in counters],
                "codes": [codes for _, codes in counters],
                "most": [counter.most for counter, _ in counters],
            },
        )
        if cursor.rowcount != len(counters):
            raise IntegrityError("a limit of codes a day was passed by")


REACHED: dict[str, Declined] = {
    "campaign": Declined.CAMPAIGN_LIMIT,
    "api_key": Declined.KEY_LIMIT,
    "channel": Declined.CHANNEL_LIMIT,
}


def _subjects(request: PublishRequest) -> Iterable[str]:
    if request.campaign is not None:
        yield _per_customer(request)
        yield subject_of(Kind.CAMPAIGN, request.campaign)
    if request.by.kind == "api_key" and request.by.id is not None:
        yield subject_of(Kind.API_KEY, request.by.id)
    yield subject_of(Kind.CHANNEL, request.channel)


def _per_customer(request: PublishRequest) -> str:
    return f"customers:{request.campaign}"
