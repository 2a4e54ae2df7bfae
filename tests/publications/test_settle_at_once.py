"""Settling while others settle, release, publish and erase, and while it is killed. Real threads and processes."""

import signal
import time
from contextlib import suppress
from threading import Barrier, Thread

import pytest
from django.db import close_old_connections, connection, transaction

from campaigns.codes.models import Voucher
from customers.models import Customer
from publications.actions.publish import publish
from publications.actions.release import NotPublished, release
from publications.actions.run_publication_import import import_publications
from publications.dashboard.erase_customer import erase_customer
from publications.dashboard.verify import verify
from publications.ledger.settle import settle
from publications.models import Publication, PublicationImport, PublishedVoucher
from publications.queries.standing import standing_of
from tests.publications.redemptions.test_redeem_at_once import wait_for_a_lock
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory
from tests.support.imports import queued_publications
from tests.support.processes.forked import fork
from tests.support.settling import handed_out, queued_settlement

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 12_000


def broken() -> list[str]:
    return [found.name for found in verify() if found.violations and "survives a crash" not in found.name]


def at_once(*verbs) -> list[Exception]:
    barrier, errors = Barrier(len(verbs)), []

    def run(verb):
        try:
            barrier.wait()
            verb()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[verb]) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close_old_connections()
    return errors


def file_of(codes: list[str], customer: str, *, unused_every: int = 0) -> str:
    rows = (
        f"{code},,x\n" if unused_every and n % unused_every == 0 else f"{code},{customer}-{n % 300},\n"
        for n, code in enumerate(codes)
    )
    return "Code,Customer source ID,Not used\n" + "".join(rows)


def test_a_killed_worker_is_taken_up_where_it_was():
    hand_out = handed_out(CampaignFactory(codes=ROWS)).publication
    codes = list(Voucher.objects.order_by("id").values_list("code", flat=True))
    queued = queued_settlement(hand_out, file_of(codes, "c", unused_every=4))

    process = fork(
        f"from publications.actions.run_publication_import import import_publications; import_publications({queued.pk})"
    )
    deadline = time.monotonic() + 60
    while PublicationImport.objects.get(pk=queued.pk).rows_read < 5_000:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    between, so_far = PublicationImport.objects.get(pk=queued.pk), standing_of(hand_out)
    import_publications(queued.pk)

    queued.refresh_from_db()
    assert (between.rows_imported, between.rows_updated) == (so_far.settled, so_far.returned)
    assert (queued.status, queued.rows_imported, queued.rows_updated) == ("done", ROWS * 3 // 4, ROWS // 4)
    assert standing_of(hand_out) == (ROWS, ROWS * 3 // 4, ROWS // 4, 0)
    assert Customer.objects.count() == 225  # of 300, less each fourth
    assert broken() == []


def test_of_all_who_settle_release_and_erase_at_once_each_code_is_told_of_once():
    hand_out = handed_out(CampaignFactory(codes=1_500)).publication
    vouchers = list(Voucher.objects.order_by("id"))
    codes = [voucher.code for voucher in vouchers]
    settlements = [
        queued_settlement(hand_out, file_of(codes, "ann", unused_every=5)),
        queued_settlement(hand_out, file_of(codes[::-1], "ben", unused_every=7)),
        queued_publications(file_of(codes[500:], "cid").replace(",Not used", ",Metadata x")),
    ]
    customers = [CustomerFactory(source_id=f"ann-{n}") for n in range(1, 40)]

    def releases():
        for voucher in vouchers[::50]:
            with suppress(NotPublished):
                release(voucher, by=STAFF, reason="Lost")

    def erases():
        for customer in customers:
            erase_customer(customer, by=STAFF)

    errors = at_once(
        *(lambda key=settlement.pk: import_publications(key) for settlement in settlements), releases, erases
    )

    done = list(PublicationImport.objects.order_by("pk"))
    assert errors == []
    assert [each.status for each in done] == ["done"] * 3
    told = sum(each.rows_imported + each.rows_updated for each in done)
    released_by_hand = PublishedVoucher.objects.filter(reason="Lost")
    standing = standing_of(hand_out)
    assert standing.settled + standing.returned == 1_500
    assert told == 1_500 - released_by_hand.filter(settled_to=None).count()
    assert Publication.objects.count() == 1
    assert broken() == []


def test_a_join_once_publication_that_waited_while_its_customer_was_settled_gives_no_second_code():
    hand_out = handed_out(CampaignFactory(codes=1, join_once=True)).publication
    voucher, ann = Voucher.objects.get(), CustomerFactory()
    Voucher.objects.create(campaign=voucher.campaign, code="FREE-1")
    given = []

    def publishes():
        try:
            given.append(publish(voucher.campaign, ann, origin="api", by=STAFF))
        finally:
            connection.close()

    publisher = Thread(target=publishes)
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=ann.pk)
        settle({hand_out.ledger.get().pk: ann.pk}, by="Test Staff")
        publisher.start()
        wait_for_a_lock()
    publisher.join()

    assert [(publication.repeated, publication.vouchers) for publication in given] == [(True, [voucher])]
    assert Voucher.objects.get(code="FREE-1").published_at is None
    assert broken() == []
