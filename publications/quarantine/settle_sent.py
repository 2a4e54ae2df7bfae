"""Settles from a mail server's log who got a message in the lost time: nobody of them is sent another.

The Message-ID of a distribution's e-mail begins with the distribution's id and the number of the delivery (send_batch.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from django.db import transaction
from django.db.models.functions import Now

from config.actor import Actor
from config.public_ids import DISTRIBUTION, key_of
from config.staff.audit import record
from publications.distributions.models import Delivery
from publications.distributions.reasons import DeliveryReason

MESSAGE_ID = re.compile(r"\b(dist_[0-9A-Za-z]{1,40})\.([0-9]{1,18})\.[0-9]{1,5}@")
CHUNK = 5_000
State = Delivery.State


def settle_sent(lines: Iterable[str], *, by: Actor) -> int:
    """How many messages were settled. Those with a code count as sent; those without one yet are left out.

    Only waiting and unknown messages are touched; lines without one of our messages are skipped.
    """
    named = _messages(lines)
    settled = 0
    while chunk := list(islice(named, CHUNK)):
        with transaction.atomic():
            settled += _settle(chunk)
    if settled:
        record("messages.settled", by=by, count=settled)
    return settled


def _messages(lines: Iterable[str]) -> Iterator[tuple[int, int]]:
    """(distribution, delivery)"""
    for line in lines:
        for distribution, delivery in MESSAGE_ID.findall(line):
            if key := key_of(DISTRIBUTION, distribution):
                yield key, int(delivery)


def _settle(chunk: list[tuple[int, int]]) -> int:
    named = Delivery.objects.filter(pk__in=[key for _, key in chunk])
    meant = set(named.values_list("distribution_id", "pk")) & set(chunk)
    keys = [key for _, key in meant]
    sent = Delivery.objects.filter(pk__in=keys, state__in=[State.PUBLISHED, State.UNKNOWN]).update(
        state=State.SENT, reason="", detail="", next_attempt_at=None, state_at=Now()
    )
    left_out = Delivery.objects.filter(pk__in=keys, state=State.PENDING).update(
        state=State.SKIPPED, reason=DeliveryReason.GOT_IT_IN_LOST_TIME, detail="", state_at=Now()
    )
    return sent + left_out
