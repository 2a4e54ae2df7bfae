"""An import is undone as a whole, or not at all: never a code that somebody got, used or changed."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from campaigns.codes.actions.delete_code import delete_code
from campaigns.codes.actions.switch_code import disable_code
from campaigns.codes.actions.undo_import import NotUndoable, order_undo, undo_import
from campaigns.codes.models import CodeImport, Voucher
from config.imports import run_import
from config.imports.retry_import import NotFailed, retry_import
from config.staff.models import AuditEntry
from publications.actions.hold_back import hold_back, put_back
from publications.actions.publish import publish
from publications.actions.release import release
from publications.models import PublishedVoucher
from publications.redemptions.actions.redeem import redeem
from publications.refusals import PublishRefused
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published
from tests.support.imports import imported_codes


def undo(code_import) -> CodeImport:
    order_undo(code_import, by=STAFF)
    undo_import(code_import.pk, STAFF)
    return CodeImport.objects.get(pk=code_import.pk)


@pytest.mark.django_db
def test_all_its_codes_are_erased_and_no_others_and_the_file_can_come_again(monkeypatch):
    campaign, read = CampaignFactory(), run_import.next_chunk

    def next_chunk(rows, most=2):
        VoucherFactory(campaign=campaign)  # somebody else's, in the midst of the import's ids
        return read(rows, most)

    monkeypatch.setattr(run_import, "next_chunk", next_chunk)
    content = "Code,Redeemed quantity\nU-1,0\nU-2,1\nU-3,0\n"
    done = imported_codes(content, campaign)
    monkeypatch.undo()
    others = set(Voucher.objects.filter(import_id=None).values_list("pk", flat=True))

    assert undo(done).undo == "done"

    assert set(Voucher.objects.values_list("pk", flat=True)) == others
    entry = AuditEntry.objects.get(action="codes.import_undone")
    assert (entry.details, entry.object_id) == ({"erased": 3}, campaign.public_id)
    with pytest.raises(NotUndoable):
        order_undo(done, by=STAFF)
    with pytest.raises(NotFailed):
        retry_import(done, by=STAFF, defer=lambda import_id: None)
    assert imported_codes(content, campaign).rows_imported == 3


def released_to_the_pool(voucher):
    published(voucher)
    release(voucher, by=STAFF, reason="mistake", back_to_pool=True)


def held_back_for_a_while(voucher):
    hold_back(voucher, by=STAFF, reason="wait")
    put_back(voucher, by=STAFF, reason="go on")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "touch",
    [
        published,
        released_to_the_pool,
        lambda voucher: redeem(voucher, by=STAFF),
        lambda voucher: disable_code(voucher, by=STAFF),
        lambda voucher: hold_back(voucher, by=STAFF, reason="wait"),
        held_back_for_a_while,
        lambda voucher: delete_code(voucher, by=STAFF),
    ],
)
def test_one_code_that_was_touched_keeps_them_all(touch):
    done = imported_codes("Code\nU-1\nU-2\nU-3\n", CampaignFactory())
    touch(Voucher.objects.get(code="U-2"))

    kept = undo(done)

    assert Voucher.objects.count() == 3
    assert kept.undo == ""
    assert kept.undo_refused.startswith("The import was not undone: 1 code has been published, used or changed since.")
    assert not AuditEntry.objects.filter(action="codes.import_undone").exists()


@pytest.mark.django_db(transaction=True)
def test_who_publishes_at_the_same_moment_has_a_code_that_exists_or_none():
    customers = CustomerFactory.create_batch(3)
    outcomes = set()
    for number in range(12):
        campaign = CampaignFactory()
        done = imported_codes("Code\n" + "".join(f"R{number}-{n}\n" for n in range(200)), campaign)
        order_undo(done, by=STAFF)
        ready = Barrier(4)

        def publishing(customer, campaign=campaign, ready=ready):
            ready.wait()
            try:
                return publish(campaign, customer, origin="api", by=STAFF)
            except PublishRefused:
                return None
            finally:
                connection.close()

        with ThreadPoolExecutor(3) as threads:
            calls = [threads.submit(publishing, customer) for customer in customers]
            ready.wait()
            undo_import(done.pk, STAFF)
            publications = [publication for call in calls if (publication := call.result())]

        left = Voucher.objects.filter(import_id=done.pk)
        ended = CodeImport.objects.get(pk=done.pk)
        assert (left.count(), ended.undo) in ((200, ""), (0, "done"))
        assert left.exclude(published_at=None).count() == len(publications)
        assert PublishedVoucher.objects.filter(publication__campaign=campaign).count() == len(publications)
        outcomes.add(ended.undo)
    assert outcomes <= {"", "done"}


@pytest.mark.django_db
def test_it_is_undone_on_its_page(signed_in):
    done = imported_codes("Code\nU-1\n", CampaignFactory())
    page = f"/codes/import/{done.pk}"
    browser = signed_in("Manager")

    assert f'href="{page}/undo"' in browser.get(page).content.decode()
    assert "The code it imported is erased" in browser.get(f"{page}/undo").content.decode()
    assert signed_in("Operator").post(f"{page}/undo").status_code == 403
    waiting = browser.post(f"{page}/undo", follow=True).content.decode()
    assert "Undoing this import." in waiting
    assert 'hx-trigger="every 1s"' in waiting

    undo_import(done.pk, STAFF)

    after = browser.get(page).content.decode()
    assert "This import has been undone" in after
    assert f'href="{page}/undo"' not in after
    assert not Voucher.objects.exists()
