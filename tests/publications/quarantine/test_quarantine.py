"""After a restored backup or a failover that lost moments nothing is published until a Manager has decided (ADR 0026)."""

from __future__ import annotations

import io
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.events.models import Outbox
from config.staff.models import AuditEntry, Quarantine
from config.staff.quarantine import is_open
from publications.actions.order_publication_import import order_publication_import
from publications.actions.publish import publish, publish_code
from publications.actions.run_publication_import import import_publications
from publications.automation.actions.walk_segments import walk_segments
from publications.dashboard.drain_outbox import drain_outbox
from publications.distributions.actions.advance import advance, due
from publications.distributions.actions.change_status import resume
from publications.distributions.actions.publish_batch import publish_batch
from publications.distributions.actions.start_due import start_due
from publications.distributions.actions.write_audience import write_audience
from publications.distributions.models import Delivery, Distribution
from publications.exports.actions.hand_out import HandOutRefused, order_hand_out, take_codes
from publications.models import Publication
from publications.quarantine.end_quarantine import NotOpen, NotPrepared, end_quarantine
from publications.quarantine.move_ids_on import BY, TABLES
from publications.quarantine.open_quarantine import open_quarantine
from publications.quarantine.read_codes import read_codes
from publications.quarantine.settle_sent import settle_sent
from publications.quarantine.withdraw_listed import withdraw_listed
from publications.quarantine.withdraw_next import withdraw_next
from publications.redemptions.actions.redeem import redeem
from publications.refusals import Quarantined
from publications.tallies.count_publications import count_publications
from publications.webhooks.actions.send_due import addresses_due
from tests.publications.tallies.test_tallies import count_all, disagreements
from tests.support.api.calls import Api
from tests.support.automations import automation
from tests.support.distributions import draft, running, start
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, StandaloneVoucherFactory, published

pytestmark = pytest.mark.django_db(transaction=True)

LOST_SINCE = datetime(2026, 11, 30, 10, 15, tzinfo=UTC)
WHY = "A backup was restored, so Handout does not know which codes were published since 2026-11-30 10:15:00 UTC"


def quarantine() -> Quarantine:
    return open_quarantine("restore", lost_since=LOST_SINCE, by=STAFF)


def give(campaign: Campaign) -> Publication:
    return publish(campaign, CustomerFactory(), origin="api", by=STAFF)


def test_every_call_that_publishes_answers_503_and_says_why():
    campaign, growing = CampaignFactory(codes=3), CampaignFactory(auto_update=True)
    named = campaign.vouchers.first()
    known = published(customer=CustomerFactory(), source_id="order-1")
    api = Api(for_integrations=True)
    item = {"campaign": campaign.name, "customer": {"source_id": "ada"}, "source_id": "order-2"}
    quarantine()

    answers = [
        api.post("publications", {"campaign": campaign.name, "customer": "ada"}),
        api.post("publications", {"campaign": growing.name, "customer": "ada"}),
        api.post("publications", {"voucher": named.code, "customer": "ada"}),
        api.post("publications", {"campaign": campaign.name, "customer": "ada", "source_id": known.source_id}),
        api.post("vouchers/publish", {"campaign": campaign.name, "customer": "ada"}),
        api.get(f"publications/create?campaign={campaign.name}&customer=ada"),
        *(api.post("publications/batch", {"publications": [item], "atomic": atomic}) for atomic in (True, False)),
    ]

    for answer in answers:
        assert answer.error[:3] == (503, "service_unavailable", "Publishing is held")
        assert answer.error[3].startswith(WHY)
        assert answer.headers["Retry-After"] == "60"
    assert Publication.objects.count() == 1  # no failed attempt was kept either
    assert not growing.vouchers.exists()


@pytest.mark.parametrize("auto_update", [False, True])
def test_the_statement_itself_declines_also_where_no_door_looked(auto_update):
    campaign = CampaignFactory(codes=1, auto_update=auto_update)
    alone = StandaloneVoucherFactory()
    quarantine()

    for attempt in (
        lambda: give(campaign),
        lambda: publish(campaign, CustomerFactory(), count=2, origin="dashboard", by=STAFF),
        lambda: publish_code(campaign.vouchers.first(), CustomerFactory(), origin="api", by=STAFF),
        lambda: publish_code(alone, CustomerFactory(), origin="api", by=STAFF),
    ):
        with pytest.raises(Quarantined):
            attempt()
    assert not Publication.objects.exists()


def test_publishing_goes_on_when_a_manager_has_ended_it():
    campaign = CampaignFactory(codes=1)
    held = quarantine()

    end_quarantine(held, by=STAFF)

    assert give(campaign).voucher_count == 1
    with pytest.raises(NotOpen):
        end_quarantine(held, by=STAFF)
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {"quarantine.opened", "quarantine.ended"}


