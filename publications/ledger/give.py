"""Gives out codes. One statement decides (statements.py); this module fills it in and reads its result."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from publications.ledger.limits import count, expects_limits, fit, hold, look_for_limits
from publications.ledger.requests import Codes, Declined, Given, LimitReached, PublishRequest
from publications.ledger.statements import ONE_CODE, ONE_CODE_AT_ONCE, ONE_CODE_WITHIN_LIMITS, VOUCHER, several
from publications.tallies.count_more_codes import count_more_codes

AT_ONCE = 1_000  # requests in a statement: the texts of its codes are found by walking along an array of them
MOST_OF_EACH = 64  # stands in the text of that statement, for the planner

# campaign id -> the highest voucher id that this process took from its pool. Looking only above it spares the
# statement the dead index entries of all that was taken before. A hint: too high, and the second look starts at 0.
_taken_up_to: dict[int, int] = {}


def give_one(request: PublishRequest, codes: Codes, *, waits: bool = True) -> Given | None:
    """`give` for one code to one customer, the call that has to be fast: in one round trip, with its voucher.

    None: it was declined. Why is not told, since only that would cost more than the statement itself. Without `waits`
    (of the pool's next) a customer who is just being erased counts as gone, and nothing is given that has a limit. Raises
    LimitReached.
    """
    if not waits:
        return _one(request, codes, ONE_CODE_AT_ONCE)
    if not expects_limits([request]):
        if given := _one(request, codes, ONE_CODE[codes]):
            return given
        if not look_for_limits([request]):
            return None
    with transaction.atomic():
        limits = hold([request])
        if not limits:
            return _one(request, codes, ONE_CODE[codes])
        (fitted,) = fit([request], limits)
        if isinstance(fitted, Declined):
            raise LimitReached(fitted)
        if given := _one(request, codes, ONE_CODE_WITHIN_LIMITS[codes]):
            count([(request, given)], limits)
        return given


def _one(request: PublishRequest, codes: Codes, statement: str) -> Given | None:
    values: dict[str, Any] = {
        "campaign": request.campaign,
        "voucher": request.vouchers[0] if request.vouchers else None,
        "customer": request.customer,
        "moment": request.moment,
        "channel": request.channel,
        "origin": request.origin,
        "source_id": request.source_id,
        "request_hash": request.request_hash,
        "metadata": Jsonb(request.metadata) if request.metadata else None,
        "join_once": request.join_once,
        "actor_kind": request.by.kind,
        "actor_id": request.by.id,
        "actor_label": request.by.label,
        "activity": request.activity,
    }
    for after in _starts(request.campaign, codes):
        with connection.cursor() as cursor:
            cursor.execute(statement, {**values, "after": after})
            row = cursor.fetchone()
        if row:
            voucher = VOUCHER.instance(row[2:])
            if codes is Codes.NEXT and request.campaign is not None:
                _taken_up_to[request.campaign] = voucher.pk
            return Given(row[0], row[1], 1, [voucher])
    return None


def give(
    requests: Sequence[PublishRequest],
    codes: Codes,
    *,
    noted: bool = True,
    vouchers: bool = False,
    only_active: bool = False,
    into: int | None = None,
    waits: bool = True,
    below: int | None = None,
) -> list[Given | Declined]:
    """For each request, in this order, its publication, or why there is none.

    Of the pool's codes, those of the first request's campaign, whoever comes first is served first. `noted`: webhooks and
    rules are told. `vouchers`: the answer has them. `only_active`: none of a disabled campaign, whatever the settings say.
    `into`: the one request adds to this publication instead of making one. `below`: the border of a reservation, whose taker
    asks (campaigns/codes/actions/reserve_codes.py). NEXT_OF_EACH takes at most 64 requests, with `vouchers`. More than 1,000
    requests take several statements: call it in a transaction. Raises IntegrityError where two requests name the same voucher.

    Without `waits`, whoever somebody else is at is declined, and whoever there is a limit for (LIMITED); where that cannot be
    told the statement fails after a moment (OperationalError, 55P03). How many codes it takes stands in its text: ask for few
    different numbers.
    """
    how: dict[str, Any] = {
        "noted": noted,
        "vouchers": vouchers,
        "only_active": only_active,
        "into": into,
        "waits": waits,
        "below": below,
    }
    # In a transaction a limit is looked for first: else the codes were locked before the counters, out of order.
    looks = waits and codes is not Codes.PAST
    if looks and (expects_limits(requests) or (connection.in_atomic_block and look_for_limits(requests))):
        return _within_limits(requests, codes, **how)
    answers = _several(requests, codes, **how)
    limited = [place for place, answer in enumerate(answers) if answer is Declined.LIMITED]
    if waits and limited:
        again = _within_limits([requests[place] for place in limited], codes, **how)
        for place, answer in zip(limited, again, strict=True):
            answers[place] = answer
    return answers


def _within_limits(requests: Sequence[PublishRequest], codes: Codes, **how: Any) -> list[Given | Declined]:
    """In one transaction, since the limits are held from when they are looked at until the codes are given."""
    with transaction.atomic():
        limits = hold(requests)
        if not limits:
            return give(requests, codes, **how)
        fitted = fit(requests, limits)
        asked = [request for request in fitted if isinstance(request, PublishRequest)]
        given = iter(_several(asked, codes, within_limits=True, **how))
        answers = [next(given) if isinstance(request, PublishRequest) else request for request in fitted]
        count(
            ((request, answer) for request, answer in zip(requests, answers, strict=True) if isinstance(answer, Given)),
            limits,
        )
    return answers


def _several(
    requests: Sequence[PublishRequest],
    codes: Codes,
    *,
    noted: bool,
    vouchers: bool,
    only_active: bool,
    into: int | None,
    waits: bool,
    below: int | None,
    within_limits: bool = False,
) -> list[Given | Declined]:
    answers: list[Given | Declined] = []
    todo = iter(requests)
    while part := list(islice(todo, AT_ONCE)):
        rows: list[tuple] = []
        values = _values(part) | {"publication": into, "below": below}
        statement = several(
            codes, only_active=only_active, noted=noted, grows=into is not None, vouchers=vouchers, waits=waits,
            within_limits=within_limits, limit=_limit(codes, values["codes"], waits=waits), reserved=below is not None,
        )  # fmt: skip
        for after in _starts(part[0].campaign, codes):
            with connection.cursor() as cursor:
                cursor.execute(statement, {**values, "after": after})
                rows = cursor.fetchall()
            up_to = rows[0][0]
            if up_to is not None:
                break
        given = list(_answers(rows))
        _note_taken(part, codes, given, up_to)
        answers += given
    if into is not None:
        for answer in answers:
            if isinstance(answer, Given):
                count_more_codes(into, codes=answer.quantity)
    return answers


def _starts(campaign: int | None, codes: Codes) -> Iterator[int]:
    """Where to look for the pool's next codes: above the hint, and if there is nothing, from the start."""
    if codes is Codes.NEXT and campaign is not None and (hint := _taken_up_to.get(campaign, 0)):
        yield hint
    yield 0


def _limit(codes: Codes, count: int, *, waits: bool) -> str:
    """How many codes at most, as the statement says it."""
    if codes is Codes.NEXT_OF_EACH:
        return str(MOST_OF_EACH)
    return "%(codes)s" if waits else str(count)


def _note_taken(
    requests: Sequence[PublishRequest], codes: Codes, answers: Sequence[Given | Declined], up_to: int | None
) -> None:
    if codes is Codes.NEXT_OF_EACH:
        for request, answer in zip(requests, answers, strict=True):
            if isinstance(answer, Given) and request.campaign is not None:
                _taken_up_to[request.campaign] = answer.vouchers[0].pk
    elif codes in (Codes.NEXT, Codes.NEXT_FOR_SURE) and up_to is not None and requests[0].campaign is not None:
        _taken_up_to[requests[0].campaign] = up_to


def _values(requests: Sequence[PublishRequest]) -> dict[str, Any]:
    last = list(accumulate(request.quantity for request in requests))
    rows = [
        {
            "n": n,
            "first_code": last[n] - request.quantity + 1,
            "last_code": last[n],
            "at_least": request.at_least,
            "moment": request.moment and request.moment.isoformat(),
            "campaign_id": request.campaign,
            "customer_id": request.customer,
            "channel": request.channel,
            "origin": request.origin,
            "source_id": request.source_id,
            "request_hash": None if request.request_hash is None else f"\\x{request.request_hash.hex()}",
            "metadata": request.metadata or None,
            "joins_once": request.join_once or None,
            "actor_kind": request.by.kind,
            "actor_id": request.by.id,
            "actor_label": request.by.label,
            "activity": request.activity,
        }
        for n, request in enumerate(requests)
    ]
    # What is not there is null, too, and costs less to write and to read.
    told = [{key: value for key, value in row.items() if value is not None} for row in rows]
    return {
        "requests": json.dumps(told),
        "campaign": requests[0].campaign,
        "campaigns": [request.campaign for request in requests],
        "after_each": [_taken_up_to.get(request.campaign or 0, 0) for request in requests],
        "codes": last[-1],
        "vouchers": [voucher for request in requests for voucher in request.vouchers],
    }


def _answers(rows: Sequence[tuple]) -> Iterator[Given | Declined]:
    """A request has one row, or one for each of its vouchers."""
    answers: dict[int, Given | Declined] = {}
    for _, n, key, created_at, quantity, declined, *of_voucher in rows:
        if declined:
            answers[n] = Declined[declined]
            continue
        given = answers.setdefault(n, Given(key, created_at, quantity, []))
        if of_voucher and isinstance(given, Given):
            given.vouchers.append(VOUCHER.instance(of_voucher[1:]))
    for n in sorted(answers):
        answer = answers[n]
        if isinstance(answer, Given):
            answer.vouchers.sort(key=lambda voucher: voucher.pk)
        yield answer
