"""A distribution that is scheduled reserves its codes: nobody else gets them, and whoever is refused is told why."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.codes.actions.extend_pool import extend_pool
from campaigns.codes.actions.reserve_codes import move_border
from campaigns.codes.models import Reservation
from campaigns.codes.pool import left_in_pool
from campaigns.models import Campaign
from customers.segments.models import Segment, SegmentMember
from publications.actions.hold_back import hold_back, put_back
from publications.actions.publish import publish, publish_code
from publications.actions.publish_batch import BatchRefused, Item, publish_batch
from publications.dashboard.verify import verify
from publications.distributions.actions.advance import advance
from publications.distributions.actions.change_status import cancel, pause, resume, stop
from publications.distributions.actions.keep_reservations import keep_reservations
from publications.distributions.actions.publish_batch import publish_batch as publish_of
from publications.distributions.actions.schedule import schedule
from publications.distributions.actions.start_due import start_due
from publications.distributions.actions.write_audience import write_audience
from publications.distributions.models import Distribution
from publications.exports.actions.hand_out import HandOutRefused, order_hand_out
from publications.exports.actions.write_export import make_export_file
from publications.models import Publication
from publications.queries.foresee_refusal import foresee_refusal, foresee_refusal_of_code
from publications.refusals import CodesReserved, FailureReason, VoucherReserved
from tests.support.api.calls import Api
from tests.support.distributions import draft
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db(transaction=True)


def scheduled(people, campaign, *, name="Advent", days=2, **fields) -> Distribution:
    """With its codes reserved, as the worker does it."""
    made = draft(people, campaign=campaign, name=name, message="none", **fields)
    schedule(made, at=timezone.now() + timedelta(days=days), by=STAFF)
    keep_reservations()
    return made


def begin(run: Distribution) -> None:
    """Its time has come, and its audience is written down."""
    Distribution.objects.filter(pk=run.pk).update(starts_at=timezone.now() - timedelta(minutes=1))
    start_due()
    while write_audience(run.pk):
        pass


def give(campaign, **how):
    return publish(campaign, CustomerFactory(), origin="api", by=STAFF, **how)


def free(campaign) -> int:
    return left_in_pool(campaign, up_to=1_000)


def kept_for(run) -> tuple[int, int] | None:
    found = Reservation.objects.filter(taker=run.pk).first()
    return found and (found.covered, found.needed)


def border(campaign):
    return Campaign.objects.get(pk=campaign.pk).reserved_from


def taken(run) -> int:
    return Publication.objects.filter(actor_kind="run", actor_id=run.pk).count()


def sound() -> bool:
    return not [found.name for found in verify() if found.violations and "survives a crash" not in found.name]


def test_others_get_what_is_left_beside_the_reservation_and_the_distribution_the_rest():
    campaign = CampaignFactory(codes=5)
    run = scheduled(3, campaign)
    assert (kept_for(run), free(campaign)) == ((3, 3), 2)

    give(campaign), give(campaign)
    with pytest.raises(CodesReserved):
        give(campaign)

    begin(run)
    publish_of(run.pk)
    assert (taken(run), kept_for(run)) == (3, (0, 0))
    assert sound()


def test_the_refusal_tells_how_many_are_reserved_for_what_and_when_in_the_same_kind_of_error():
    campaign = CampaignFactory(name="Coffee", codes=2)
    run = scheduled(4, campaign)
    day = timezone.localtime(run.__class__.objects.get(pk=run.pk).starts_at)

    answer = Api("publish").post("publications", {"campaign": "Coffee", "customer": {"source_id": "ada"}})

    assert (answer.status, answer.json["key"]) == (400, "no_voucher_suitable_for_publication")
    assert f"2 codes are reserved for the distribution “Advent” on {day.day} {day:%B %Y}" in answer.json["details"]
    assert Publication.objects.get().failure_reason == FailureReason.RESERVED


def test_nobody_else_takes_reserved_codes():
    campaign = CampaignFactory(name="Coffee", codes=3)
    scheduled(3, campaign)
    code = campaign.vouchers.first()

    with pytest.raises(CodesReserved):
        give(campaign, count=2)
    with pytest.raises(VoucherReserved, match="3 codes are reserved for the distribution “Advent”"):
        publish_code(code, CustomerFactory(), origin="api", by=STAFF)
    with pytest.raises(HandOutRefused, match="no codes that are not reserved: 3 codes are reserved"):
        order_hand_out(campaign, count=None, by=STAFF, for_whom="Print shop")
    items = [Item("order-1", {"source_id": "ada"}, campaign="Coffee")]
    assert isinstance(publish_batch(items, channel="API", origin="api", by=STAFF)[0], CodesReserved)
    with pytest.raises(BatchRefused):
        publish_batch(items, channel="API", origin="api", by=STAFF, atomic=True)
    other = draft(1, campaign=campaign, name="Now", message="none")
    schedule(other, at=None, by=STAFF)
    begin(other)
    publish_of(other.pk)

    other.refresh_from_db()
    assert (other.status, other.status_reason) == ("held", "codes_reserved")
    assert "3 codes are reserved for the distribution “Advent”" in other.why_paused
    assert campaign.vouchers.filter(published_at=None).count() == 3


def test_a_hand_out_of_everything_leaves_what_is_reserved():
    campaign = CampaignFactory(codes=5)
    scheduled(2, campaign)

    with pytest.raises(HandOutRefused, match="the pool has 3 that are not reserved: 2 codes are reserved"):
        order_hand_out(campaign, count=4, by=STAFF, for_whom="Print shop")
    export = order_hand_out(campaign, count=None, by=STAFF, for_whom="Print shop")
    make_export_file(export.pk)

    export.refresh_from_db()
    assert (export.rows, campaign.vouchers.filter(published_at=None).count()) == (3, 2)


def test_a_hand_out_that_was_ordered_before_is_cut_short_rather_than_taking_them():
    campaign = CampaignFactory(codes=5)
    export = order_hand_out(campaign, count=5, by=STAFF, for_whom="Print shop")
    scheduled(2, campaign)
    make_export_file(export.pk)

    export.refresh_from_db()
    assert export.rows == 3


def test_a_code_asked_for_by_name_is_given_as_long_as_another_one_is_free():
    campaign = CampaignFactory(codes=4)
    run = scheduled(3, campaign)
    last = campaign.vouchers.order_by("-pk").first()

    publish_code(last, CustomerFactory(), origin="api", by=STAFF)
    keep_reservations()

    assert (kept_for(run), free(campaign)) == ((3, 3), 0)
    with pytest.raises(CodesReserved):
        give(campaign)


def test_reservations_of_several_distributions_add_up_and_each_takes_its_own():
    campaign = CampaignFactory(codes=10)
    late, soon = scheduled(4, campaign, name="Late", days=9), scheduled(3, campaign, name="Soon", days=1)
    assert free(campaign) == 3
    for _ in range(3):
        give(campaign)
    with pytest.raises(CodesReserved, match=r"7 codes are reserved for the distribution “Soon” on .* and 1 other"):
        give(campaign)

    for run, codes in ((soon, 3), (late, 4)):
        begin(run)
        publish_of(run.pk)
        assert taken(run) == codes
    assert sound()


def test_the_later_one_starting_first_leaves_what_the_other_needs():
    campaign = CampaignFactory(codes=7)
    late, soon = scheduled(4, campaign, name="Late", days=9), scheduled(3, campaign, name="Soon", days=1)
    begin(late)
    publish_of(late.pk)

    assert (taken(late), kept_for(soon), free(campaign)) == (4, (3, 3), 0)
    begin(soon)
    publish_of(soon.pk)
    assert taken(soon) == 3


def test_codes_leave_the_pool_in_one_order_whoever_takes_them():
    """So that after a restored backup "the next so many" are the right ones to withdraw (publications/quarantine)."""
    campaign = CampaignFactory(codes=6)
    codes = list(campaign.vouchers.order_by("pk").values_list("pk", flat=True))
    late, soon = scheduled(2, campaign, name="Late", days=9), scheduled(2, campaign, name="Soon", days=1)

    begin(soon)
    publish_of(soon.pk)
    first = give(campaign)
    begin(late)
    publish_of(late.pk)

    assert [code.pk for code in first.vouchers] == codes[2:3]
    assert list(campaign.vouchers.filter(published_at=None).values_list("pk", flat=True)) == codes[5:]


def test_a_code_that_a_manager_puts_back_fills_up_what_is_short():
    campaign = CampaignFactory(codes=2)
    held = campaign.vouchers.first()
    hold_back(held, reason="Printed wrongly", by=STAFF)
    run = scheduled(2, campaign)
    assert kept_for(run) == (1, 2)

    put_back(held, reason="It was right", by=STAFF)
    keep_reservations()
    assert (kept_for(run), free(campaign)) == ((2, 2), 0)


def test_with_too_few_codes_the_earlier_one_has_them_and_what_is_short_is_told():
    campaign = CampaignFactory(codes=5)
    late, soon = scheduled(4, campaign, name="Late", days=9), scheduled(3, campaign, name="Soon", days=1)

    assert (kept_for(soon), kept_for(late), free(campaign)) == ((3, 3), (2, 4), 0)
    begin(late)
    publish_of(late.pk)
    late.refresh_from_db()
    assert (taken(late), late.status_reason) == (2, "codes_reserved")

    begin(soon)
    publish_of(soon.pk)
    assert taken(soon) == 3


def test_codes_that_come_later_fill_it_up_and_the_rest_is_free():
    campaign = CampaignFactory(codes=2)
    run = scheduled(3, campaign)
    with pytest.raises(CodesReserved):
        give(campaign)

    extend_pool(campaign, count=3)
    give(campaign), give(campaign)  # without waiting for the background: the sure look works it out anew

    with pytest.raises(CodesReserved):
        give(campaign)
    assert kept_for(run) == (3, 3)


def test_a_cancelled_one_gives_its_codes_back_at_once():
    campaign = CampaignFactory(codes=2)
    run = scheduled(2, campaign)
    with pytest.raises(CodesReserved):
        give(campaign)
    version = Campaign.objects.get(pk=campaign.pk).pool_version

    cancel(run, by=STAFF)

    assert (kept_for(run), border(campaign)) == (None, None)
    campaign.refresh_from_db()
    assert campaign.pool_version > version
    give(campaign)  # though this process has found the pool short before


def test_a_paused_one_keeps_them_a_stopped_one_gives_them_back():
    campaign = CampaignFactory(codes=4)
    run = scheduled(3, campaign)
    begin(run)
    pause(run, by=STAFF)
    keep_reservations()
    assert (kept_for(run), free(campaign)) == ((3, 3), 1)

    resume(run, by=STAFF), pause(run, by=STAFF)
    stop(run, by=STAFF)
    assert (kept_for(run), border(campaign), free(campaign)) == (None, None, 4)


def test_one_that_is_done_keeps_nothing():
    campaign = CampaignFactory(codes=4)
    run = scheduled(3, campaign)
    begin(run)
    advance(run.pk)

    run.refresh_from_db()
    assert (run.status, kept_for(run), border(campaign), free(campaign)) == ("done", None, None, 1)


def test_it_follows_an_audience_that_grows_and_shrinks():
    campaign, segment = CampaignFactory(codes=10), Segment.objects.create(name="Testers", type="static")
    people = CustomerFactory.create_batch(5)
    SegmentMember.objects.bulk_create(SegmentMember(segment=segment, customer=one) for one in people[:2])
    run = scheduled(0, campaign, audience="segment", segment=segment)
    assert kept_for(run) == (2, 2)

    def again():
        Reservation.objects.update(counted_at=timezone.now() - timedelta(minutes=2))
        keep_reservations()
        return kept_for(run)

    SegmentMember.objects.bulk_create(SegmentMember(segment=segment, customer=one) for one in people[2:])
    assert (again(), free(campaign)) == ((5, 5), 5)
    SegmentMember.objects.filter(customer__in=people[1:]).delete()
    assert (again(), free(campaign)) == ((1, 1), 9)


def test_withdrawn_disabled_and_enabled_codes_move_the_border():
    campaign = CampaignFactory(codes=6)
    run = scheduled(3, campaign)
    reserved = campaign.vouchers.order_by("-pk")[:2]
    campaign.vouchers.filter(pk__in=[code.pk for code in reserved]).update(active=False)
    keep_reservations()
    assert (kept_for(run), free(campaign)) == ((3, 3), 1)

    campaign.vouchers.update(active=True)
    keep_reservations()
    assert (kept_for(run), free(campaign)) == ((3, 3), 3)


def test_a_pool_that_extends_itself_makes_new_codes_rather_than_taking_reserved_ones():
    campaign = CampaignFactory(codes=2, auto_update=True)
    run = scheduled(2, campaign)

    one, several = give(campaign), give(campaign, count=3)

    assert (kept_for(run), len(one.vouchers), len(several.vouchers)) == ((2, 2), 1, 3)
    assert campaign.vouchers.filter(published_at=None).count() == 2
    begin(run)
    publish_of(run.pk)
    assert (taken(run), campaign.vouchers.count()) == (2, 6)


def test_whom_the_run_leaves_out_needs_no_code_any_more():
    campaign = CampaignFactory(codes=3)
    people = CustomerFactory.create_batch(3)
    run = scheduled(people, campaign)
    begin(run)
    run.deliveries.filter(customer=people[0]).update(state="skipped", reason="holds_a_code")
    keep_reservations()

    assert (kept_for(run), free(campaign)) == ((2, 2), 1)


def test_what_is_kept_for_nobody_is_given_back_by_the_next_look_and_verify_tells_of_it():
    """As after somebody's own SQL, or a run that was removed by hand."""
    campaign = CampaignFactory(codes=2)
    run = scheduled(2, campaign)
    Reservation.objects.filter(taker=run.pk).update(taker=run.pk + 1_000)
    broken = {found.name for found in verify() if found.violations}
    assert "codes are reserved only for distributions that have still to take them" in broken

    keep_reservations()
    assert (kept_for(run), Reservation.objects.count()) == ((2, 2), 1)

    Reservation.objects.all().delete()
    assert "a border stands only where codes are reserved" in {found.name for found in verify() if found.violations}
    assert move_border(campaign.pk)
    assert (border(campaign), sound()) == (None, True)


