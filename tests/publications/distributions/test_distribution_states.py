"""One table of states: every act from every status, for both kinds, by the verbs and in the database itself."""

import ast
import random
import threading
from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from config.events.models import Listener
from config.staff.models import AuditEntry
from customers.segments.actions.create_segment import create_filter_segment
from customers.segments.models import WatchedSegment
from publications.automation.actions.activate import activate, let_go_of_idle_rules
from publications.automation.actions.create_automation import change_automation
from publications.automation.models import Rule
from publications.distributions.actions import change_status
from publications.distributions.actions.change_draft import NoDraft, change_draft
from publications.distributions.actions.change_status import NotPossible, archive, hold, move, pause, resume, stop
from publications.distributions.actions.end_run import wind_up_ended
from publications.distributions.actions.retry_failed import retry_failed
from publications.distributions.actions.schedule import schedule
from publications.distributions.models import Delivery, Distribution
from publications.distributions.reasons import StatusReason
from publications.distributions.states import TABLE, Act, Kind, Status, moves_of, states_of
from tests.support.automations import automation
from tests.support.distributions import draft, put_all_into, running
from tests.support.factories import STAFF, CustomerFactory
from tests.support.root import ROOT

pytestmark = pytest.mark.django_db
EMPTY = StatusReason.POOL_EMPTY


def change(made):
    if made.kind == Kind.AUTOMATIC:
        change_automation(made, by=STAFF, name="Other")
    else:
        change_draft(made, by=STAFF, name="Other")


VERBS = {
    Act.CHANGE: change,
    Act.SCHEDULE: lambda made: schedule(made, at=None, by=STAFF),
    Act.CANCEL: lambda made: change_status.cancel(made, by=STAFF),
    Act.START: change_status.start,
    Act.ACTIVATE: lambda made: activate(made, by=STAFF),
    Act.PAUSE: lambda made: pause(made, by=STAFF),
    Act.HOLD: lambda made: hold(made, EMPTY),
    Act.RESUME: lambda made: resume(made, by=STAFF),
    Act.SEND_AGAIN: lambda made: retry_failed(made, by=STAFF),
    Act.FINISH: change_status.finish,
    Act.STOP: lambda made: stop(made, by=STAFF),
    Act.ARCHIVE: lambda made: archive(made, by=STAFF),
}


def ready(kind: Kind) -> Distribution:
    """One for which nothing but its status decides: it is complete, due, and a message of it has failed."""
    made = draft(1, codes=1) if kind == Kind.MANUAL else automation("customer_created", active=False)
    Delivery.objects.create(distribution=made, customer=CustomerFactory(), state="failed", reason="refused")
    return made


def put_into(made: Distribution, status: Status) -> Distribution:
    past = timezone.now() - timedelta(minutes=1)
    put_all_into(status.value, status_reason="pool_empty" if status == Status.HELD else "", starts_at=past)
    Delivery.objects.update(state="failed", reason="refused")
    made.refresh_from_db()
    return made


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("kind", Kind)
def test_every_act_from_every_status(kind, act):
    made = ready(kind)
    table = TABLE[kind].get(act, {})

    for status in states_of(kind):
        put_into(made, status)
        try:
            with transaction.atomic():
                done = VERBS[act](made) is not False
        except (NotPossible, NoDraft) as refused:
            done = False
            assert str(refused).startswith("This distribution is ")
        became = Distribution.objects.get(pk=made.pk).status

        assert (status, done, became) == (status, status in table, table.get(status, status))


@pytest.mark.parametrize(
    ("kind", "status", "act", "sentence"),
    [
        ("manual", "draft", "cancel", "This distribution is a draft, so it cannot be cancelled."),
        ("manual", "held", "pause", "This distribution is paused by Handout, so it cannot be paused."),
        ("manual", "running", "archive", "This distribution is running, so it cannot be archived."),
        (
            *("manual", "stopped", "send_again"),
            "This distribution is stopped, so its messages cannot be sent again. Duplicate it instead.",
        ),
        ("automatic", "active", "change", "This distribution is active, so it cannot be changed. Pause it first."),
        ("automatic", "archived", "resume", "This distribution is archived, so it cannot be resumed."),
        ("automatic", "paused", "stop", "This distribution is paused, so it cannot be stopped."),
    ],
)
def test_the_sentence_says_in_which_status_it_is_and_what_to_do(kind, status, act, sentence):
    made = put_into(ready(Kind(kind)), Status(status))

    with pytest.raises(NotPossible) as refused:
        VERBS[Act(act)](made)

    assert str(refused.value) == sentence


