"""A batch of calls on the express lane, from the first look to their codes."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from itertools import zip_longest

from django.db import DatabaseError, InterfaceError, connection, transaction

from campaigns.codes.queries.find import find_campaigns
from config.api.auth import find_keys
from config.processes.buffered_wsgi import Answer, Environ
from customers.actions.upsert_many import add_customers, find_by_source_ids
from customers.models import Customer
from publications.lane.api.call import Call
from publications.ledger.give import give, give_one
from publications.ledger.requests import Codes, Declined, Given
from publications.queries import find_repeat

logger = logging.getLogger("handout.api")

MANY = 4  # calls of a campaign have a statement of their own

# What the database reports of a statement that it has undone: wrong values, broken constraints, a deadlock, a lock that
# somebody kept for too long, a refusal by a trigger. Anything else may have been said of a commit that went through.
UNDONE = ("22", "23", "40001", "40P01", "55P03", "P0001")


def serve(batch: Sequence[Environ]) -> list[Answer | None]:
    """The answer of each; None where the ordinary way has to find it."""
    calls = [_read(environ) for environ in batch]
    try:
        ready = _look_up([call for call in calls if call])
    except (DatabaseError, InterfaceError):
        # Nothing was given yet. The ordinary way meets the same trouble, or none any more, and tells it to each.
        logger.warning("The express lane leaves a batch to the ordinary way.", exc_info=True)
        connection.close()
        return [None] * len(batch)
    _give(ready)
    return [call.answer() if call else None for call in calls]


def _read(environ: Environ) -> Call | None:
    try:
        return Call(environ)
    except Exception:  # whatever is wrong with it, the ordinary way says
        return None


def _those(calls: Iterable[Call], step: Callable[[Call], object]) -> list[Call]:
    """The calls that are still on the lane after this step. One that fails does not touch its neighbours."""
    still = []
    for call in calls:
        try:
            step(call)
        except (DatabaseError, InterfaceError):
            raise
        except Exception:  # noqa: S112 - as in `_read`
            continue
        still.append(call)
    return still


def _look_up(calls: list[Call]) -> list[Call]:
    """Those that can be given a code. Repeats have their answers after this."""
    keys = find_keys(call.request for call in calls)  # anew for each batch: a revoked one is refused at once
    calls = _those(calls, lambda call: call.admit(keys))
    campaigns = find_campaigns({call.sent.campaign.name for call in calls if call.sent.campaign})
    calls = _those(calls, lambda call: call.begin(campaigns))
    # Before the customer is touched: a repeat must not update the profile, a misuse must not create one.
    calls = _without_repeats_by_source_id(calls)
    calls = _with_customers(calls)
    calls = _without_repeats_by_join_once(calls)
    return [call for call in calls if call.attempt.looks_served()]


def _without_repeats_by_source_id(calls: list[Call]) -> list[Call]:
    if source_ids := {source_id for call in calls if (source_id := call.attempt.request.source_id) is not None}:
        earlier = find_repeat.find_by_source_ids(source_ids)
        calls = _those(calls, lambda call: call.answer_as_repeat(earlier))
        calls = [call for call in calls if not call.publication]
    return list(_each_once(calls, lambda call: call.attempt.request.source_id))


def _with_customers(calls: list[Call]) -> list[Call]:
    keys = [call.key for call in calls if call.key is not None]
    source_ids = {call.source_id for call in calls if call.source_id is not None and call.key is None}
    by_key = {customer.pk: customer for customer in Customer.objects.live().filter(pk__in=keys)} if keys else {}
    by_source_id = find_by_source_ids(source_ids) if source_ids else dict[str | None, Customer]()
    new = {call.source_id: call for call in reversed(calls) if call.key is None and call.source_id not in by_source_id}
    if new:
        by_source_id |= add_customers([call.fields | {"source_id": source_id} for source_id, call in new.items()])
    # Of two calls that make the same new customer, the second one may say more of them: then it changes the profile.
    return _those(calls, lambda call: call.give_to_one_of(by_key, by_source_id))


def _without_repeats_by_join_once(calls: list[Call]) -> list[Call]:
    joins = {join for call in calls if (join := _join(call))}
    if joins:
        earlier = find_repeat.find_by_joins_once(joins)
        for call in calls:
            if (join := _join(call)) and join in earlier:
                call.publication = call.attempt.as_repeat(earlier[join])
        calls = [call for call in calls if not call.publication]
    return list(_each_once(calls, _join))


def _join(call: Call) -> tuple[int, int] | None:
    """The campaign and the customer of a call that joins once."""
    request = call.attempt.request
    return (request.campaign, request.customer) if request.join_once else None  # type: ignore[return-value]


def _each_once(calls: Iterable[Call], what: Callable[[Call], object]) -> Iterator[Call]:
    """Of those with the same the first; and all that have none."""
    seen = set()
    for call in calls:
        if (key := what(call)) is None or key not in seen:
            seen.add(key)
            yield call


def _give(calls: list[Call]) -> None:
    """Gives each its code, if there is one. All in one transaction: a single statement where all
    calls are of one campaign, or each is of another.

    Only what the database has undone for sure is tried again, each call alone, by `publish()`. Of anything else nobody
    knows whether the codes are given: those calls get the error, and may be repeated by who sent a source_id.
    """
    groups = list(_groups(calls))
    try:
        with transaction.atomic() if len(groups) > 1 else nullcontext():
            given = [
                each
                for group, codes in groups
                for each in zip(group, _give_group(group, codes, alone=len(calls) == 1), strict=True)
            ]
    except Exception as problem:
        if _is_undone(problem):
            return
        for call in calls:
            call.problem = problem
        connection.close()
        return
    for call, answer in given:
        if isinstance(answer, Given):
            call.publication = call.attempt.publication(answer)


def _groups(calls: list[Call]) -> Iterator[tuple[list[Call], Codes]]:
    """What one statement serves: 1, 2, 4 … 64 calls of one campaign, or one call each of campaigns with few calls waiting."""
    of_campaigns: dict[int, list[Call]] = defaultdict(list)
    for call in calls:
        of_campaigns[call.attempt.campaign.pk].append(call)
    few = []
    for _, group in sorted(of_campaigns.items()):
        while len(group) >= (MANY if len(of_campaigns) > 1 else 1):
            size = 1 << len(group).bit_length() - 1
            yield group[:size], Codes.NEXT
            group = group[size:]
        few.append(group)
    for each in zip_longest(*few):
        if group := [call for call in each if call]:
            yield group, Codes.NEXT_OF_EACH


def _give_group(calls: list[Call], codes: Codes, *, alone: bool) -> Sequence[Given | Declined | None]:
    requests = [call.attempt.request for call in calls]
    if alone:
        return [give_one(requests[0], Codes.NEXT, waits=False)]
    return give(requests, codes, vouchers=True, waits=False)


def _is_undone(problem: Exception) -> bool:
    state = getattr(problem.__cause__, "sqlstate", None) or ""
    return isinstance(problem, DatabaseError) and state.startswith(UNDONE)
