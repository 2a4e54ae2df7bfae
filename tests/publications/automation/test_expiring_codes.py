"""A rule reminds of each unused code so many days before its last one, once, whatever happens to the code or to Handout."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from campaigns.codes.models import Voucher
from config.staff.models import ProjectSettings
from publications.automation.actions.walk_segments import walk_segments
from publications.automation.models import Firing, Rule
from publications.automation.queries import expiring_codes
from publications.dashboard.verify import verify
from publications.distributions.actions.advance import advance
from publications.distributions.models import Delivery, KeptMessage
from publications.models import Publication, PublishedVoucher
from publications.redemptions.actions.redeem import redeem
from tests.support.automations import automation
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published
from tests.support.processes.forked import fork
from tests.support.settling import handed_out, settled

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def stored(settings):
    settings.EMAIL_BACKEND = "publications.distributions.sending.stored_email_backend.KeepMessages"


def reminding(campaign, *, days=7, at="0 0 * * *", **rule):
    """Active for years, so that no moment of a code lies before it; publications are as old (`held`)."""
    made = automation(
        "expires_soon", campaign=campaign, of=campaign, remind=True, message="email", days_before=days, cron=at, **rule
    )
    Rule.objects.filter(pk=made.pk).update(activated_at=timezone.now() - 1000 * DAY)
    return made


def held(campaign, *, expires_in=None, customer=None):
    """By a customer, for a year. `expires_in` days from now; None: with the campaign."""
    publication = published(VoucherFactory(campaign=campaign), customer or CustomerFactory())
    Publication.objects.filter(pk=publication.pk).update(created_at=timezone.now() - 365 * DAY)
    if expires_in is not None:
        expire(publication, expires_in)
    return publication


def expire(publication, days):
    of = Voucher.objects.filter(pk__in=[voucher.pk for voucher in publication.vouchers])
    of.update(expiration_date=timezone.now() + days * DAY)


def walk(rule):
    """It is the time of the day, and all that is due is sent."""
    Rule.objects.filter(pk=rule.pk).update(next_run_at=timezone.now())
    walk_segments()
    advance(rule.pk)


def told():
    return Counter(KeptMessage.objects.values_list("to", flat=True))


def broken():
    return [found.name for found in verify() if found.violations and "survives a crash" not in found.name]


def test_each_unused_code_is_told_once_when_its_last_day_is_near():
    campaign = CampaignFactory()
    soon, used, late = (held(campaign, expires_in=days) for days in (3, 3, 30))
    redeem(used.vouchers[0], by=STAFF)
    rule = reminding(campaign)

    walk(rule), walk(rule)

    assert told() == {soon.customer.email: 1}
    expire(late, 5)
    walk(rule)
    assert told() == {soon.customer.email: 1, late.customer.email: 1}
    assert PublishedVoucher.objects.count() == 3
    assert broken() == []


def test_a_code_without_a_date_of_its_own_ends_with_its_campaign_and_a_settled_one_is_its_customers():
    campaign = CampaignFactory(codes=2, expiration_date=timezone.now() + 3 * DAY)
    export = handed_out(campaign)
    Publication.objects.update(created_at=timezone.now() - 365 * DAY)
    code = Voucher.objects.filter(campaign=campaign).earliest("pk")
    mara = CustomerFactory(source_id="shop-1")
    settled(export.publication, f"Code,Customer source ID\n{code.code},shop-1\n")
    own = held(campaign, expires_in=30)  # it outlives the campaign

    walk(reminding(campaign))

    assert told() == {mara.email: 1}
    assert own.customer.email not in told()


@pytest.mark.parametrize(
    ("zone", "moment", "due"),
    [
        # The code's last day is 8 March in both; the rule tells at 9:00 of 1 March, there.
        ("Europe/Berlin", datetime(2026, 3, 1, 7, 59, tzinfo=UTC), False),
        ("Europe/Berlin", datetime(2026, 3, 1, 8, 0, tzinfo=UTC), True),
        ("America/New_York", datetime(2026, 3, 1, 13, 59, tzinfo=UTC), False),
        ("America/New_York", datetime(2026, 3, 1, 14, 0, tzinfo=UTC), True),
    ],
)
def test_it_is_time_in_the_time_zone_of_the_project(monkeypatch, zone, moment, due):
    campaign = CampaignFactory()
    publication = held(campaign)
    Voucher.objects.filter(campaign=campaign).update(expiration_date=datetime(2026, 3, 8, 18, tzinfo=UTC))
    Publication.objects.filter(pk=publication.pk).update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    Rule.objects.update(activated_at=datetime(2026, 1, 1, tzinfo=UTC))
    ProjectSettings.current()
    ProjectSettings.objects.update(time_zone=zone)
    rule = reminding(campaign, at="0 9 * * *").rule
    rule.activated_at = datetime(2026, 1, 1, tzinfo=UTC)
    fixed = expiring_codes.FIND.replace("now()", f"'{moment.isoformat()}'::timestamptz")
    monkeypatch.setattr(expiring_codes, "FIND", fixed)

    found = expiring_codes.expiring_codes(rule).candidates

    assert [candidate.customer for candidate in found] == ([publication.customer_id] if due else [])
    if found:
        assert found[0].key.endswith(" 2026-03-08")


def test_what_was_to_be_told_before_the_rule_or_the_publication_has_passed():
    campaign = CampaignFactory()
    held(campaign, expires_in=2)
    rule = reminding(campaign)
    Rule.objects.filter(pk=rule.pk).update(activated_at=timezone.now())
    fresh = published(VoucherFactory(campaign=campaign), CustomerFactory())

    walk(rule)
    Rule.objects.filter(pk=rule.pk).update(activated_at=timezone.now() - 1000 * DAY)
    expire(fresh, 2)
    walk(rule)

    assert fresh.customer.email not in told()
    assert sum(told().values()) == 1


def test_a_code_that_was_extended_before_the_message_went_is_told_of_its_new_day_and_no_more():
    campaign = CampaignFactory()
    publication = held(campaign, expires_in=3)
    rule = reminding(campaign)
    Rule.objects.filter(pk=rule.pk).update(next_run_at=timezone.now())
    walk_segments()

    expire(publication, 60)
    advance(rule.pk)
    walk(rule)
    assert (told(), Delivery.objects.get().reason) == ({}, "code_extended")

    expire(publication, 4)
    walk(rule)
    assert told() == {publication.customer.email: 1}
    expire(publication, 6)  # moved once more: once a code and rule
    walk(rule)
    assert told() == {publication.customer.email: 1}
    assert broken() == []


def test_used_between_its_turn_and_the_sending_it_is_left_out():
    campaign = CampaignFactory()
    publication = held(campaign, expires_in=3)
    rule = reminding(campaign)
    Rule.objects.filter(pk=rule.pk).update(next_run_at=timezone.now())
    walk_segments()

    redeem(publication.vouchers[0], by=STAFF)
    advance(rule.pk)

    assert (told(), Delivery.objects.get().reason) == ({}, "code_used")


def test_conditions_and_limits_of_the_rule_hold():
    campaign, other = CampaignFactory(), CampaignFactory(codes=1)
    mara = CustomerFactory()
    held(campaign, expires_in=3, customer=mara), held(campaign, expires_in=3, customer=mara)
    ben = held(campaign, expires_in=3).customer
    held(other, customer=ben)
    rule = reminding(campaign, at_most=1, per="week", only_without=other)

    walk(rule)

    assert told() == {mara.email: 1}
    skipped = Firing.objects.filter(outcome="skipped").values_list("customer", "reason")
    assert set(skipped) == {(mara.pk, "too_often"), (ben.pk, "holds_a_code")}


def test_the_database_wants_the_campaign_the_days_and_the_time():
    campaign = CampaignFactory()
    for missing in ({"of": None}, {"days_before": None}, {"days_before": 0}, {"cron": ""}):
        given = {"of": campaign, "days_before": 7, "cron": "0 9 * * *", **missing}
        with pytest.raises(IntegrityError), transaction.atomic():
            automation("expires_soon", campaign=campaign, remind=True, message="email", active=False, **given)


def test_a_batch_reads_so_many_codes_of_the_campaign_and_no_others(monkeypatch):
    monkeypatch.setattr(expiring_codes, "BATCH", 2)
    campaign = CampaignFactory(codes=3)
    people = {held(campaign, expires_in=3).customer.email for _ in range(3)}
    held(CampaignFactory(), expires_in=3)

    walk(reminding(campaign))

    assert set(told()) == people


@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_and_walked_by_many_at_once_each_code_is_told_once():
    """Who dies in a step has noted nothing of it; two who walk take turns. Each step is slow here, so that they meet."""
    campaign = CampaignFactory()
    people = [held(campaign, expires_in=3).customer.email for _ in range(24)]
    rule = reminding(campaign)
    Rule.objects.filter(pk=rule.pk).update(next_run_at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END $$;
               CREATE TRIGGER slowly BEFORE INSERT ON automation_firing FOR EACH ROW EXECUTE FUNCTION slowly()"""
        )
    program = """
from publications.automation.queries import expiring_codes
from publications.automation.actions.walk_segments import walk_segments
expiring_codes.BATCH = 4
print("ready", flush=True)
walk_segments()
"""
    try:
        for _ in range(2):
            victim = fork(program)
            victim.stdout.readline()
            while not Firing.objects.exists():
                assert victim.poll() is None
            victim.kill()
            victim.wait()
        together = [fork(program) for _ in range(3)]
        assert [each.wait(60) for each in together] == [0] * 3
        walk_segments()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER slowly ON automation_firing; DROP FUNCTION slowly()")
    walk(rule)

    assert told() == dict.fromkeys(people, 1)
    assert Firing.objects.count() == 24
    assert broken() == []
