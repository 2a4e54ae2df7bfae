"""Passes events on to all who are to be told: webhooks, referrals, rules."""

from __future__ import annotations

from functools import partial

from config.events.drain import Consumer, drain
from config.staff.quarantine import IS_OPEN
from publications.automation.actions.fire_rules import fire_rules
from publications.distributions.event_answers import READERS
from publications.referrals.actions.convert import convert
from publications.webhooks.actions.write_deliveries import write_deliveries

CONSUMERS: tuple[Consumer, ...] = (partial(write_deliveries, more=READERS), convert, fire_rules)


def drain_outbox() -> int:
    """How many events were passed on. In a quarantine all of them wait."""
    return drain(CONSUMERS, unless=IS_OPEN)
