"""Settles messages that may have arrived or not: a person has found out, of one or of many at once.

Which ones is decided in the statement that settles them. What a person has settled is not settled again: a second click
finds nothing left, and a sender that comes too late changes nothing (send_batch.py, RECORD).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from config.actor import Actor
from publications.distributions.actions.change_status import NotPossible, lock_for, record_of
from publications.distributions.actions.retry_failed import put_back
from publications.distributions.models import Delivery, Distribution
from publications.distributions.states import Act

State = Delivery.State
MOST_IDS = 50_000

# `<dist_….123.1@host>` of an e-mail (send_batch.py), whose last number is the attempt, or `dist_….123` of a webhook's
# message (webhook_message.py). Whatever stands around it: a line of a log, a column of a CSV file.
MESSAGE_ID = re.compile(
    r"(?<![0-9A-Za-z_])(dist_[0-9A-Za-z]{1,40})\.([0-9]{1,18})(?![0-9])(?:\.([0-9]{1,5})@)?", re.ASCII
)


class TooManyIds(ValueError):
    def __init__(self) -> None:
        super().__init__(f"A list can have at most {MOST_IDS:,} messages. Split it.")


class Named(NamedTuple):
    """A message of the distribution that a list names."""

    delivery: int
    attempt: int | None  # None: of a webhook's message, which has the same id at each attempt


class Found(NamedTuple):
    """What a list names, in numbers. `settled` could be settled now."""

    named: int
    settled: int
    not_unknown: int  # they were settled, or never unknown
    others: int  # of an earlier attempt, or of no message that there is
    foreign: int  # of other distributions


def read_ids(distribution: Distribution, text: str) -> tuple[list[Named], int]:
    """The messages of the distribution that the text names, each once; and how many ids are of others'. Raises TooManyIds."""
    own, named, foreign = distribution.public_id.lower(), dict[Named, None](), 0
    for found in MESSAGE_ID.finditer(text):
        if found[1].lower() != own:  # some logs have everything in small letters; the number says which message it is
            foreign += 1
            continue
        named[Named(int(found[2]), int(found[3]) if found[3] else None)] = None
        if len(named) > MOST_IDS:
            raise TooManyIds()
    return list(named), foreign


def unknown_of(distribution: Distribution, named: Sequence[Named] | None = None) -> QuerySet[Delivery]:
    """Its unknown messages: all, or those that a list names, each by its last attempt."""
    unknown = Delivery.objects.filter(distribution=distribution, state=State.UNKNOWN)
    if named is None:
        return unknown
    keys, attempts = [each.delivery for each in named], [each.attempt for each in named]
    meant = RawSQL(
        """SELECT d.id FROM unnest(%s::bigint[], %s::int[]) AS named (id, attempt)
             JOIN distributions_delivery d ON d.id = named.id
            WHERE named.attempt IS NULL OR named.attempt = d.attempts""",
        [keys, attempts],
    )
    return unknown.filter(pk__in=meant)


def look_up(distribution: Distribution, named: Sequence[Named], foreign: int, meant: QuerySet[Delivery]) -> Found:
    keys = list({each.delivery for each in named})
    of_it = Delivery.objects.filter(pk__in=RawSQL("SELECT unnest(%s::bigint[])", [keys]), distribution=distribution)
    settled, not_unknown = meant.count(), of_it.exclude(state=State.UNKNOWN).count()
    return Found(len(keys), settled, not_unknown, len(keys) - settled - not_unknown, foreign)


def settle_unknown(
    distribution: Distribution, meant: QuerySet[Delivery], *, as_sent: bool, until: datetime, by: Actor
) -> int:
    """How many of the meant ones it settled: they arrived (`as_sent`), or did not and are sent again, by the worker.

    `until`: what has become unknown since is left alone, for whoever decided has not seen it. Raises NotPossible, also
    where nothing is left to settle.
    """
    with transaction.atomic():
        locked = _lock(distribution) if as_sent else lock_for(distribution, Act.SEND_AGAIN)
        unknown = meant.filter(distribution=locked, state=State.UNKNOWN, state_at__lte=until)
        count = _arrived(unknown) if as_sent else put_back(unknown, locked, by=by)
        if not count:
            raise NotPossible("None of these messages is unknown any longer: they have been resolved.")
        record_of(locked, "unknown_settled", by=by, count=count, as_=_words(as_sent))
    return count


def resolve_unknown(delivery: Delivery, *, as_sent: bool, by: Actor) -> Delivery:
    """The same of one message. Raises NotPossible."""
    with transaction.atomic():
        locked = _lock(delivery.distribution) if as_sent else lock_for(delivery.distribution, Act.SEND_AGAIN)
        unknown = Delivery.objects.filter(pk=delivery.pk, state=State.UNKNOWN)
        if not (_arrived(unknown) if as_sent else put_back(unknown, locked, by=by)):
            raise NotPossible("This message is no longer unknown.")
        record_of(locked, "unknown_resolved", by=by, customer=delivery.customer.public_id, as_=_words(as_sent))
    delivery.refresh_from_db()
    return delivery


def _lock(distribution: Distribution) -> Distribution:
    """Also one that was stopped: that a message arrived remains true."""
    return Distribution.objects.select_for_update(no_key=True).get(pk=distribution.pk)


def _arrived(unknown: QuerySet[Delivery]) -> int:
    return unknown.update(state=State.SENT, reason="", detail="", state_at=Now(), claim=None, worker=None)


def _words(as_sent: bool) -> str:
    return "arrived" if as_sent else "to be sent again"
