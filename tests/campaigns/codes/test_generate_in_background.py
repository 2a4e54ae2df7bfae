"""An order of codes ends with exactly its total, whatever is killed and however many work on it."""

import itertools
import signal
import threading
import time

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, transaction
from django.db.models import Count
from procrastinate.contrib.django import app as queue
from procrastinate.contrib.django.models import ProcrastinateJob

from campaigns.codes.actions import extend_pool
from campaigns.codes.actions.extend_pool import fulfil_order, order_codes, retry_order, stop_order
from campaigns.codes.code_space import CodeSpaceTooSmall
from campaigns.codes.models import CodeOrder, Voucher
from config.server.take_up_stalled_jobs import declare_workers_dead, take_up_stalled_jobs
from config.staff.models import AuditEntry
from tests.support.factories import STAFF, CampaignFactory, VoucherFactory
from tests.support.processes.forked import fork_command

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def empty_queue():
    """Procrastinate's tables are not Django's, so no test empties them."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


def start_worker():
    """A worker in a process of its own, on the database of the tests. It ends when no job is left."""
    return fork_command("procrastinate", "worker", "--one-shot", "--concurrency", "1")


def wait_until_begun(order, seconds=60):
    deadline = time.monotonic() + seconds
    while not CodeOrder.objects.filter(pk=order.pk, done__gt=0).exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_worker_killed_midway_leaves_an_order_that_the_next_one_completes():
    order = order_codes(CampaignFactory(), count=120_000, by=STAFF)

    first = start_worker()
    wait_until_begun(order)
    first.send_signal(signal.SIGKILL)
    first.wait()
    counted, made = CodeOrder.objects.annotate(made=Count("campaign__vouchers")).values_list("done", "made").get()
    assert counted == made
    assert 0 < made < 120_000
    declare_workers_dead()
    async_to_sync(take_up_stalled_jobs)(queue)
    assert start_worker().wait(60) == 0

    order.refresh_from_db()
    assert (order.status, order.done) == ("done", 120_000)
    assert Voucher.objects.filter(campaign=order.campaign).count() == 120_000


def test_two_at_the_same_order_make_it_once(monkeypatch):
    monkeypatch.setattr(extend_pool, "CHUNK", 500)
    order = order_codes(CampaignFactory(), count=6_250, by=STAFF)

    def work():
        fulfil_order(order.pk)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    order.refresh_from_db()
    assert (order.status, order.done) == ("done", 6_250)
    assert Voucher.objects.count() == 6_250


def test_orders_that_fill_the_same_space_at_once_share_it_without_a_deadlock(monkeypatch):
    monkeypatch.setattr(extend_pool, "CHUNK", 10)
    orders = [
        order_codes(CampaignFactory(code_charset="0123456789", code_pattern="###"), count=250, by=STAFF)
        for _ in range(4)
    ]

    def work(order):
        fulfil_order(order.pk)
        connection.close()

    threads = [threading.Thread(target=work, args=[order]) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(Voucher.objects.values_list("code", flat=True)) == [f"{n:03}" for n in range(1000)]
    assert set(CodeOrder.objects.values_list("status", "done")) == {("done", 250)}


def test_the_order_and_its_job_stand_together_or_not_at_all():
    campaign = CampaignFactory()

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        order_codes(campaign, count=10, by=STAFF)
        raise ZeroDivisionError
    assert (CodeOrder.objects.count(), ProcrastinateJob.objects.count()) == (0, 0)

    order = order_codes(campaign, count=10, by=STAFF)
    assert ProcrastinateJob.objects.get().args == {"order_id": order.pk}
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_label, entry.details) == ("campaign.codes_ordered", "Test Staff", {"count": 10})


def test_many_codes_with_characters_that_copy_treats_specially():
    campaign = CampaignFactory(code_charset="\\tN.", code_length=8)
    order = order_codes(campaign, count=1_200, by=STAFF)

    fulfil_order(order.pk)

    codes = Voucher.objects.values_list("code", flat=True)
    assert len(codes) == 1_200
    assert {len(code) for code in codes} == {8}
    assert set("".join(codes)) == set("\\tN.")


@pytest.mark.parametrize("count", [200, 1_200], ids=["by array", "by COPY"])
def test_ids_tell_nothing_of_the_order_of_the_codes(count):
    """Else a published code would tell, by its neighbours' ids, between which codes the unpublished ones lie."""
    order = order_codes(CampaignFactory(), count=count, by=STAFF)

    fulfil_order(order.pk)

    codes = list(Voucher.objects.order_by("pk").values_list("code", flat=True))
    rising = sum(code < following for code, following in itertools.pairwise(codes))
    assert 0.3 < rising / count < 0.7


