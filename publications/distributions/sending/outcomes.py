"""What became of one attempt to send a message, and what follows from it for its delivery and its run."""

from __future__ import annotations

from typing import NamedTuple

from publications.distributions.models import Delivery
from publications.distributions.reasons import DeliveryReason, StatusReason

State = Delivery.State


class Outcome(NamedTuple):
    """`state` is what the delivery becomes: SENT, KEPT (there is no mail server), FAILED (for good), UNKNOWN (it may have arrived), or PUBLISHED: it
    certainly did not arrive and may be tried again. `detail` is what the server answered.
    """

    state: str
    reason: DeliveryReason | None = None  # None also where the trouble is not the recipient's
    detail: str = ""
    # Of PUBLISHED: nobody could have been sent anything. The attempt does not count, and the run rests for this reason,
    rest: StatusReason | None = None
    # or is paused for it, since staff must put something right.
    pause: StatusReason | None = None

    @property
    def stops_all(self) -> bool:
        return bool(self.rest or self.pause)


SENT = Outcome(State.SENT)
KEPT = Outcome(State.KEPT)


def failed(reason: DeliveryReason, detail: str = "") -> Outcome:
    return Outcome(State.FAILED, reason, detail)


def unknown(reason: DeliveryReason, detail: str = "") -> Outcome:
    return Outcome(State.UNKNOWN, reason, detail)


def later(detail: str) -> Outcome:
    """The receiver asked for patience with this message."""
    return Outcome(State.PUBLISHED, DeliveryReason.ASKED_TO_WAIT, detail)


def away(reason: StatusReason, detail: str = "") -> Outcome:
    """Nobody can be sent anything at the moment."""
    return Outcome(State.PUBLISHED, detail=detail, rest=reason)


def to_be_mended(reason: StatusReason, detail: str = "") -> Outcome:
    return Outcome(State.PUBLISHED, detail=detail, pause=reason)
