"""Ordering a hand-out: what is refused before a single code is touched, and that ordering is a once-only act."""

import csv
import io
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from campaigns.codes.queries.pool_size import pool_size
from config.staff.models import AuditEntry
from publications.exports.actions.hand_out import CampaignOver, HandOutRefused, PoolEmpty, PoolTooSmall, order_hand_out
from publications.exports.actions.write_export import make_export_file
from publications.exports.models import Export, FileLayout
from publications.exports.report import order_report
from publications.models import Publication
from tests.support.factories import STAFF, CampaignFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


def jobs():
    return ProcrastinateJob.objects.filter(task_name="exports.make_export_file")


def test_an_order_publishes_nothing_yet_but_queues_the_work():
    campaign, queued = CampaignFactory(name="Autumn Roast", codes=5), jobs().count()

    export = order_hand_out(
        campaign, count=3, by=STAFF, layout=FileLayout(lossless=True, byte_order_mark=True), for_whom="Print shop"
    )

    assert (export.status, export.total, export.done, export.rows) == ("queued", 3, 0, None)
    assert (export.kind, export.campaign, export.everything) == ("hand_out", campaign, False)
    assert (export.lossless, export.byte_order_mark) == (True, True)
    assert (export.actor_kind, export.actor_id, export.actor_label) == STAFF
    assert export.file_name == f"autumn-roast-hand-out-{timezone.localdate()}-{export.pk}.csv"
    assert pool_size(campaign) == 5
    assert Publication.objects.count() == 0
    assert jobs().count() == queued + 1
    assert jobs().latest("id").args == {"export_id": export.pk}
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id, entry.campaign_id) == ("export.ordered", export.public_id, campaign.pk)
    assert entry.details == {"kind": "hand_out", "codes": 3}


def test_all_is_what_the_pool_holds_at_the_order():
    campaign, now = CampaignFactory(codes=4), timezone.now()
    VoucherFactory(campaign=campaign, active=False)
    VoucherFactory(campaign=campaign, expiration_date=now - timedelta(seconds=1))
    VoucherFactory(campaign=campaign, deleted_at=now)
    published(VoucherFactory(campaign=campaign))
    VoucherFactory()

    export = order_hand_out(campaign, count=None, by=STAFF, for_whom="Print shop")

    assert (export.everything, export.total) == (True, 4)


def test_more_than_the_pool_holds_is_refused_with_the_numbers():
    campaign = CampaignFactory(codes=310)

    with pytest.raises(PoolTooSmall) as refused:
        order_hand_out(campaign, count=800, by=STAFF, for_whom="Print shop")

    assert (refused.value.asked, refused.value.in_pool) == (800, 310)
    assert str(refused.value) == (
        "You requested 800 codes, but the pool has 310. Request fewer, or add codes to the campaign first."
    )
    assert Export.objects.count() == 0


@pytest.mark.parametrize("count", [None, 1])
def test_an_empty_pool_is_refused_also_where_it_could_extend_itself(count):
    with pytest.raises(PoolEmpty):
        order_hand_out(CampaignFactory(auto_update=True), count=count, by=STAFF, for_whom="Print shop")


def test_no_codes_at_all_is_refused():
    with pytest.raises(HandOutRefused, match="at least 1"):
        order_hand_out(CampaignFactory(codes=1), count=0, by=STAFF, for_whom="Print shop")


def test_an_expired_and_a_deleted_campaign_are_refused_and_a_disabled_one_is_not():
    now = timezone.now()
    expired = CampaignFactory(codes=1, expiration_date=now - timedelta(seconds=1))
    deleted = CampaignFactory(codes=1, deleted_at=now)
    disabled = CampaignFactory(codes=1, active=False)

    for campaign, why in [(expired, "expired"), (deleted, "deleted")]:
        with pytest.raises(CampaignOver, match=why):
            order_hand_out(campaign, count=1, by=STAFF, for_whom="Print shop")

    assert order_hand_out(disabled, count=1, by=STAFF, for_whom="Print shop").total == 1


def test_the_same_form_sent_twice_orders_once():
    campaign, token, queued = CampaignFactory(codes=5), uuid.uuid4(), jobs().count()

    first = order_hand_out(campaign, count=3, by=STAFF, form_token=token, for_whom="Print shop")
    again = order_hand_out(campaign, count=3, by=STAFF, form_token=token, for_whom="Print shop")

    assert first == again
    assert Export.objects.count() == AuditEntry.objects.count() == jobs().count() - queued == 1


def test_the_second_press_is_not_refused_for_what_the_first_one_took():
    campaign, token = CampaignFactory(codes=5), uuid.uuid4()
    first = order_hand_out(campaign, count=5, by=STAFF, form_token=token, for_whom="Print shop")
    campaign.vouchers.update(active=False)

    assert order_hand_out(campaign, count=5, by=STAFF, form_token=token, for_whom="Print shop") == first


def test_a_hand_out_is_for_somebody(signed_in):
    campaign = CampaignFactory(name="Autumn", codes=2)
    with pytest.raises(HandOutRefused, match="Say who gets the codes"):
        order_hand_out(campaign, count=2, for_whom="  ", by=STAFF)

    export = order_hand_out(campaign, count=2, for_whom=" Baker &  Sons ", by=STAFF)
    make_export_file(export.pk)

    export.refresh_from_db()
    assert export.for_whom == "Baker & Sons"
    staff = signed_in("Manager")
    history = reverse("publications:history")
    pages = [history, export.get_absolute_url(), export.publication.get_absolute_url(), reverse("exports:exports")]
    assert [address for address in pages if b"Baker &amp; Sons" not in staff.get(address).content] == []
    report = order_report("publications", by=STAFF)
    make_export_file(report.pk)
    report.refresh_from_db()
    with report.file.open() as file:
        assert [row["For whom"] for row in csv.DictReader(io.StringIO(file.read().decode()))] == ["Baker & Sons"] * 2