def test_redemptions_go_on():
    voucher = published().vouchers[0]
    quarantine()

    redeem(voucher, by=STAFF)

    voucher.refresh_from_db()
    assert voucher.redeemed_quantity == 1


def test_opening_one_waits_for_who_is_publishing_and_nobody_publishes_after_it():
    """On a running database: what was published stands before the quarantine, or not at all."""
    campaign = CampaignFactory(codes=50)
    gone_on, opened_at = [], []

    def publish_on():
        try:
            while True:
                gone_on.append(give(campaign).pk)
        except Quarantined:
            pass
        finally:
            connection.close()

    publishers = [threading.Thread(target=publish_on) for _ in range(3)]
    for publisher in publishers:
        publisher.start()
    while len(gone_on) < 5:
        pass
    quarantine()
    opened_at.append(Publication.objects.count())
    for publisher in publishers:
        publisher.join()

    assert Publication.objects.count() == opened_at[0] == len(gone_on) < 50


def test_a_hand_out_is_refused_and_one_that_was_under_way_stops_with_the_reason():
    campaign = CampaignFactory(codes=3)
    ordered = order_hand_out(campaign, count=3, by=STAFF, for_whom="Print shop")
    held = quarantine()

    with pytest.raises(HandOutRefused, match=WHY):
        order_hand_out(campaign, count=1, by=STAFF, for_whom="Print shop")
    with pytest.raises(Quarantined):
        take_codes(ordered.pk)
    ordered.refresh_from_db()
    assert (ordered.status, ordered.done) == ("failed", 0)
    assert "Review them first, then retry" in ordered.error
    end_quarantine(held, by=STAFF)
    take_codes(ordered.pk)
    assert Publication.objects.get().voucher_count == 3


def test_an_import_that_publishes_is_held():
    voucher = CampaignFactory(codes=1).vouchers.get()
    quarantine()
    file = ContentFile(f"code,customer_source_id\n{voucher.code},shop-1\n".encode(), name="old.csv")

    ordered = order_publication_import(file, by=STAFF)
    import_publications(ordered.pk)

    ordered.refresh_from_db()
    assert ordered.status == "failed"
    assert ordered.error.startswith(WHY)
    assert not Publication.objects.exists()


def test_what_was_at_work_is_paused_and_messages_in_flight_become_unknown():
    run = running(4, codes=4)
    write_audience(run.pk)
    publish_batch(run.pk)
    Delivery.objects.filter(pk=run.deliveries.earliest("pk").pk).update(state="sending")
    later = draft(1, codes=1)
    rule = automation()
    held = quarantine()

    run.refresh_from_db()
    rule.refresh_from_db()
    assert (run.status, run.status_reason) == ("held", "lost")
    assert (rule.status, rule.status_reason) == ("held", "lost")
    assert set(run.deliveries.values_list("state", "reason")) == {("unknown", "lost")}
    assert later.status == "draft"
    resume(run, by=STAFF)
    assert not due().exists()
    assert not advance(run.pk)  # resumed by a person, but held still
    end_quarantine(held, by=STAFF)
    assert list(Distribution.objects.at_work()) == [run]


def test_nothing_starts_by_itself_meanwhile():
    scheduled = draft(1, codes=1)
    held = quarantine()
    Outbox.objects.create(kind="publication.succeeded", object_key=1)

    start(scheduled)

    assert (start_due(), drain_outbox(), walk_segments(), addresses_due()) == (0, 0, 0, [])
    assert (scheduled.status, Outbox.objects.count()) == ("scheduled", 1)
    end_quarantine(held, by=STAFF)
    assert (start_due(), drain_outbox()) == (1, 1)


def test_ids_that_others_have_seen_move_on_and_tallies_jump_the_gap():
    before = published()
    count_all()
    quarantine_before = quarantine()
    end_quarantine(quarantine_before, by=STAFF)

    after = published(customer=CustomerFactory())
    count_all()

    assert after.pk > before.pk + BY
    assert after.customer.pk > before.customer.pk + BY
    assert after.vouchers[0].campaign_id > before.vouchers[0].campaign_id + BY
    assert disagreements() == 0
    assert count_publications() == 0