def test_one_that_was_deleted_meanwhile():
    made = draft()
    Distribution.objects.all().delete()

    with pytest.raises(NotPossible, match="no longer exists"):
        pause(made, by=STAFF)


@pytest.mark.parametrize("kind", Kind)
def test_the_database_knows_the_same_table(kind):
    made = ready(kind)
    allowed = {(old, new) for moves in TABLE[kind].values() for old, new in moves.items()}

    for old in states_of(kind):
        for new in Status:
            put_into(made, old)
            reason = "pool_empty" if new == Status.HELD else ""
            try:
                with transaction.atomic():
                    Distribution.objects.update(status=new, status_reason=reason)
                taken = True
            except IntegrityError:
                taken = False

            assert (old, new, taken) == (old, new, old == new or (old, new) in allowed)


def test_a_distribution_stays_of_its_kind():
    draft()

    with pytest.raises(IntegrityError, match="is manual and draft: it does not become automatic and draft"):
        Distribution.objects.update(kind="automatic")


@pytest.mark.parametrize(
    ("status", "reason", "taken"),
    [
        *(("held", "pool_empty", True), ("held", "", False), ("paused", "", True), ("paused", "pool_empty", False)),
        *(("running", "server_away", True), ("running", "", True), ("done", "server_away", False)),
    ],
)
def test_who_is_held_has_a_reason_and_only_who_is_at_work_may_have_one_besides(status, reason, taken):
    try:
        with transaction.atomic():
            Distribution.objects.create(
                name="x", kind="manual", status=status, status_reason=reason, subject="x", body="x"
            )
    except IntegrityError as refused:
        assert "distribution_reason_of_status" in str(refused)
        assert not taken
    else:
        assert taken


@pytest.mark.parametrize(("kind", "status"), [("manual", "active"), ("automatic", "running"), ("automatic", "done")])
def test_each_kind_has_statuses_of_its_own(kind, status):
    with pytest.raises(IntegrityError, match="distribution_status_of_kind"):
        Distribution.objects.create(name="x", kind=kind, status=status, subject="x", body="x")


def test_the_status_is_written_in_one_place():
    """By keyword, by attribute or in SQL, in the rooms that work with distributions; its first status aside."""
    folders = [ROOT / "publications" / name for name in ("distributions", "automation", "referrals", "quarantine")]
    files = [path for folder in folders for path in folder.rglob("*.py") if path.name != "change_status.py"]
    guilty = [path.name for path in files if any(map(writes_status, ast.walk(ast.parse(path.read_text()))))]

    assert len(files) > 40
    assert guilty == []
    written = ast.walk(ast.parse("runs.update(status=1); run.status = 1; x = 'UPDATE t SET status = 1'"))
    assert sum(map(writes_status, written)) == 3


def writes_status(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr="update"), keywords=keywords):
            return any(keyword.arg == "status" for keyword in keywords)
        case ast.Assign(targets=[ast.Attribute(attr="status")]):
            return True
        case ast.Constant(value=str(text)):
            return "SET status =" in text
    return False


