"""The limits that staff have set: so many codes a customer of a campaign; so many a day of a campaign, API key or channel.

What nobody limited is given by one statement, which itself looks that nobody did (`IS_LIMITED`, statements.py). Anything
else is given in a transaction of more steps (ADR 0046):

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

from config.staff.day_limits import TODAY
from config.staff.models import DayUse
from publications.ledger.requests import Declined, Given, PublishRequest
from publications.queries.day_use import GIVEN, OF_SUBJECT

Kind = DayUse.Kind
Subject = tuple[str, str]  # kind and id or name, as in DayUse

LIMITED_CAMPAIGN = "(k.codes_per_customer IS NOT NULL OR k.codes_per_day IS NOT NULL)"
# One look a statement: in an installation without a limit there is nothing more to ask of each request.
ANY_LIMIT = f"""((SELECT channel_limits <> '{{}}' FROM staff_projectsettings WHERE id = 1)
    OR EXISTS (SELECT FROM api_apikey WHERE codes_per_day IS NOT NULL)
    OR EXISTS (SELECT FROM campaigns_campaign k WHERE {LIMITED_CAMPAIGN}))"""  # noqa: S608 - our own constant


def is_limited(campaign: str, actor_kind: str, actor: str, channel: str) -> str:
    """As SQL: whether a limit is to be looked at for what these say."""
    return f"""({ANY_LIMIT} AND (
        EXISTS (SELECT FROM campaigns_campaign k WHERE k.id = {campaign} AND {LIMITED_CAMPAIGN})
        OR {actor_kind} = 'api_key' AND EXISTS (SELECT FROM api_apikey WHERE id = {actor} AND codes_per_day IS NOT NULL)
        OR (SELECT channel_limits FROM staff_projectsettings WHERE id = 1) ? {channel})) IS TRUE"""  # noqa: S608


LIMITED_OF = f"""
SELECT kind, subject FROM unnest(%s::text[], %s::text[]) AS asked (kind, subject)
 WHERE {ANY_LIMIT} AND CASE kind
       WHEN 'campaign' THEN EXISTS (SELECT FROM campaigns_campaign k WHERE k.id = subject::bigint AND {LIMITED_CAMPAIGN})
       WHEN 'api_key' THEN EXISTS (SELECT FROM api_apikey WHERE id = subject::bigint AND codes_per_day IS NOT NULL)
       ELSE (SELECT channel_limits FROM staff_projectsettings WHERE id = 1) ? subject END
"""  # noqa: S608 - our own constants

PER_CUSTOMER = (
    "SELECT id, codes_per_customer FROM campaigns_campaign WHERE id = ANY(%s) AND codes_per_customer IS NOT NULL"
)
HOLD_CUSTOMERS = "SELECT FROM customers_customer WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
# What a limit is, is read as the statement began; if it changed while this waited, its counter is gone, and all is asked
# again.
HOLD = f"""
WITH counters AS MATERIALIZED (
    SELECT id, kind, subject, day, used FROM staff_dayuse
     WHERE (kind, subject) IN (SELECT * FROM unnest(%(kinds)s::text[], %(subjects)s::text[]))
     ORDER BY kind, subject FOR NO KEY UPDATE
), limits AS (
    SELECT 'campaign' AS kind, id::text AS subject, codes_per_day AS most FROM campaigns_campaign
     WHERE id = ANY(%(campaigns)s) AND codes_per_day IS NOT NULL
     UNION ALL
    SELECT 'api_key', id::text, codes_per_day FROM api_apikey WHERE id = ANY(%(keys)s) AND codes_per_day IS NOT NULL
     UNION ALL
    SELECT 'channel', channel, most::int FROM staff_projectsettings, jsonb_each_text(channel_limits) AS of_channel (channel, most)
     WHERE channel = ANY(%(channels)s)
)
SELECT kind, subject, most, counters.id, counters.day, counters.used, {TODAY}
  FROM limits LEFT JOIN counters USING (kind, subject)
"""  # noqa: S608 - our own constant
PER_CUSTOMER = (
    "SELECT id, codes_per_customer FROM campaigns_campaign WHERE id = ANY(%s) AND codes_per_customer IS NOT NULL"
)
BEGIN_COUNTER = """
INSERT INTO staff_dayuse (kind, subject) SELECT * FROM unnest(%s::text[], %s::text[]) ORDER BY 1, 2
ON CONFLICT DO NOTHING
"""
# What went out today before anything was counted, counts too.
BEGIN_DAY = {
    kind: f"""UPDATE staff_dayuse SET day = %(day)s, since = clock_timestamp(),
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
UPDATE staff_dayuse u SET used = u.used + given.codes
  FROM unnest(%(ids)s::bigint[], %(codes)s::bigint[], %(most)s::bigint[]) AS given (id, codes, most)
 WHERE u.id = given.id AND u.used + given.codes <= given.most
