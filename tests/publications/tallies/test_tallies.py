"""Publications are counted by day in the background, each exactly once, and pages are exact at every moment."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from publications.actions.publish import publish
from publications.actions.release import release
from publications.dashboard.queries.campaign_overview import overview_of
from publications.dashboard.verify import INVARIANTS
from publications.exports.actions import hand_out
from publications.models import Publication
from publications.redemptions.actions.delete_old_failures import delete_old_failures
from publications.refusals import NoVoucherSuitable
from publications.tallies import count_publications as counting
from publications.tallies.count_publications import count_publications
from publications.tallies.models import DayTally, TallyProgress
from publications.tallies.tally import tally_days
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published
from tests.support.plans import analyse, plan
from tests.support.processes.forked import fork

pytestmark = pytest.mark.django_db(transaction=True)

(AGREEMENT,) = (invariant for invariant in INVARIANTS if "tallies" in invariant.name)


def minute_passes():
    """For what was noted: a test waits for no clock."""
    TallyProgress.objects.update(noted_at=timezone.now() - timedelta(minutes=2))


def count_all() -> None:
    count_publications()  # notes how far ids have been drawn
    minute_passes()
    count_publications()


def disagreements() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({AGREEMENT.broken}) AS broken")
        return cursor.fetchone()[0]


def tallies(campaign_id: int = 0) -> dict:
    rows = DayTally.objects.filter(campaign_id=campaign_id)
    return {(row.channel, row.result): (row.publications, row.codes, row.attempts) for row in rows}


def refused(campaign, customer):
    with pytest.raises(NoVoucherSuitable):
        publish(campaign, customer, channel="API", origin="api", by=STAFF)


def in_threads(*work):
    def run(what):
        try:
            what()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[what]) for what in work]
    for thread in threads:
        thread.start()
    return threads


def test_publications_are_counted_by_campaign_and_in_all():
    campaign = CampaignFactory(codes=5)
    publish(campaign, CustomerFactory(), count=3, channel="API", origin="api", by=STAFF)
    publish(campaign, CustomerFactory(), channel="Till", origin="api", by=STAFF)
    published(VoucherFactory(campaign=None))
    customer, empty = CustomerFactory(), CampaignFactory()
    refused(empty, customer), refused(empty, customer)

    count_all()

    attempts = sum(Publication.objects.filter(result="FAILURE").values_list("attempts", flat=True))
    rows = Publication.objects.filter(result="FAILURE").count()  # two, where the minute ended in between
    assert tallies(campaign.pk) == {("API", "SUCCESS"): (1, 3, 1), ("Till", "SUCCESS"): (1, 1, 1)}
    assert tallies(empty.pk) == {("API", "FAILURE"): (rows, 0, attempts)}
    assert tallies() == {
        ("API", "SUCCESS"): (2, 4, 2),
        ("Till", "SUCCESS"): (1, 1, 1),
        ("API", "FAILURE"): (rows, 0, attempts),
    }
    assert attempts == 2
    assert disagreements() == 0


def test_a_page_is_exact_before_and_after_and_in_between():
    campaign = CampaignFactory(codes=4)
    for _ in range(2):
        publish(campaign, CustomerFactory(), channel="API", origin="api", by=STAFF)
    before = tally_days(campaign).codes(last=1)
    count_all()
    counted = tally_days(campaign).codes(last=1)
    publish(campaign, CustomerFactory(), count=2, channel="Till", origin="api", by=STAFF)

    after = tally_days(campaign)

    assert (before, counted, after.codes(last=1)) == (2, 2, 4)
    assert (after.publications(last=1), after.channels) == (3, {"API", "Till"})
    assert tally_days().codes(last=1) == 4


def test_a_page_that_is_read_while_the_counting_goes_on_counts_nothing_twice(monkeypatch):
    monkeypatch.setattr(counting, "CHUNK", 1)
    campaign = CampaignFactory(codes=60)
    for _ in range(60):
        publish(campaign, CustomerFactory(), channel="API", origin="api", by=STAFF)
    first = Publication.objects.order_by("pk")[0].pk
    TallyProgress.objects.create(id=1, time_zone="UTC", counted_up_to=first - 1, settled_up_to=first + 59)

    (counter,) = in_threads(count_publications)
    seen = {tally_days(campaign).codes(last=1)}
    while counter.is_alive():
        seen.add(tally_days(campaign).codes(last=1))

    assert seen == {60}
    assert tallies(campaign.pk) == {("API", "SUCCESS"): (60, 60, 60)}


def test_what_is_not_committed_yet_holds_the_counting_up():
    """Its id was drawn, and may be followed by greater ones that are committed."""
    campaign = CampaignFactory(codes=2)
    drawn, commit = threading.Event(), threading.Event()

    def publish_slowly():
        with transaction.atomic():
            Publication.objects.create(
                campaign=campaign, customer=customer, voucher_count=1, channel="slow", origin="api", actor_label="Till"
            )
            drawn.set()
            commit.wait(60)

    customer = CustomerFactory()
    (slow,) = in_threads(publish_slowly)
    drawn.wait(60)
    published(VoucherFactory(campaign=campaign))
    count_all()
    count_publications()
    while_open = TallyProgress.objects.get().counted_up_to
    commit.set()
    slow.join()
    count_publications()

    assert while_open == 0
    assert sorted(tallies(campaign.pk)) == [("API", "SUCCESS"), ("slow", "SUCCESS")]
    assert disagreements() == 0


def test_a_failed_attempt_is_not_counted_while_its_minute_lasts():
    refused(CampaignFactory(), CustomerFactory())

    count_publications()
    TallyProgress.objects.update(noted_at=timezone.now())
    count_publications()

    assert TallyProgress.objects.get().counted_up_to == 0


def test_it_agrees_when_two_count_while_others_publish(monkeypatch):
    monkeypatch.setattr(counting, "CHUNK", 7)
    empty, full = CampaignFactory(), CampaignFactory(codes=120)
    over = threading.Event()

    def publish_some(shop):
        def run():
            for n in range(25):
                customer = {"source_id": f"{shop}-{n}"}  # of its own, so that no failure is counted up on its row
                publish(full, customer, channel="API", origin="api", by=STAFF)
                refused(empty, customer)

        return run

    def count():
        while not over.is_set():
            count_publications()
            minute_passes()

    counters = in_threads(count, count)
    for thread in in_threads(*map(publish_some, range(4))):
        thread.join()
    over.set()
    for thread in counters:
        thread.join()
    count_all(), count_all()

    assert tallies(full.pk) == {("API", "SUCCESS"): (100, 100, 100)}
    assert tallies() == {("API", "SUCCESS"): (100, 100, 100), ("API", "FAILURE"): (100, 0, 100)}
    assert disagreements() == 0


def test_one_that_is_killed_leaves_nothing_half_counted():
    campaign = CampaignFactory()
    rows = [
        Publication(
            campaign=campaign, customer=customer, voucher_count=1, channel="API", origin="api", actor_label="Shop"
        )
        for customer in [CustomerFactory()] * 2000
    ]
    Publication.objects.bulk_create(rows)
    count_publications()
    minute_passes()
    worker = fork("from publications.tallies import count_publications as c; c.CHUNK = 1; c.count_publications()")
    while TallyProgress.objects.get().counted_up_to < rows[10].pk:
        assert worker.poll() is None
    worker.kill()
    worker.wait()
    partly = TallyProgress.objects.get().counted_up_to - rows[0].pk + 1

    count_publications()

    assert 0 < partly < 2000
    assert tallies(campaign.pk) == tallies() == {("API", "SUCCESS"): (2000, 2000, 2000)}
    assert disagreements() == 0


def test_a_hand_out_that_grows_after_it_was_counted_is_counted_on(monkeypatch):
    monkeypatch.setattr(hand_out, "CHUNK", 2)
    campaign = CampaignFactory(codes=7)
    export = hand_out.order_hand_out(campaign, count=5, by=STAFF, for_whom="Print shop")
    hand_out._take_chunk(export.pk, for_sure=False)
    count_all()
    early = tallies(campaign.pk)
    hand_out.take_codes(export.pk)

    assert early == {("CSV", "SUCCESS"): (1, 2, 1)}
    assert tallies(campaign.pk) == tallies() == {("CSV", "SUCCESS"): (1, 5, 1)}
    assert disagreements() == 0


def test_old_failures_leave_the_tallies_with_their_rows(project):
    project(keep_failures_days=30)
    campaign = CampaignFactory()
    refused(campaign, CustomerFactory())
    Publication.objects.update(created_at=timezone.now() - timedelta(days=31), attempts=4)
    refused(campaign, CustomerFactory())
    count_all()
    refused(campaign, CustomerFactory())
    Publication.objects.filter(pk=Publication.objects.latest("pk").pk).update(
        created_at=timezone.now() - timedelta(days=32)
    )

    assert delete_old_failures() == 2

    assert tallies(campaign.pk) == {("API", "FAILURE"): (1, 0, 1)}
    assert DayTally.objects.count() == 2
    assert disagreements() == 0
    count_all()
    assert (disagreements(), tally_days(campaign).failed_in_all) == (0, 1)


def test_another_time_zone_begins_the_counting_again(project):
    campaign = CampaignFactory()
    publication = published(VoucherFactory(campaign=campaign))
    noon = timezone.now().replace(hour=12, minute=0) - timedelta(days=2)
    Publication.objects.filter(pk=publication.pk).update(created_at=noon)
    count_all()
    in_utc = DayTally.objects.values_list("day", flat=True).distinct().get()
    project(time_zone="Pacific/Kiritimati")  # UTC+14
    with timezone.override("Pacific/Kiritimati"):
        meanwhile = tally_days(campaign).codes(last=7)
        count_publications()
        counted_anew = tally_days(campaign).codes(last=7)

    assert DayTally.objects.values_list("day", flat=True).distinct().get() == in_utc + timedelta(days=1)
    assert (meanwhile, counted_anew, disagreements()) == (1, 1, 0)


@pytest.mark.parametrize("counted_before", [True, False])
def test_a_code_that_was_released_is_published_no_more_on_any_day(counted_before):
    """The same in the tile of the week as in that of the codes: nobody reads 3 in 7 days, of 2 in all."""
    campaign = CampaignFactory(codes=4)
    publication = publish(campaign, CustomerFactory(), count=3, channel="API", origin="api", by=STAFF)
    if counted_before:
        count_all()

    release(publication.vouchers[0], by=STAFF, reason="Sent to the wrong person")
    on_page = tally_days(campaign).codes(last=7)
    count_all()

    days = tally_days(campaign)
    assert (on_page, days.codes(last=7), tally_days().codes(last=7)) == (2, 2, 2)
    assert overview_of(campaign).codes.published == 2
    assert disagreements() == 0


def test_the_ledger_is_read_for_none_but_publications_of_several_codes():
    """Row by row it took hours where the plan was one from when the ledger was small."""
    campaign = CampaignFactory(codes=6)
    for n in range(3):
        publish(campaign, CustomerFactory(), count=1 + (n == 2), channel="API", origin="api", by=STAFF)
    analyse("publications_publication", "publications_publishedvoucher")
    values = {"after": 0, "up_to": Publication.objects.latest("pk").pk, "zone": "UTC"}

    read = plan(counting.ADD, values, options="ANALYZE, TIMING OFF, COSTS OFF")

    looks = [line for line in read.splitlines() if "publications_publishedvoucher" in line]
    assert len(looks) == 1
    assert "loops=1)" in looks[0]
