"""The database refuses what would break an invariant, whoever asks: a stale save, a form, a script."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from campaigns.codes.models import Voucher
from config.staff import audit
from config.staff.models import AuditEntry
from publications.models import Publication, PublishedVoucher
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


def refuses(what):
    with pytest.raises(IntegrityError), transaction.atomic():
        what()


def test_a_stale_save_cannot_return_a_published_voucher_to_the_pool():
    voucher = VoucherFactory()
    stale = Voucher.objects.get(pk=voucher.pk)
    published(voucher)

    refuses(stale.save)

    assert Voucher.objects.get(pk=voucher.pk).published_at is not None


def test_a_stale_save_of_other_columns_is_accepted():
    voucher = published().vouchers[0]

    voucher.category = "VIP"
    voucher.save()

    assert Voucher.objects.get(pk=voucher.pk).category == "VIP"


def test_a_voucher_has_one_live_ledger_row():
    publication = published()
    other = published()

    refuses(lambda: PublishedVoucher.objects.create(publication=other, voucher=publication.vouchers[0]))


def test_a_ledger_row_cannot_be_deleted_moved_or_released_twice():
    row = PublishedVoucher.objects.get(publication=published())
    other = VoucherFactory()

    refuses(row.delete)
    refuses(lambda: PublishedVoucher.objects.filter(pk=row.pk).update(voucher=other))
    PublishedVoucher.objects.filter(pk=row.pk).update(released_at=Now(), released_by="Staff", reason="Returned")
    refuses(lambda: PublishedVoucher.objects.filter(pk=row.pk).update(reason="Another"))


def test_a_release_without_a_reason_is_refused():
    row = PublishedVoucher.objects.get(publication=published())

    refuses(lambda: PublishedVoucher.objects.filter(pk=row.pk).update(released_at=Now(), released_by="Staff"))


def test_a_published_voucher_cannot_be_deleted():
    voucher = published().vouchers[0]

    with pytest.raises(IntegrityError), transaction.atomic():
        Voucher.objects.filter(pk=voucher.pk)._raw_delete("default")
        transaction.get_connection().check_constraints()


def test_a_second_success_with_a_source_id_or_a_join_once_pair_is_refused():
    campaign, customer = CampaignFactory(), CustomerFactory()
    row = {"campaign": campaign, "customer": customer, "channel": "API", "origin": "api", "voucher_count": 1}
    Publication.objects.create(**row, source_id="order-1")
    Publication.objects.create(**row, join_once=True)

    refuses(lambda: Publication.objects.create(**row, source_id="order-1"))
    refuses(lambda: Publication.objects.create(**row, join_once=True))
    Publication.objects.create(
        **row | {"voucher_count": 0},
        source_id="order-1",
        result="FAILURE",
        failure_code="x",
        failure_message="x",
        failure_reason="other",
    )


@pytest.mark.parametrize(
    "nonsense",
    [
        {"join_once": True, "voucher_count": 2},
        {"result": "FAILURE", "voucher_count": 0},
        {"failure_code": "x", "failure_message": "x"},
        {"failure_reason": "pool_empty"},
        {"result": "FAILURE", "voucher_count": 0, "failure_code": "x", "failure_message": "x"},
        {"channel": ""},
        {"customer": None},
    ],
)
def test_a_nonsensical_publication_is_refused(nonsense):
    row = {
        "campaign": CampaignFactory(),
        "customer": CustomerFactory(),
        "channel": "API",
        "origin": "api",
        "voucher_count": 1,
    }

    refuses(lambda: Publication.objects.create(**row | nonsense))


def test_audit_entries_cannot_be_changed_or_deleted():
    audit.record("test.done", by=STAFF)
    entry = AuditEntry.objects.get()

    refuses(lambda: AuditEntry.objects.filter(pk=entry.pk).update(actor_label="Somebody else"))
    refuses(entry.delete)