def test_an_order_that_the_space_cannot_hold_is_refused_before_it_is_made():
    campaign = CampaignFactory(code_charset="0123456789", code_pattern="##")
    VoucherFactory(campaign=campaign, code="07")

    with pytest.raises(CodeSpaceTooSmall) as refused:
        order_codes(campaign, count=100, by=STAFF)

    assert str(refused.value) == (
        "10 characters in 2 random positions give 100 codes; 1 already exist, and 100 more were requested: "
        "use at least 3 random positions, or more characters."
    )
    assert CodeOrder.objects.count() == 0


def test_a_failed_order_says_why_keeps_what_it_made_and_can_be_taken_up_again(monkeypatch):
    monkeypatch.setattr(extend_pool, "CHUNK", 40)
    campaign = CampaignFactory(code_charset="0123456789", code_pattern="##")
    order = order_codes(campaign, count=100, by=STAFF)
    VoucherFactory(code="42")

    fulfil_order(order.pk)

    order.refresh_from_db()
    assert (order.status, order.done) == ("failed", 80)
    assert "found only 19 of 20" in order.error
    Voucher.objects.filter(code="42").delete()
    assert retry_order(order, by=STAFF)
    assert not retry_order(order, by=STAFF)
    fulfil_order(order.pk)
    order.refresh_from_db()
    assert (order.status, order.done, order.error) == ("done", 100, "")


def test_an_order_of_a_deleted_campaign_stops():
    order = order_codes(CampaignFactory(), count=10, by=STAFF)
    order.campaign.deleted_at = "2026-01-01T00:00Z"
    order.campaign.save()

    fulfil_order(order.pk)

    order.refresh_from_db()
    assert (order.status, order.error, Voucher.objects.count()) == ("failed", "The campaign was deleted.", 0)


def test_the_pool_has_a_new_version_with_every_chunk(monkeypatch):
    monkeypatch.setattr(extend_pool, "CHUNK", 10)
    order = order_codes(CampaignFactory(), count=30, by=STAFF)

    fulfil_order(order.pk)

    order.campaign.refresh_from_db()
    assert order.campaign.pool_version == 3


def test_a_stopped_order_makes_no_more_and_can_be_continued(monkeypatch):
    monkeypatch.setattr(extend_pool, "CHUNK", 4)
    order = order_codes(CampaignFactory(), count=10, by=STAFF)
    assert extend_pool._make_a_chunk(order.pk)

    assert stop_order(order, by=STAFF)
    assert not stop_order(order, by=STAFF)
    fulfil_order(order.pk)
    order.refresh_from_db()
    assert (order.status, order.done, Voucher.objects.count()) == ("stopped", 4, 4)
    assert AuditEntry.objects.get(action="campaign.codes_stopped").details == {"missing": 6}

    assert retry_order(order, by=STAFF)
    fulfil_order(order.pk)
    order.refresh_from_db()
    assert (order.status, order.done, Voucher.objects.count()) == ("done", 10, 10)


def test_an_order_is_stopped_on_its_page(signed_in):
    order = order_codes(CampaignFactory(), count=10, by=STAFF)
    page = f"/campaigns/{order.campaign.public_id}/orders/{order.pk}"

    assert signed_in("Operator").post(page, {"stop": ""}).status_code == 403
    answer = signed_in("Manager").post(page, {"stop": ""}, follow=True)

    assert "Stopped. The codes generated so far are in the pool." in answer.content.decode()
    assert CodeOrder.objects.get().status == "stopped"
