"""Sends the messages that are due, each at most once.

    delivery: published -> sending     committed before anything is said to the mail server
              sending   -> sent        it has taken the message
                        -> published   it certainly has not: later once more, after a growing pause
                        -> failed      for good: it refused, or all attempts were in vain
                        -> unknown     the connection died when it may have had it all
                        -> kept        there is no mail server, so it stays here

Killed before `sending` is committed, nothing was sent. Killed after it, the delivery stays `sending` and becomes
`unknown` (declare_unknown.py): a person decides, nothing is ever sent twice on its own. A message is claimed for a
connection that is free, and no other before that one is done, so that a crash leaves one unknown message for each. After
a few unknown ones in a row the run rests, and after some more it is paused: a server that always dies at the end would
otherwise make everybody's unknown.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

from django.db.models import F, Q
from django.db.models.functions import Now

from config.staff.models import ProjectSettings
from publications.distributions.actions.change_status import hold
from publications.distributions.models import Delivery, Distribution
from publications.distributions.queries.check_worth import why_nothing_can_be_sent
from publications.distributions.reasons import StatusReason
from publications.distributions.sending.claims import Claim, Done, claim, count_unknown, record
from publications.distributions.sending.connections import Connections
from publications.distributions.sending.due import Due, find_due
from publications.distributions.sending.grant_emails import grant_emails
from publications.distributions.sending.hand_over import MailServer
from publications.distributions.sending.outcomes import Outcome, away, to_be_mended
from publications.distributions.sending.write_message import write_message

# When nobody can be sent anything. No attempt is counted for that.
RESTS = [timedelta(seconds=seconds) for seconds in (5, 10, 30, 60, 120, 300)]
RESTS_AFTER, PAUSES_AFTER = 3, 10  # unknown messages in a row

State = Delivery.State


class _Written(NamedTuple):
    due: Due
    attempt: int
    email: str
    hand_over: Callable[[MailServer], Outcome]


def send_batch(
    distribution: Distribution,
    connections: Connections,
    *,
    share: int = 0,
    of: int = 1,
    stopping: Callable[[], bool] = lambda: False,
    worker: int | None = None,
) -> int:
    """How many messages were tried; 0 where none is due, or none may be sent now. Once `stopping`, none is claimed, and
    what is on its way is waited for.

    Several may send for one run: each begins with its own share of the deliveries, so that they do not ask for the
    same ones, and helps with the others when it is done. `worker`: by whose sign of life it is told whether we live.
    """
    if distribution.message == Distribution.Message.NONE:
        return 0
    by_email = distribution.message == Distribution.Message.EMAIL
    due = find_due(distribution, share=share, of=of)
    if not due:
        return 0
    if trouble := _trouble(distribution, connections.first if by_email else None):
        _settle_trouble(distribution, trouble)
        return 0
    allowed = grant_emails(len(due)) if by_email else len(due)
    batch = _Batch(distribution, connections, due, allowed=allowed, worker=worker)
    while batch.goes_on(stopping):
        batch.send_to_free()
        batch.write_ahead()
        batch.settle_done()
    return batch.tried


class _Batch:
    """The deliveries of one look, on their way through the connections."""

    def __init__(
        self, distribution: Distribution, connections: Connections, due: list[Due], *, allowed: int, worker: int | None
    ) -> None:
        self.distribution, self.connections = distribution, connections
        self.allowed, self.worker = allowed, worker
        self.tried = 0
        self._written = self._write_all(due)
        self._ready: deque[_Written] = deque()
        self._claims: dict[int, Claim] = {}  # on their way
        self._trouble = False
        # Messages that are kept are rows, and no thread but ours has the database.
        self._here = distribution.message == Distribution.Message.EMAIL and not connections.first.by_smtp

    def goes_on(self, stopping: Callable[[], bool]) -> bool:
        if self._trouble or self.tried >= self.allowed or stopping():
            self._ready.clear()
            self._written = iter(())
        elif not self._ready:
            self.write_ahead(at_least=1)
        return bool(self._ready or self._claims)

    def send_to_free(self) -> None:
        """Claims a message for each connection that is free."""
        count = min(self.connections.free, len(self._ready), self.allowed - self.tried)
        chosen = [self._ready.popleft() for _ in range(count)]
        if not chosen:
            return
        claims = claim([written.due.delivery for written in chosen], self.worker)
        for written in chosen:
            if claimed := claims.get(written.due.delivery.pk):
                self.tried += 1
                self._claims[claimed.delivery] = claimed
                step = self._as_claimed(written, claimed).hand_over
                self.connections.hand_over(claimed.delivery, step, here=self._here)

    def write_ahead(self, at_least: int = 0) -> None:
        """As many as there are connections, as long as none of these waits for us."""
        while len(self._ready) < max(at_least, 0 if self.connections.waits else self.connections.count):
            if not (written := next(self._written, None)):
                return
            self._ready.append(written)

    def settle_done(self) -> None:
        """Records what became of the messages that are done, and what follows from it for the run."""
        if not self._claims:
            return
        run = self.distribution
        done = []
        for key, outcome in self.connections.done():
            # The first to meet a server that hangs up may be the cause: the others go first, and its attempt counts. Of
            # those behind it, none does: the server does the same to all.
            blamed = outcome.rest == StatusReason.SERVER_HANGS_UP and not run.rests
            done.append(Done(self._claims.pop(key), outcome, blamed or not outcome.stops_all))
        unknowns = record(done) or 0
        for _, outcome, _ in done:
            if trouble := _trouble_of(run, outcome):
                if not self._trouble:
                    _settle_trouble(run, trouble)
                self._trouble = True
            elif outcome.state == State.UNKNOWN:
                unknowns += 1
            elif outcome.state in (State.SENT, State.KEPT) and (unknowns or run.rests) and not self._trouble:
                _went_well(run)
                unknowns = run.rests = 0

    def _write_all(self, due: list[Due]) -> Iterator[_Written]:
        """Each before it is claimed: who is killed while writing has claimed nothing, and leaves nothing unknown."""
        project = ProjectSettings.current()
        by_email = self.distribution.message == Distribution.Message.EMAIL
        for each in due:
            attempt = each.delivery.attempts + 1
            hand_over = write_message(self.distribution, each, attempt=attempt, project=project)
            yield _Written(each, attempt, each.customer.email if by_email else "", hand_over)

    def _as_claimed(self, written: _Written, claimed: Claim) -> _Written:
        """Written anew where the address was changed a moment ago."""
        if (claimed.attempts, claimed.email) == (written.attempt, written.email):
            return written
        written.due.customer.email = claimed.email
        project = ProjectSettings.current()
        anew = write_message(self.distribution, written.due, attempt=claimed.attempts, project=project)
        return _Written(written.due, claimed.attempts, claimed.email, anew)


def _trouble(distribution: Distribution, server: MailServer | None) -> Outcome | None:
    """Why nothing can be sent to anybody, before a message is claimed."""
    if dead := why_nothing_can_be_sent(distribution):
        return to_be_mended(dead)
    if server is not None:
        return server.ready()
    address = distribution.webhook
    return None if address and not address.deleted_at else to_be_mended(StatusReason.WEBHOOK_DELETED)


def _trouble_of(distribution: Distribution, outcome: Outcome) -> Outcome | None:
    """What an attempt tells of those to come; None where they may go on."""
    if outcome.state != State.UNKNOWN:
        return outcome if outcome.stops_all else None
    in_a_row = count_unknown(distribution.pk)
    if in_a_row is None or in_a_row < RESTS_AFTER:
        return None
    if in_a_row < PAUSES_AFTER:
        return away(StatusReason.ANSWERS_LOST, outcome.detail)
    return to_be_mended(StatusReason.UNKNOWN_IN_A_ROW, outcome.detail)


def _settle_trouble(distribution: Distribution, trouble: Outcome) -> None:
    """The run rests, each time longer, or is paused for staff to put something right."""
    if trouble.pause:
        hold(distribution, trouble.pause, trouble.detail)
        return
    # Of several senders who meet the same trouble one makes the run rest.
    rest = RESTS[min(distribution.rests, len(RESTS) - 1)]
    at_work = Distribution.objects.at_work().filter(pk=distribution.pk)
    at_work.filter(Q(rests_until=None) | Q(rests_until__lte=Now())).update(
        rests=F("rests") + 1, rests_until=Now() + rest, status_reason=trouble.rest, status_detail=trouble.detail
    )


def _went_well(distribution: Distribution) -> None:
    Distribution.objects.at_work().filter(Q(rests__gt=0) | Q(unknowns__gt=0), pk=distribution.pk).update(
        rests=0, rests_until=None, unknowns=0, status_reason="", status_detail=""
    )
