"""Carries a recall out in the background, a batch of codes in each transaction.

A batch is a row: it is deleted, what became of each of its codes is written, and the recall's counts go up, in the
transaction that acts on the codes. So whatever is killed, each code is dealt with once. What stands in the way is asked
again under the codes' locks: one that was redeemed since the dry run is left out, and listed.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from config.postgres.deadlocks import again_after_a_deadlock
from config.staff.audit import record
from publications.actions.quarantine_guard import keep_quarantine_away
from publications.ledger.take_back import LOCK_PUBLICATIONS
from publications.recalls.actions.acts import Judged, by_of, change, retire
from publications.recalls.actions.replace import replace
from publications.recalls.judge import judged, values_of
from publications.recalls.models import Act, Outcome, Recall, RecallBatch
from publications.refusals import Quarantined

Status = Recall.Status

CHOSEN = "SELECT unnest(%(vouchers)s::bigint[]) AS id"
# In the order of everybody: customers, publications, codes.
LOCK_CUSTOMERS = "SELECT FROM customers_customer WHERE id = ANY(%(holders)s) ORDER BY id FOR KEY SHARE"
LOCK_CODES = "SELECT FROM codes_voucher WHERE id = ANY(%(vouchers)s) ORDER BY id FOR NO KEY UPDATE"
WRITE = """
INSERT INTO recalls_recalledcode (recall_id, voucher_id, outcome, publication_id)
SELECT %(recall)s, * FROM unnest(%(vouchers)s::bigint[], %(outcomes)s::text[], %(publications)s::bigint[])
"""


class _Moved(Exception):
    """A code was published while its lock was waited for: the batch begins again, with that publication."""


def carry_out(recall_id: int) -> None:
    """Brings a recall to its end. May be run again at any time, and by several at once, who take turns.

    Raises OperationalError and InterfaceError where the database went away: then it is to be run again.
    """
    waiting = Recall.objects.filter(pk=recall_id, status__in=[Status.QUEUED, Status.RUNNING])
    if not waiting.update(status=Status.RUNNING, started_at=Coalesce("started_at", Now())):
        return
    try:
        while again_after_a_deadlock(lambda: _next_batch(recall_id)):
            pass
    except Quarantined as held:
        _fail(recall_id, f"{held.details} Continue then.")
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        _fail(recall_id, "It stopped because of an unexpected error; see the server’s log. Nothing is lost: continue.")
        raise


def _next_batch(recall_id: int) -> bool:
    """One transaction; False where nothing is left to do, or somebody has stopped it."""
    try:
        with transaction.atomic():
            if Recall.objects.filter(pk=recall_id, act=Act.REPLACE).exists():
                keep_quarantine_away()
            recall = Recall.objects.select_for_update(of=("self",)).filter(pk=recall_id, status=Status.RUNNING).first()
            if recall is None:
                return False
            if batch := recall.batches.order_by("number").first():
                _deal_with(recall, batch)
                return True
            _end(recall)
            return False
    except _Moved:
        return True


def _deal_with(recall: Recall, batch: RecallBatch) -> None:
    codes = _judge_under_locks(recall, batch.vouchers)
    good = [code for code in codes if code.outcome == Outcome.DONE]
    became: dict[int, tuple[Outcome, int | None]] = {}
    if recall.act == Act.REPLACE:
        became = replace(recall, good)
    elif recall.act == Act.RETIRE:
        retire(recall, good)
    else:
        change(recall, good)
    told = [(code.voucher, *became.get(code.voucher or 0, (code.outcome, None))) for code in codes]
    vouchers, outcomes, publications = map(list, zip(*told, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE,
            {
                "recall": recall.pk,
                "vouchers": vouchers,
                "outcomes": [str(outcome) for outcome in outcomes],
                "publications": publications,
            },
        )
    batch.delete()
    Recall.objects.filter(pk=recall.pk).update(
        done=F("done") + len(told), changed=F("changed") + outcomes.count(Outcome.DONE)
    )


def _judge_under_locks(recall: Recall, vouchers: Sequence[int]) -> list[Judged]:
    values = {"vouchers": list(vouchers), **values_of(recall)}
    locked: set[int] = set()
    with connection.cursor() as cursor:
        if recall.act in (Act.RETIRE, Act.REPLACE):
            before = _judge(recall, values)
            locked = {code.publication for code in before if code.publication}
            if recall.act == Act.REPLACE:
                cursor.execute(LOCK_CUSTOMERS, {"holders": [code.holder for code in before if code.holder]})
            cursor.execute(LOCK_PUBLICATIONS, {"publications": list(locked)})
        cursor.execute(LOCK_CODES, values)
    codes = _judge(recall, values)  # by a statement of its own: it sees what whoever held the locks has done
    if recall.act in (Act.RETIRE, Act.REPLACE) and {code.publication for code in codes if code.publication} - locked:
        raise _Moved
    return codes


def _judge(recall: Recall, values: dict) -> list[Judged]:
    with connection.cursor() as cursor:
        cursor.execute(judged(recall.act, chosen=CHOSEN), values)
        # In the order of their keys: where a pool has too few new codes, that order says who gets one.
        return sorted((Judged(*row) for row in cursor.fetchall()), key=lambda code: code.voucher or 0)


def _end(recall: Recall) -> None:
    recall.status, recall.finished_at = Status.DONE, Now()
    recall.save(update_fields=["status", "finished_at"])
    record(
        "recall.done", by=by_of(recall), object_id=recall.public_id, object_label=str(recall),
        changed=recall.changed, left_out=recall.left_out,
    )  # fmt: skip


def _fail(recall_id: int, error: str) -> None:
    Recall.objects.filter(pk=recall_id, status=Status.RUNNING).update(
        status=Status.FAILED, error=error, finished_at=Now()
    )
