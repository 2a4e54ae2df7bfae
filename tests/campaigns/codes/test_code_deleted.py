"""Deleting a code: whatever happens at the same moment, what somebody got stays on record."""

from threading import Barrier, Thread

import pytest
from django.db import connection

from campaigns.codes.actions.delete_code import delete_code
from campaigns.codes.models import Voucher
from config.staff.models import AuditEntry
from publications.actions.publish import publish_code
from publications.models import PublishedVoucher
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.refusals import RedemptionRefused
from publications.refusals import PublishRefused
from tests.support.factories import STAFF, CustomerFactory, VoucherFactory

pytestmark = pytest.mark.django_db


def test_it_is_hidden_once():
    voucher = VoucherFactory()

    assert delete_code(voucher, by=STAFF)
    assert not delete_code(voucher, by=STAFF)

    voucher.refresh_from_db()
    assert voucher.deleted_at is not None
    assert AuditEntry.objects.get().details == {"erased": False}


def test_force_spares_a_code_that_was_ever_redeemed():
    voucher = VoucherFactory()
    roll_back(redeem(voucher, by=STAFF), by=STAFF)

    delete_code(voucher, force=True, by=STAFF)

    assert Voucher.objects.filter(pk=voucher.pk, deleted_at__isnull=False).exists()


@pytest.mark.django_db(transaction=True)
def test_a_code_that_was_erased_since_it_was_found_is_neither_published_nor_redeemed():
    voucher = VoucherFactory()
    delete_code(Voucher.objects.get(), force=True, by=STAFF)

    with pytest.raises(PublishRefused):
        publish_code(voucher, CustomerFactory(), channel="API", origin="api", by=STAFF)
    with pytest.raises(RedemptionRefused):
        redeem(voucher, by=STAFF)


@pytest.mark.django_db(transaction=True)
def test_publishing_and_erasing_the_same_code_at_once():
    for n in range(15):
        voucher, customer, barrier, outcome = VoucherFactory(code=f"N{n}"), CustomerFactory(), Barrier(2), {}
        deleting = Thread(target=_delete, args=[voucher, barrier])
        publishing = Thread(target=_publish, args=[voucher, customer, barrier, outcome])
        deleting.start(), publishing.start()
        deleting.join(), publishing.join()

        row = Voucher.objects.filter(pk=voucher.pk).first()
        held = PublishedVoucher.objects.filter(voucher=voucher.pk).exists()
        assert held == outcome["published"]
        assert row is None if not held else (row.deleted_at is not None and row.published_at is not None)


def _delete(voucher, barrier):
    barrier.wait()
    delete_code(voucher, force=True, by=STAFF)
    connection.close()


def _publish(voucher, customer, barrier, outcome):
    barrier.wait()
    try:
        publish_code(voucher, customer, channel="API", origin="api", by=STAFF)
        outcome["published"] = True
    except PublishRefused:
        outcome["published"] = False
    connection.close()
