"""A hand-out from order to file: what is published, what the file holds, and how it ends when codes run short."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.codes.actions.extend_pool import extend_pool
from campaigns.codes.models import Voucher
from config.staff.models import AuditEntry
from publications.actions.publish import publish
from publications.actions.release import release
from publications.dashboard.verify import verify
from publications.exports.actions import hand_out, write_export
from publications.exports.actions.hand_out import order_hand_out, take_codes
from publications.exports.actions.write_export import make_export_file, retry_export, stop_export
from publications.exports.models import Export, FileLayout
from publications.exports.report import batches
from publications.models import Publication, PublishedVoucher
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(hand_out, "CHUNK", 4)


def made(export) -> Export:
    make_export_file(export.pk)
    export.refresh_from_db()
    return export


def content(export) -> bytes:
    with export.file.open() as file:
        return file.read()


def codes_in(export) -> list[str]:
    return [line.split(",")[0] for line in content(export).decode().splitlines()[1:]]


def unbroken() -> bool:
    return {finding.name for finding in verify() if finding.violations} <= {
        "what was answered survives a crash of the database"  # the suite's own server is not durable
    }


def test_a_small_hand_out_byte_by_byte():
    campaign = CampaignFactory(
        name="Autumn, Roast", discount_value=20, start_date=datetime(2026, 11, 1, tzinfo=UTC), category="Seasonal"
    )
    VoucherFactory(campaign=campaign, code="ROAST-1", metadata={"box": 7})
    VoucherFactory(campaign=campaign, code="=ROAST|2", discount_type="AMOUNT", discount_value=5, category="-VIP")

    export = made(order_hand_out(campaign, count=None, by=STAFF, for_whom="Print shop"))

    when = Voucher.objects.first().published_at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    assert content(export).decode() == (
        "Code,Campaign,Voucher type,Discount type,Value,Unit,Gift amount,Start date,Expiration date,Category,"
        "Published at,Metadata\r\n"
        f'ROAST-1,"Autumn, Roast",DISCOUNT_VOUCHER,PERCENT,20,,,2026-11-01T00:00:00.000Z,,Seasonal,{when},'
        '"{""box"": 7}"\r\n'
        f"'=ROAST\\|2,\"Autumn, Roast\",DISCOUNT_VOUCHER,AMOUNT,5,,,2026-11-01T00:00:00.000Z,,'-VIP,{when},\r\n"
    )
    assert (export.status, export.rows, export.done, export.total) == ("done", 2, 2, 2)
    assert export.sha256 == hashlib.sha256(content(export)).hexdigest()
    assert export.size == len(content(export))


def test_the_codes_are_published_in_one_publication():
    campaign = CampaignFactory(codes=12)

    export = made(order_hand_out(campaign, count=10, by=STAFF, for_whom="Print shop"))

    publication = Publication.objects.get()
    assert export.publication == publication
    assert (publication.channel, publication.origin, publication.customer) == ("CSV", "csv", None)
    assert (publication.campaign, publication.result, publication.voucher_count) == (campaign, "SUCCESS", 10)
    assert (publication.actor_kind, publication.actor_id, publication.actor_label) == STAFF
    first_ten = list(campaign.vouchers.order_by("id")[:10])
    assert [row.voucher for row in PublishedVoucher.objects.order_by("voucher_id")] == first_ten
    assert codes_in(export) == [voucher.code for voucher in first_ten]
    assert campaign.vouchers.filter(published_at=None).count() == 2
    assert unbroken()


def test_codes_live_as_long_after_publication_as_the_campaign_says():
    campaign = CampaignFactory(codes=1, activity_duration="P30D")

    made(order_hand_out(campaign, count=1, by=STAFF, for_whom="Print shop"))

    voucher = campaign.vouchers.get()
    assert voucher.expiration_date == voucher.published_at + timedelta(days=30)


def test_lossless_and_for_excel():
    campaign = CampaignFactory()
    VoucherFactory(campaign=campaign, code="=1+1")

    export = made(
        order_hand_out(
            campaign, count=1, by=STAFF, layout=FileLayout(lossless=True, byte_order_mark=True), for_whom="Print shop"
        )
    )

    assert content(export).startswith(b"\xef\xbb\xbfCode,")
    assert codes_in(export) == ["=1+1"]


def test_drained_by_others_midway_it_ends_with_what_it_got():
    campaign = CampaignFactory(codes=10)
    export = order_hand_out(campaign, count=10, by=STAFF, for_whom="Print shop")
    publish(campaign, CustomerFactory(), count=3, origin="api", by=STAFF)

    made(export)

    assert (export.status, export.total, export.rows) == ("done", 10, 7)
    assert len(codes_in(export)) == 7
    assert unbroken()


def test_what_was_asked_for_bounds_a_pool_that_grows_meanwhile():
    campaign = CampaignFactory(codes=5, auto_update=True)
    export = order_hand_out(campaign, count=None, by=STAFF, for_whom="Print shop")
    VoucherFactory.create_batch(20, campaign=campaign)

    made(export)

    assert (export.status, export.rows) == ("done", 5)
    assert campaign.vouchers.filter(published_at=None).count() == 20


def test_nothing_left_is_a_failure_that_can_be_retried_when_there_are_codes_again():
    campaign = CampaignFactory(codes=2)
    export = order_hand_out(campaign, count=2, by=STAFF, for_whom="Print shop")
    publish(campaign, CustomerFactory(), count=2, origin="api", by=STAFF)

    made(export)

    assert (export.status, export.publication) == ("failed", None)
    assert export.error.startswith("None of the 2 codes were published: others took the last codes in the pool")
    assert Publication.objects.filter(channel="CSV").count() == 0

    VoucherFactory.create_batch(3, campaign=campaign)
    assert retry_export(export, by=STAFF)
    made(export)
    assert (export.status, export.rows) == ("done", 2)
    assert AuditEntry.objects.filter(action="export.retried", object_id=export.public_id).count() == 1


def test_a_campaign_that_expires_before_the_work_begins_gives_nothing():
    campaign = CampaignFactory(codes=2)
    export = order_hand_out(campaign, count=2, by=STAFF, for_whom="Print shop")
    type(campaign).objects.update(expiration_date=timezone.now() - timedelta(seconds=1))

    made(export)

    assert export.status == "failed"
    assert campaign.vouchers.filter(published_at=None).count() == 2


def test_only_what_failed_can_be_retried():
    export = made(order_hand_out(CampaignFactory(codes=1), count=1, by=STAFF, for_whom="Print shop"))

    assert not retry_export(export, by=STAFF)


def test_a_hand_out_that_is_stopped_midway_keeps_its_codes_for_the_file_of_its_continuation():
    campaign = CampaignFactory(codes=10)
    export = order_hand_out(campaign, count=10, by=STAFF, for_whom="Print shop")
    assert hand_out._take_chunk(export.pk, for_sure=False) is False

    assert stop_export(export, by=STAFF)
    assert not stop_export(export, by=STAFF)
    made(export)
    assert (export.status, export.done, export.rows) == ("stopped", 4, None)
    assert campaign.vouchers.filter(published_at=None).count() == 6

    assert retry_export(export, by=STAFF)
    made(export)
    assert (export.status, export.rows, Publication.objects.get().voucher_count) == ("done", 10, 10)


def test_an_export_that_is_stopped_while_its_file_is_written_leaves_no_file(monkeypatch):
    export = order_hand_out(CampaignFactory(codes=10), count=10, by=STAFF, for_whom="Print shop")
    take_codes(export.pk)

    def stopping(of):
        stop_export(export, by=STAFF)
        return batches(of)

    monkeypatch.setattr(write_export, "batches", stopping)
    made(export)

    assert (export.status, export.sha256) == ("stopped", "")
    assert not export.file.storage.exists(export.file.name)
    monkeypatch.undo()
    assert retry_export(export, by=STAFF)
    assert made(export).status == "done"


def test_an_export_is_stopped_on_its_page(signed_in):
    export = order_hand_out(CampaignFactory(codes=1), count=1, by=STAFF, for_whom="Print shop")
    browser = signed_in("Manager")

    assert "Stop</button>" in browser.get(f"/exports/{export.public_id}/").content.decode()
    answer = browser.post(f"/exports/{export.public_id}/stop", follow=True)

    assert "Stopped. Nothing has been written." in answer.content.decode()
    assert "Continue</button>" in answer.content.decode()


def test_running_the_work_again_changes_nothing():
    campaign = CampaignFactory(codes=10)
    export = made(order_hand_out(campaign, count=6, by=STAFF, for_whom="Print shop"))
    before = Export.objects.values().get()

    made(export)
    take_codes(export.pk)

    assert Export.objects.values().get() == before
    assert campaign.vouchers.filter(published_at=None).count() == 4


def test_a_code_released_before_the_file_is_made_is_not_in_it():
    campaign = CampaignFactory(codes=3)
    export = order_hand_out(campaign, count=3, by=STAFF, for_whom="Print shop")
    take_codes(export.pk)
    taken_back = campaign.vouchers.order_by("id")[1]
    release(taken_back, by=STAFF, reason="Printed wrong")

    made(export)

    assert taken_back.code not in codes_in(export)
    assert (export.rows, export.publication.voucher_count) == (2, 3)
    assert unbroken()


def test_codes_all_released_between_two_chunks_do_not_void_what_is_taken_after_them(monkeypatch):
    campaign = CampaignFactory(codes=4)
    export = order_hand_out(campaign, count=4, by=STAFF, for_whom="Print shop")
    monkeypatch.setattr(hand_out, "CHUNK", 2)
    hand_out._take_chunk(export.pk, for_sure=False)
    for voucher in campaign.vouchers.filter(published_at__isnull=False):
        release(voucher, by=STAFF, reason="Printed wrong")
    assert Publication.objects.get().voided_at

    made(export)

    assert Publication.objects.get().voided_at is None
    assert export.rows == len(codes_in(export)) == PublishedVoucher.objects.filter(released_at=None).count() == 2
    assert unbroken()


def test_a_code_released_later_stays_in_the_file():
    campaign = CampaignFactory(codes=3)
    export = made(order_hand_out(campaign, count=3, by=STAFF, for_whom="Print shop"))
    before = content(export)

    release(campaign.vouchers.first(), by=STAFF, reason="Printed wrong")
    made(export)

    assert content(export) == before
    assert unbroken()


def test_fifty_thousand_codes(monkeypatch):
    monkeypatch.setattr(hand_out, "CHUNK", 10_000)
    campaign = CampaignFactory()
    extend_pool(campaign, count=50_001)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum does, which cannot see into a test's transaction

    export = made(order_hand_out(campaign, count=50_000, by=STAFF, for_whom="Print shop"))

    assert (export.status, export.rows) == ("done", 50_000)
    assert len(set(codes_in(export))) == 50_000
    assert unbroken()
