"""What starts an automatic distribution, for whom, and for whom not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.events.models import Outbox
from customers.actions.track_event import track_event
from customers.actions.upsert import upsert_customer
from customers.models import Customer
from customers.segments.actions.create_segment import create_filter_segment
from customers.segments.actions.watch_segments import look_at_segments
from customers.segments.models import WatchedSegment
from publications.actions.release import release
from publications.automation.actions.activate import activate
from publications.automation.actions.walk_segments import InvalidCron, next_time, walk_segments
from publications.automation.models import Firing, Rule
from publications.dashboard.erase_customer import erase_customer
from publications.distributions.actions.change_status import NotPossible, archive, pause, resume
from publications.models import Publication
from publications.redemptions.actions.redeem import redeem
from tests.support.automations import automation, fired_for, pass_on, publish_all, skipped, waiting
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db
GOLD = {"metadata.tier": {"conditions": {"$is": ["gold"]}}}


def gold_segment():
    return create_filter_segment("Gold", GOLD, by=STAFF)


def gold():
    return CustomerFactory(metadata={"tier": "gold"})


def look():
    WatchedSegment.objects.update(looked_at="2000-01-01T00:00Z")
    look_at_segments()
    pass_on()


def older(*rules):
    """As if they had been activated a minute ago: within a test's one transaction no time passes."""
    Rule.objects.update(activated_at=timezone.now() - timedelta(minutes=1))


def test_a_new_customer_is_given_a_code_by_whichever_door_they_come():
    welcome = automation("customer_created")
    older()
    first = upsert_customer({"source_id": "shop-a", "name": "Ada"})
    upsert_customer({"source_id": "shop-a", "name": "Ada L"})
    Customer.objects.bulk_create([Customer(source_id="b"), Customer(source_id="c")])

    pass_on()
    publish_all()

    assert fired_for(welcome) == list(Customer.objects.order_by("pk").values_list("pk", flat=True))
    publication = Publication.objects.get(customer=first)
    assert (publication.channel, publication.origin, publication.actor_kind) == ("Automation", "automation", "run")
    assert publication.metadata["distribution_id"] == welcome.public_id


def test_without_a_rule_nothing_is_noted():
    CustomerFactory()
    track_event("order", {"source_id": "x"}, by=STAFF)

    assert Outbox.objects.count() == 0


def test_who_enters_a_segment():
    rule = automation("segment_entered", segment=gold_segment())
    older()
    gold()
    look()

    ada = Customer.objects.latest("pk")
    assert fired_for(rule) == [ada.pk]
    Customer.objects.filter(pk=ada.pk).update(metadata={})
    look()
    assert fired_for(rule) == [ada.pk]


def test_who_leaves_a_segment():
    segment, ada = gold_segment(), gold()
    rule = automation("segment_left", segment=segment)
    older()
    Customer.objects.filter(pk=ada.pk).update(metadata={})
    look()

    assert fired_for(rule) == [ada.pk]


def test_those_already_in_it_are_passed_by_unless_they_are_meant():
    segment, ada = gold_segment(), gold()
    without = automation("segment_entered", segment=segment)
    with_them = automation("segment_entered", segment=segment, with_those_in_it=True)

    too_early = walk_segments()  # the worker has not noted yet who they are
    look()
    walk_segments()

    assert too_early == 0

    assert (fired_for(without), fired_for(with_them)) == ([], [ada.pk])


def test_those_already_in_it_get_nothing_again_when_it_is_paused_and_activated():
    gold()
    rule = automation("segment_entered", segment=gold_segment(), with_those_in_it=True)
    look_at_segments()
    walk_segments()
    pause(rule, by=STAFF)
    bob = gold()

    activate(rule, by=STAFF)
    look_at_segments()
    walk_segments()

    assert fired_for(rule)[1:] == [bob.pk]


def test_a_code_of_the_campaign_is_published():
    spring, other = CampaignFactory(), CampaignFactory()
    rule = automation("code_published", of=spring)
    older()
    ada, bob = CustomerFactory(), CustomerFactory()

    published(VoucherFactory(campaign=spring), ada)
    published(VoucherFactory(campaign=other), bob)
    pass_on()

    assert fired_for(rule) == [ada.pk]


