"""Hand-outs among others: several workers, several hand-outs and publishers at once never share a code."""

import threading
import uuid

import pytest
from django.db import connection, transaction

from campaigns.codes.actions.extend_pool import extend_pool
from campaigns.codes.models import Voucher
from publications.actions.publish import publish
from publications.dashboard.verify import verify
from publications.exports.actions import hand_out
from publications.exports.actions.hand_out import order_hand_out
from publications.exports.actions.write_export import make_export_file
from publications.exports.models import Export
from publications.models import Publication
from publications.refusals import NoVoucherSuitable
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(hand_out, "CHUNK", 50)


def campaign_of(count: int):
    campaign = CampaignFactory()
    with transaction.atomic():
        extend_pool(campaign, count=count)
    return campaign


def at_once(*works):
    """Each in a thread with a connection of its own, all let go together. What one raises is raised here."""
    gate, errors = threading.Barrier(len(works)), []

    def run(work):
        try:
            gate.wait()
            work()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def codes_in(export) -> list[str]:
    export.refresh_from_db()
    assert (export.status, export.error) == ("done", "")
    with export.file.open() as file:
        return [line.split(",")[0] for line in file.read().decode().splitlines()[1:]]


def broken() -> set[str]:
    return {finding.name for finding in verify() if finding.violations} - {
        "what was answered survives a crash of the database"  # the suite's own server is not durable
    }


def test_two_workers_on_one_hand_out_give_each_code_once_and_no_more_than_asked():
    campaign = campaign_of(1_100)
    export = order_hand_out(campaign, count=1_000, by=STAFF, for_whom="Print shop")

    at_once(*[lambda: make_export_file(export.pk)] * 3)

    assert len(set(codes_in(export))) == len(codes_in(export)) == 1_000
    assert Publication.objects.get().voucher_count == 1_000
    assert campaign.vouchers.filter(published_at=None).count() == 100
    # The files of the slower ones are gone.
    folder = export.file.name.rpartition("/")[0]
    stored = export.file.storage.listdir(folder)[1]
    assert [name for name in stored if name.startswith(export.public_id)] == [export.file.name.rpartition("/")[2]]
    assert broken() == set()


def test_two_hand_outs_and_publishers_never_share_a_code():
    campaign, customers = campaign_of(1_500), CustomerFactory.create_batch(4)
    first = order_hand_out(campaign, count=600, by=STAFF, for_whom="Print shop")
    rest = order_hand_out(campaign, count=None, by=STAFF, for_whom="Print shop")
    published = []

    def publish_until_empty(customer):
        try:
            while True:
                publication = publish(campaign, customer, count=2, origin="api", by=STAFF)
                published.extend(voucher.code for voucher in publication.vouchers)
        except NoVoucherSuitable:
            pass

    at_once(
        lambda: make_export_file(first.pk),
        lambda: make_export_file(rest.pk),
        *[lambda customer=customer: publish_until_empty(customer) for customer in customers],
    )

    everything = [*codes_in(first), *codes_in(rest), *published]
    assert len(everything) == len(set(everything))
    # A publisher of two leaves at most one behind.
    assert Voucher.objects.filter(published_at=None).count() <= 1
    assert len(everything) + Voucher.objects.filter(published_at=None).count() == 1_500
    assert broken() == set()


def test_codes_that_another_holds_but_gives_back_are_waited_for():
    campaign = CampaignFactory(codes=60)
    export = order_hand_out(campaign, count=None, by=STAFF, for_whom="Print shop")
    held, let_go = threading.Event(), threading.Event()

    def hold_and_give_back():
        with transaction.atomic():
            list(Voucher.objects.filter(campaign=campaign).order_by("id").select_for_update()[:20])
            held.set()
            let_go.wait(60)
            transaction.set_rollback(True)

    def hand_out_when_held():
        held.wait(60)
        # The first look skips the held codes; the sure one waits for them, and only then they are given back.
        threading.Timer(0, wait_until_somebody_waits, [let_go]).start()
        make_export_file(export.pk)

    at_once(hold_and_give_back, hand_out_when_held)

    assert len(codes_in(export)) == 60


def wait_until_somebody_waits(then: threading.Event):
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    try:
        for _ in range(600):
            with connection.cursor() as cursor:
                cursor.execute(waiting)
                if cursor.fetchone()[0]:
                    return
            threading.Event().wait(0.05)
    finally:
        then.set()
        connection.close()


def test_a_button_pressed_twice_at_the_same_moment_orders_once():
    campaign, token = CampaignFactory(codes=50), uuid.uuid4()

    at_once(*[lambda: order_hand_out(campaign, count=50, by=STAFF, form_token=token, for_whom="Print shop")] * 6)

    assert Export.objects.count() == 1
