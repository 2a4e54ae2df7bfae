"""What became of one attempt to send a message, and what follows from it for its delivery and its run."""

from __future__ import annotations

from typing import NamedTuple

from publications.distributions.models import Delivery

State = Delivery.State


class Outcome(NamedTuple):
    """`state` is what the delivery becomes: SENT, FAILED (for good), UNKNOWN (it may have arrived), or PUBLISHED: it
    certainly did not arrive and may be tried again.
    """

    state: str
    reason: str = ""
    # Of PUBLISHED: was it the recipient's fault (then the attempt counts) or nobody could have been sent anything?
    rest: bool = False
    # It is for staff to mend: the run is paused with this reason.
    pause: str = ""


SENT = Outcome(State.SENT)


def failed(reason: str) -> Outcome:
    return Outcome(State.FAILED, reason)


def unknown(reason: str) -> Outcome:
    return Outcome(State.UNKNOWN, reason)


def later(reason: str) -> Outcome:
    """The receiver asked for patience with this message."""
    return Outcome(State.PUBLISHED, reason)


def away(reason: str) -> Outcome:
    """Nobody can be sent anything at the moment."""
    return Outcome(State.PUBLISHED, reason, rest=True)


def to_be_mended(reason: str) -> Outcome:
    return Outcome(State.PUBLISHED, reason, pause=reason)