def test_pages_tell_what_is_reserved_and_what_is_short(signed_in):
    campaign = CampaignFactory(codes=5)
    soon, late = scheduled(3, campaign, name="Soon", days=1), scheduled(4, campaign, name="Late", days=9)
    browser = signed_in("Manager")

    page = browser.get(campaign.get_absolute_url()).content.decode()
    assert "5 codes in the pool are reserved</strong>, 0 are free." in page
    assert "4 codes, <strong>2 short</strong>" in page
    assert "No codes are left that are not reserved: 5 codes are reserved for the distribution “Soon”" in page

    page = browser.get(soon.get_absolute_url()).content.decode()
    assert "3 codes are reserved for it: nobody else gets them." in page
    page = browser.get(late.get_absolute_url()).content.decode()
    assert "2 codes short.</strong> 2 of 4 codes are reserved for it" in page

    new = draft(1, campaign=campaign, name="New", message="none")
    page = browser.get(reverse("distributions:review", args=[new.pk])).content.decode()
    assert "1 needed, 0 in the pool besides 5 reserved for other distributions" in page
    page = browser.get(reverse("exports:hand-out", args=[campaign.pk])).content.decode()
    assert "0 free codes in the pool; 5 codes are reserved for the distribution “Soon”" in page
    assert "The codes left in this campaign are reserved. Add codes first." in page


def test_before_anybody_tries_a_reserved_code_and_pool_say_so():
    campaign = CampaignFactory(codes=3)
    scheduled(2, campaign)
    last = campaign.vouchers.order_by("-pk").select_related("campaign").first()
    campaign.refresh_from_db()
    assert (foresee_refusal(campaign), foresee_refusal_of_code(last)) == ([], [])

    give(campaign)
    assert [found.state for found in foresee_refusal(campaign)] == ["Reserved"]
    assert [found.state for found in foresee_refusal_of_code(last)] == ["Reserved"]