def test_only_keys_of_64_bits_move_on():
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT table_name, data_type FROM information_schema.columns
                WHERE table_schema = 'public' AND column_name = 'id' AND table_name = ANY(%s)""",
            [TABLES],
        )
        assert dict(cursor.fetchall()) == dict.fromkeys(TABLES, "bigint")


def test_the_next_codes_of_a_pool_are_withdrawn_in_the_order_in_which_they_are_given():
    campaign = CampaignFactory(codes=5)
    first, second, third = campaign.vouchers.order_by("pk")[:3]
    held = quarantine()

    assert withdraw_next(campaign, count=2, by=STAFF) == 2

    end_quarantine(held, by=STAFF)
    assert give(campaign).vouchers == [third]
    assert set(Voucher.objects.filter(withdrawn_why="held_back")) == {first, second}
    assert withdraw_next(campaign, count=10, by=STAFF) == 2
    redeem(first, by=STAFF)  # whoever was given it has it


def test_a_shops_log_withdraws_what_it_names_and_brings_in_what_is_unknown():
    campaign = CampaignFactory(name="Autumn", codes=2)
    named, other = campaign.vouchers.order_by("pk")
    gone = published()
    log = io.BytesIO(
        "\n".join(
            ["Order,Voucher code,Campaign", f"1,{named.code},", f"2,{gone.vouchers[0].code},", "3,MADE-SINCE,Autumn",
             "4,NO-CAMPAIGN,", "5,X,Winter", f"6,{named.code},", "7,,"]
        ).encode()
    )  # fmt: skip

    done = withdraw_listed(read_codes(log), by=STAFF)

    assert (done.withdrawn, done.given, done.added, done.refused) == (1, 1, 1, 3)
    assert done.problems == [
        "Row 6: there is no campaign called “Winter”.",
        "Row 8: “code” must have 1 to 255 characters.",
        "NO-CAMPAIGN is unknown: name its campaign, in a column “campaign” or for the whole file.",
    ]
    made = Voucher.objects.get(code="MADE-SINCE")
    assert (made.campaign, made.withdrawn_why, made.published_at) == (campaign, "held_back", None)
    assert give(campaign).vouchers == [other]
    redeem(made, by=STAFF)


def test_a_mail_servers_log_settles_who_got_a_message():
    run = running(3, codes=3)
    write_audience(run.pk)
    first, second, third = run.deliveries.order_by("pk")
    publish_batch(run.pk)
    quarantine()
    Delivery.objects.filter(pk=second.pk).update(state="pending", publication=None, reason="")
    log = [
        f"postfix/cleanup: message-id=<{run.public_id}.{first.pk}.1@shop>\n",
        f"postfix/cleanup: message-id=<{run.public_id}.{second.pk}.1@shop>\n",
        f"message-id=<dist_0000000000000000.{third.pk}.1@shop> and <{run.public_id}.{10**15}.1@shop>\n",
    ]

    assert settle_sent(log, by=STAFF) == 2

    states = dict(run.deliveries.values_list("pk", "state"))
    assert states == {first.pk: "sent", second.pk: "skipped", third.pk: "unknown"}
    assert settle_sent(log, by=STAFF) == 0


def test_one_that_was_cut_off_is_prepared_later_and_cannot_end_before():
    run = running(1, codes=1)
    held = Quarantine.objects.create(cause="restore", lost_since=LOST_SINCE)
    with pytest.raises(NotPrepared):
        end_quarantine(held, by=STAFF)

    call_command("after_restore", prepare=True)

    run.refresh_from_db()
    assert run.status == "held"
    end_quarantine(held, by=STAFF)


def test_one_at_a_time_from_the_earliest_moment():
    quarantine()
    earlier = LOST_SINCE - timedelta(hours=1)

    open_quarantine("failover", lost_since=earlier, by=STAFF)
    open_quarantine("failover", lost_since=LOST_SINCE, by=STAFF)

    assert [(row.cause, row.lost_since) for row in Quarantine.objects.all()] == [("restore", earlier)]


def test_the_command_walks_through_a_failover_that_lost_moments(capsys, tmp_path):
    campaign = CampaignFactory(name="Autumn", codes=3)
    give(campaign)
    log = tmp_path / "shop.csv"
    log.write_text("code\nMADE-SINCE\n")

    call_command("after_restore", lost_since=timezone.now().isoformat())
    shown = capsys.readouterr().out
    assert is_open()
    call_command("after_restore", withdraw=[("Autumn", "1")], codes=log, campaign="Autumn", open=True)

    assert "The database lost its latest changes" in shown
    assert ["2", "1", "0", "Autumn"] in [line.split() for line in shown.splitlines()]
    assert capsys.readouterr().out.splitlines() == [
        "Autumn: 1 codes withdrawn.",
        f"{log}: 0 codes withdrawn, 1 unknown ones added as withdrawn, 0 not in a pool anyway, 0 rows refused.",
        "Publishing has resumed. Distributions stay paused until someone resumes them.",
    ]
    assert not is_open()
    assert give(campaign).voucher_count == 1