def at_once(*steps):
    """Each in a thread of its own; raises what one of them raised."""
    problems, start = [], threading.Barrier(len(steps))

    def run(step):
        try:
            start.wait(60)
            step()
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[step]) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if problems:
        raise problems[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("made", "acts"),
    [
        (lambda: running(1, codes=1), [Act.PAUSE, Act.HOLD, Act.RESUME, Act.FINISH, Act.SEND_AGAIN]),
        (lambda: automation("customer_created"), [Act.PAUSE, Act.HOLD, Act.RESUME, Act.ACTIVATE]),
    ],
    ids=["manual", "automatic"],
)
def test_whatever_many_do_at_once_each_act_followed_the_one_before(made, acts):
    """The audit log, which is written under the lock of the row, tells in which order they came."""
    run, done = made(), []
    Delivery.objects.create(distribution=run, customer=CustomerFactory(), state="failed", reason="refused")
    first = AuditEntry.objects.order_by("-pk").first().pk

    def work(dice, most=500):
        tried = 0
        # Which of them are refused depends on who comes first: until each was done at least once.
        while (tried := tried + 1) <= 25 or (set(done) != set(acts) and tried < most):
            act = dice.choice(acts)
            try:
                if act == Act.SEND_AGAIN:
                    Delivery.objects.update(state="failed", reason="refused")
                if VERBS[act](run) is not False:
                    done.append(act)
            except NotPossible:
                pass

    at_once(*(partial(work, random.Random(number)) for number in range(6)))

    names = {
        "resumed": Act.RESUME, "done": Act.FINISH, "failed_retried": Act.SEND_AGAIN, "activated": Act.ACTIVATE
    }  # fmt: skip
    status, path = Status(run.status), []
    for entry in AuditEntry.objects.filter(object_id=run.public_id, pk__gt=first).order_by("pk"):
        name = entry.action.removeprefix("distribution.")
        act = names.get(name) or (Act.PAUSE if entry.actor_label == STAFF.label else Act.HOLD)
        status = TABLE[Kind(run.kind)][act][status]
        path.append(act)
    assert sorted(path) == sorted(done)
    assert len(set(path)) == len(acts)
    assert Distribution.objects.get().status == status


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("status", "one", "other"),
    [
        (Status.SCHEDULED, Act.CANCEL, Act.START),
        (Status.RUNNING, Act.STOP, Act.FINISH),
        (Status.RUNNING, Act.PAUSE, Act.PAUSE),
        (Status.HELD, Act.RESUME, Act.RESUME),
        (Status.DRAFT, Act.SCHEDULE, Act.SCHEDULE),
    ],
)
def test_of_two_that_exclude_each_other_one_happens(status, one, other):
    made = ready(Kind.MANUAL)
    for _ in range(5):
        put_into(made, status)
        outcomes = []

        def attempt(act, outcomes=outcomes):
            try:
                outcomes.append((VERBS[act](made) is not False, act))
            except NotPossible:
                outcomes.append((False, act))

        at_once(lambda: attempt(one), lambda: attempt(other))

        ((_, won),) = [outcome for outcome in outcomes if outcome[0]]
        assert Distribution.objects.get().status == TABLE[Kind.MANUAL][won][status]


def test_what_an_idle_rule_listened_to_is_let_go_of():
    segment = create_filter_segment("Readers", {"created_at": {"conditions": {"$has_value": ""}}}, by=STAFF)
    entering = automation("segment_entered", segment=segment, with_those_in_it=True)
    timed = automation("schedule", segment=segment, cron="0 9 * * *")
    created, held = automation("customer_created"), automation("code_redeemed")
    assert let_go_of_idle_rules() == 0
    pause(entering, by=STAFF)
    archive(timed, by=STAFF)
    pause(created, by=STAFF)
    hold(held, EMPTY)

    assert (let_go_of_idle_rules(), let_go_of_idle_rules()) == (3, 0)

    assert list(Listener.objects.values_list("owner", flat=True)) == [held.rule.owner]
    assert not WatchedSegment.objects.exists()
    assert not Rule.objects.exclude(walk="", next_run_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_one_that_is_activated_while_the_worker_lets_go_listens():
    segment = create_filter_segment("Readers", {"created_at": {"conditions": {"$has_value": ""}}}, by=STAFF)
    rule = automation("segment_entered", segment=segment)

    for _ in range(8):
        pause(rule, by=STAFF)
        at_once(lambda: activate(rule, by=STAFF), let_go_of_idle_rules, let_go_of_idle_rules)

        assert list(Listener.objects.values_list("owner", flat=True)) == [rule.rule.owner]
        assert WatchedSegment.objects.count() == 1


def test_who_came_while_it_was_archived_is_left_out_too():
    rule = automation("customer_created")
    archive(rule, by=STAFF)
    late = Delivery.objects.create(distribution=rule, customer=CustomerFactory())

    wind_up_ended()

    late.refresh_from_db()
    assert (late.state, late.reason) == ("skipped", "archived")


def test_an_act_writes_what_belongs_to_the_status():
    run = running(1, codes=1)
    hold(run, EMPTY, "none")
    held = Distribution.objects.get()
    Distribution.objects.update(rests=3, unknowns=9, rests_until=timezone.now())
    going = resume(run, by=STAFF)
    ended = move(run, Act.STOP, by=STAFF)

    assert (held.status_reason, held.status_detail, held.paused_by_handout) == ("pool_empty", "none", True)
    assert (going.status_reason, going.status_detail, going.rests, going.unknowns) == ("", "", 0, 0)
    assert (going.rests_until, going.finished_at, ended.finished_at is not None) == (None, None, True)
    assert going.started_at == held.started_at
    assert moves_of(Act.FINISH) == [(Kind.MANUAL, Status.RUNNING, Status.DONE)]
