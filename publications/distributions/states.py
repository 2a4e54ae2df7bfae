"""The states of a distribution, and which act leads from which to which: one table, for both kinds.

Everything else follows from it: the verbs (change_status.py), the buttons on the pages, the sentence with which an act is
refused, the CHECK on the status, and a trigger in the database that refuses any other change of it.
"""

from __future__ import annotations

from typing import Protocol

from django.db.models import Q, TextChoices


class HasStatus(Protocol):
    """A distribution; this file knows no model, since the model is made from it."""

    kind: str
    status: str


class Kind(TextChoices):
    MANUAL = "manual", "Manual"
    AUTOMATIC = "automatic", "Automatic"


class Status(TextChoices):
    DRAFT = "draft", "Draft"
    # A manual one:
    SCHEDULED = "scheduled", "Scheduled"  # starts at `starts_at`; until then it can be cancelled
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"  # before it started: nobody got anything
    STOPPED = "stopped", "Stopped"  # for good, midway
    # An automatic one:
    ACTIVE = "active", "Active"
    ARCHIVED = "archived", "Archived"
    # Both:
    PAUSED = "paused", "Paused"  # by staff
    # By Handout, until staff put something right; `status_reason` says what. An automatic one goes on noting for whom
    # it must fire.
    HELD = "held", "Paused by Handout"


class Act(TextChoices):
    """Each with its past participle, for people and for the audit log."""

    CHANGE = "change", "changed"
    SCHEDULE = "schedule", "scheduled"
    CANCEL = "cancel", "cancelled"
    START = "start", "started"
    ACTIVATE = "activate", "activated"
    PAUSE = "pause", "paused"
    HOLD = "hold", "paused"
    RESUME = "resume", "resumed"
    SEND_AGAIN = "send_again", "sent again"
    FINISH = "finish", "done"
    STOP = "stop", "stopped"
    ARCHIVE = "archive", "archived"


S = Status
TABLE: dict[Kind, dict[Act, dict[Status, Status]]] = {
    Kind.MANUAL: {
        Act.CHANGE: {S.DRAFT: S.DRAFT},
        Act.SCHEDULE: {S.DRAFT: S.SCHEDULED},
        Act.CANCEL: {S.SCHEDULED: S.CANCELLED},
        Act.START: {S.SCHEDULED: S.RUNNING},
        Act.PAUSE: {S.RUNNING: S.PAUSED},
        # A scheduled one where the database has lost the moments in which it may have started.
        Act.HOLD: {S.RUNNING: S.HELD, S.SCHEDULED: S.HELD},
        Act.RESUME: {S.PAUSED: S.RUNNING, S.HELD: S.RUNNING},
        # Messages that failed, or that are unknown or kept: one that was done has work again.
        Act.SEND_AGAIN: {S.RUNNING: S.RUNNING, S.PAUSED: S.PAUSED, S.HELD: S.HELD, S.DONE: S.RUNNING},
        Act.FINISH: {S.RUNNING: S.DONE},
        Act.STOP: {S.RUNNING: S.STOPPED, S.PAUSED: S.STOPPED, S.HELD: S.STOPPED},
    },
    Kind.AUTOMATIC: {
        Act.CHANGE: {S.DRAFT: S.DRAFT, S.PAUSED: S.PAUSED},
        # From here on it listens: what happened before, or while staff had paused it, is passed by.
        Act.ACTIVATE: {S.DRAFT: S.ACTIVE, S.PAUSED: S.ACTIVE},
        # Also of one that Handout has paused: only so can it be changed.
        Act.PAUSE: {S.ACTIVE: S.PAUSED, S.HELD: S.PAUSED},
        Act.HOLD: {S.ACTIVE: S.HELD},
        # It has listened all along: what waits goes on.
        Act.RESUME: {S.HELD: S.ACTIVE},
        Act.SEND_AGAIN: {S.ACTIVE: S.ACTIVE, S.PAUSED: S.PAUSED, S.HELD: S.HELD},
        Act.ARCHIVE: {S.ACTIVE: S.ARCHIVED, S.PAUSED: S.ARCHIVED, S.HELD: S.ARCHIVED},
    },
}

AT_WORK = (Status.RUNNING, Status.ACTIVE)  # the worker publishes and sends
LISTENING = (Status.ACTIVE, Status.HELD)  # an automatic one notes for whom it must fire
ENDED = (Status.DONE, Status.CANCELLED, Status.STOPPED, Status.ARCHIVED)
AT_WORK_IN_SQL = "({})".format(", ".join(f"'{status}'" for status in AT_WORK))

_INSTEAD = {
    Act.CHANGE: {S.ACTIVE: "Pause it first.", S.HELD: "Pause it first.", S.ARCHIVED: "Create a new one."},
    Act.SEND_AGAIN: {S.STOPPED: "Duplicate it instead."},
}
_WORDS = {Status.DRAFT: "a draft", Status.HELD: "paused by Handout"}


def states_of(kind: Kind) -> list[Status]:
    """In which one of this kind can be, in the order in which people read them."""
    seen = {status for moves in TABLE[kind].values() for move in moves.items() for status in move}
    order = [S.DRAFT, S.SCHEDULED, S.RUNNING, S.ACTIVE, S.PAUSED, S.HELD, S.DONE, S.CANCELLED, S.STOPPED, S.ARCHIVED]
    return [status for status in order if status in seen]


def status_of_kind() -> Q:
    """What the CHECK on the status says."""
    manual, automatic = (
        Q(kind=kind.value, status__in=[status.value for status in states_of(kind)])
        for kind in (Kind.MANUAL, Kind.AUTOMATIC)
    )
    return manual | automatic


def moves_of(act: Act) -> list[tuple[Kind, Status, Status]]:
    """(kind, from, to) of an act."""
    return [(kind, *move) for kind, acts in TABLE.items() for move in acts.get(act, {}).items()]


def acts_open_to(distribution: HasStatus) -> set[str]:
    """What may be done with it now, by its status."""
    acts = TABLE[Kind(distribution.kind)]
    return {act.value for act, froms in acts.items() if distribution.status in froms}


def why_not(distribution: HasStatus, act: Act) -> str:
    """The sentence for staff where an act is not open to it."""
    status = Status(distribution.status)
    what = "its messages" if act == Act.SEND_AGAIN else "it"
    why = f"This distribution is {_WORDS.get(status, status.label.lower())}, so {what} cannot be {act.label}."
    instead = _INSTEAD.get(act, {}).get(status)
    return f"{why} {instead}" if instead else why