def test_a_code_is_redeemed_and_one_without_a_customer_is_told():
    rule = automation("code_redeemed")
    older()
    ada = CustomerFactory()

    redeem(VoucherFactory(), customer=ada, by=STAFF)
    redeem(VoucherFactory(), by=STAFF)
    pass_on()

    assert fired_for(rule) == [ada.pk]
    assert skipped(rule) == {None: "No customer was named"}


def test_a_custom_event_with_conditions_on_its_properties():
    conditions = {"total": {"conditions": {"$more_than": [50]}}, "currency": {"conditions": {"$is": ["EUR"]}}}
    rule = automation("event", event_name="order", event_filter=conditions)
    older()
    for source_id, name, properties in (
        ("fits", "order", {"total": 60, "currency": "EUR"}),
        ("cheap", "order", {"total": 50, "currency": "EUR"}),
        ("dollars", "order", {"total": 60, "currency": "USD"}),
        ("other", "cart", {"total": 60, "currency": "EUR"}),
    ):
        track_event(name, {"source_id": source_id}, metadata=properties, by=STAFF)
    pass_on()

    assert fired_for(rule) == [Customer.objects.get(source_id="fits").pk]


def test_a_schedule_fires_for_a_segment_once_each_time():
    ada, bob = gold(), gold()
    rule = automation("schedule", segment=gold_segment(), cron="0 9 * * 1")
    before = walk_segments()
    Rule.objects.update(next_run_at="2026-01-05T09:00Z")

    fired = [walk_segments(), walk_segments()]
    Rule.objects.update(next_run_at="2026-01-12T09:00Z")
    walk_segments()

    assert (before, fired) == (0, [2, 0])
    assert fired_for(rule) == [ada.pk, bob.pk, ada.pk, bob.pk]
    assert set(Firing.objects.values_list("key", flat=True)) == {"time 2026-01-05T09:00Z", "time 2026-01-12T09:00Z"}
    assert Rule.objects.get().next_run_at > timezone.now()


def test_times_are_those_of_the_project(project):
    project(time_zone="Europe/Madrid")
    at = timezone.datetime(2026, 7, 1, tzinfo=timezone.get_default_timezone())

    assert next_time("0 9 * * *", after=at).isoformat() == "2026-07-01T09:00:00+02:00"


@pytest.mark.parametrize(
    ("cron", "comes"),
    [("30 2 * * *", ["25T02:30+02:00", "26T02:30+01:00"]), ("30 * * * *", ["25T02:30+02:00", "25T02:30+01:00"])],
)
def test_the_hour_that_comes_twice_in_autumn_counts_once_for_what_names_it(project, cron, comes):
    project(time_zone="Europe/Madrid")
    first = next_time(cron, after=timezone.datetime(2026, 10, 25, 0, 15, tzinfo=timezone.get_default_timezone()))

    assert [f"{at:%dT%H:%M}{at:%z}"[:11] + ":00" for at in (first, next_time(cron, after=first))] == comes


def test_another_time_zone_moves_the_next_time(project):
    automation("schedule", segment=gold_segment(), cron="0 9 * * *")
    before = Rule.objects.get().next_run_at

    project(time_zone="Asia/Tokyo")
    walk_segments()

    assert (before.hour, Rule.objects.get().next_run_at.hour) == (9, 0)


@pytest.mark.parametrize("cron", ["", "9", "0 9 * *", "0 9 * * * *", "61 * * * *", "0 0 31 2 *", "@daily", "R * * * *"])
def test_what_is_no_time_is_refused(cron):
    with pytest.raises(InvalidCron, match="five fields"):
        next_time(cron)


def test_only_who_is_in_a_segment():
    rule = automation("code_redeemed", only_segment=gold_segment())
    older()
    ada, bob = gold(), CustomerFactory()
    for customer in (ada, bob):
        redeem(VoucherFactory(), customer=customer, by=STAFF)
    pass_on()

    assert fired_for(rule) == [ada.pk]
    assert skipped(rule) == {bob.pk: "Not in the segment: Gold"}