"""

# What this process has seen a limit of. A hint: it saves a statement that would only say so.
_seen: set[Subject] = set()


def expects_limits(requests: Iterable[PublishRequest]) -> bool:
    return bool(_seen) and any(subject in _seen for request in requests for subject in _subjects(request))


def look_for_limits(requests: Iterable[PublishRequest]) -> bool:
    """Whether there is one for any of them; it is expected from then on."""
    subjects = {subject for request in requests for subject in _subjects(request)}
    with connection.cursor() as cursor:
        cursor.execute(LIMITED_OF, [[kind for kind, _ in subjects], [name for _, name in subjects]])
        found = cursor.fetchall()
    _seen.update(found)
    return bool(found)


def expect_limits(requests: Iterable[PublishRequest]) -> None:
    _seen.update(subject for request in requests for subject in _subjects(request))


class DayLimit(NamedTuple):
    """A limit a day and its counter, locked."""

    id: int
    most: int
    used: int


class Limits(NamedTuple):
    """What concerns some requests, locked until the end of the transaction."""

    days: dict[Subject, DayLimit]
    per_customer: dict[int, int]  # by campaign
    held: dict[tuple[int, int], int]  # codes, by campaign and customer

    def __bool__(self) -> bool:
        return bool(self.days or self.per_customer)


def hold(requests: Sequence[PublishRequest]) -> Limits:
    """In the caller's transaction, before any code is locked. The customers first, as by a batch of those who join once; then
    the counters."""
    subjects = sorted({subject for request in requests for subject in _subjects(request)})
    campaigns = [int(name) for kind, name in subjects if kind == Kind.CAMPAIGN]
    with connection.cursor() as cursor:
        cursor.execute(PER_CUSTOMER, [campaigns])
        per_customer = dict(cursor.fetchall())
        held = _hold_customers(cursor, requests, per_customer)
        limits = Limits(_hold_days(cursor, subjects, campaigns), per_customer, held)
    if not limits:
        _seen.difference_update(subjects)
    return limits


def _hold_customers(
    cursor: Any, requests: Sequence[PublishRequest], per_customer: Mapping[int, int]
) -> dict[tuple[int, int], int]:
    pairs = {
        (request.campaign, request.customer)
        for request in requests
        if request.campaign in per_customer and request.customer is not None
    }
    if not pairs:
        return {}
    customers = [customer for _, customer in pairs]
    cursor.execute(HOLD_CUSTOMERS, [customers])
    # By a statement of its own, which sees what was committed while the other waited.
    cursor.execute(HELD, [[campaign for campaign, _ in pairs], customers])
    return {(campaign, customer): count for campaign, customer, count in cursor.fetchall()}


def _hold_days(cursor: Any, subjects: Sequence[Subject], campaigns: Sequence[int]) -> dict[Subject, DayLimit]:
    values = {
        "kinds": [kind for kind, _ in subjects],
        "subjects": [name for _, name in subjects],
        "campaigns": campaigns,
        "keys": [int(name) for kind, name in subjects if kind == Kind.API_KEY],
        "channels": [name for kind, name in subjects if kind == Kind.CHANNEL],
    }
    while True:
        cursor.execute(HOLD, values)
        rows = cursor.fetchall()
        missing = [(kind, subject) for kind, subject, _, key, *_ in rows if key is None]
        if not missing:
            break
        cursor.execute(BEGIN_COUNTER, [[kind for kind, _ in missing], [subject for _, subject in missing]])
    return {
        (kind, subject): DayLimit(
            key,
            most,
            used if day is not None and day >= today else _begin_day(cursor, kind, subject, key, today),
        )
        for kind, subject, most, key, day, used, today in rows
    }


def _begin_day(cursor: Any, kind: str, subject: str, key: int, day: date) -> int:
    cursor.execute(BEGIN_DAY[Kind(kind)], {"id": key, "day": day, "subject": subject})
    return int(cursor.fetchone()[0])


def fit(requests: Sequence[PublishRequest], limits: Limits) -> list[PublishRequest | Declined]:
    """Each as it may be given, with fewer codes where that will do; or the limit that it meets. First come, first served."""
    days = {subject: counter.most - counter.used for subject, counter in limits.days.items()}
    people = {pair: limits.per_customer[pair[0]] - count for pair, count in limits.held.items()}
    fitted: list[PublishRequest | Declined] = []
    for request in requests:
        pair, subjects = (request.campaign, request.customer), [one for one in _subjects(request) if one in days]
        room = [(people[pair], Declined.CUSTOMER_LIMIT)] if pair in people else []  # type: ignore[index]
        room += [(days[subject], REACHED[Kind(subject[0])]) for subject in subjects]
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
    used: Counter[Subject] = Counter()
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


REACHED = {
    Kind.CAMPAIGN: Declined.CAMPAIGN_LIMIT,
    Kind.API_KEY: Declined.KEY_LIMIT,
    Kind.CHANNEL: Declined.CHANNEL_LIMIT,
}


def _subjects(request: PublishRequest) -> Iterable[Subject]:
    if request.campaign is not None:
        yield Kind.CAMPAIGN.value, str(request.campaign)
    if request.by.kind == "api_key":
        yield Kind.API_KEY.value, str(request.by.id)
    yield Kind.CHANNEL.value, request.channel