def test_only_who_holds_a_code_of_a_campaign_and_none_of_another():
    newsletter, student = CampaignFactory(name="Newsletter"), CampaignFactory(name="Student")
    rule = automation("event", event_name="visit", only_holders_of=newsletter, only_without=student)
    older()
    ada, bob, carl, dora = (CustomerFactory() for _ in range(4))
    for customer in (ada, bob, carl):
        published(VoucherFactory(campaign=newsletter), customer)
    release(published(VoucherFactory(campaign=student), ada).vouchers[0], by=STAFF, reason="A mistake")
    published(VoucherFactory(campaign=student), bob)

    for customer in (ada, bob, carl, dora):
        track_event("visit", {"id": customer.public_id}, by=STAFF)
    pass_on()

    assert fired_for(rule) == [ada.pk, carl.pk]
    assert skipped(rule) == {bob.pk: "Holds a code of: Student", dora.pk: "Holds no code of: Newsletter"}


def test_once_a_customer():
    rule = automation("code_redeemed", at_most=1)
    older()
    ada = CustomerFactory()
    for _ in range(3):
        redeem(VoucherFactory(), customer=ada, by=STAFF)
    pass_on()

    assert fired_for(rule) == [ada.pk]
    assert Firing.objects.filter(reason="too_often", detail="at most once").count() == 2


def test_at_most_twice_a_day():
    rule = automation("code_redeemed", at_most=2, per="day")
    older()
    ada = CustomerFactory()
    for _ in range(3):
        redeem(VoucherFactory(), customer=ada, by=STAFF)
    pass_on()
    today = fired_for(rule)
    Firing.objects.update(created_at=timezone.now() - timedelta(hours=25))
    redeem(VoucherFactory(), customer=ada, by=STAFF)
    pass_on()

    assert (today, fired_for(rule)) == ([ada.pk] * 2, [ada.pk] * 3)
    assert skipped(rule) == {ada.pk: "Reached the limit: at most 2 times every 24 hours"}


def test_who_was_erased_meanwhile_is_left_out():
    rule = automation("code_redeemed")
    older()
    ada = CustomerFactory()
    redeem(VoucherFactory(), customer=ada, by=STAFF)
    erase_customer(ada, by=STAFF)
    pass_on()

    assert skipped(rule) == {ada.pk: "Personal data was erased"}


def test_what_happened_before_is_not_its_business():
    automation("customer_created", name="Another")
    ada = CustomerFactory()
    rule = automation("code_redeemed")
    Rule.objects.filter(pk=rule.pk).update(activated_at=timezone.now() + timedelta(minutes=1))
    redeem(VoucherFactory(), customer=ada, by=STAFF)
    pass_on()

    assert fired_for(rule) == []


def test_a_paused_one_does_not_fire_and_what_happens_meanwhile_is_passed_by():
    rule = automation("customer_created")
    pause(rule, by=STAFF)
    CustomerFactory()
    activate(rule, by=STAFF)
    pass_on()

    assert Firing.objects.count() == 0


def test_one_that_ran_out_of_codes_goes_on_noting_for_whom_it_must_fire():
    campaign = CampaignFactory(codes=1)
    rule = automation("customer_created", campaign=campaign)
    older()
    for _ in range(2):
        CustomerFactory()
    pass_on()
    publish_all()
    rule.refresh_from_db()
    CustomerFactory()
    pass_on()

    assert (rule.status, rule.status_reason) == (
        "held",
        "pool_empty",
    )
    assert waiting(rule) == 2
    for number in range(2):
        VoucherFactory(campaign=campaign, code=f"MORE{number}")
    resume(rule, by=STAFF)
    publish_all()
    assert Publication.objects.count() == 3


def test_who_waits_when_it_is_archived_gets_nothing():
    rule = automation("customer_created")
    older()
    CustomerFactory()
    pass_on()

    archive(rule, by=STAFF)
    publish_all()

    assert (Publication.objects.count(), waiting(rule)) == (0, 0)
    with pytest.raises(NotPossible):
        activate(rule, by=STAFF)
