"""Publishing of a run: a code is taken only for who is tried, nobody gets two, and an empty pool pauses the run."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.codes.actions.extend_pool import extend_pool
from campaigns.codes.models import Voucher
from publications.actions.publish import publish
from publications.dashboard.erase_customer import erase_customer
from publications.distributions.actions.advance import advance
from publications.distributions.actions.change_status import pause, resume, stop
from publications.distributions.actions.end_run import wind_up_ended
from publications.distributions.actions.list_recipients import list_recipients
from publications.distributions.actions.publish_batch import publish_batch
from publications.distributions.actions.write_audience import write_audience
from publications.distributions.models import Delivery
from publications.models import Publication, PublishedVoucher
from tests.support.distributions import draft, running, start
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db


def states(run):
    return list(Delivery.objects.filter(distribution=run).order_by("customer_id").values_list("state", "reason"))


def test_several_codes_each():
    run = running(3, codes=9, codes_each=3, message="none")

    advance(run.pk)

    run.refresh_from_db()
    assert (run.status, states(run)) == ("done", [("published", "")] * 3)
    assert list(Publication.objects.values_list("voucher_count", flat=True)) == [3, 3, 3]
    assert PublishedVoucher.objects.values("voucher").distinct().count() == 9


def test_codes_are_taken_ahead_of_the_sending_but_not_far(project):
    project(emails_per_minute=20)
    run = running(50, codes=50)
    write_audience(run.pk)

    assert (publish_batch(run.pk), publish_batch(run.pk)) == (20, 0)
    assert Publication.objects.count() == 20


def test_an_empty_pool_pauses_the_run_and_fails_nobody():
    run = running(5, codes=3, message="none")

    advance(run.pk)

    run.refresh_from_db()
    assert (run.status, run.status_reason) == (
        "held",
        "pool_empty",
    )
    assert states(run) == [("published", "")] * 3 + [("pending", "")] * 2
    extend_pool(run.campaign, count=1)
    resume(run, by=STAFF)
    advance(run.pk)
    run.refresh_from_db()
    assert run.why_paused == "The pool is empty. Add codes, then resume."
    extend_pool(run.campaign, count=1)
    resume(run, by=STAFF)
    advance(run.pk)
    run.refresh_from_db()
    assert (run.status, states(run)) == ("done", [("published", "")] * 5)


def test_the_last_code_is_not_torn_from_a_recipient_of_two():
    run = running(2, codes=3, codes_each=2, message="none")

    advance(run.pk)

    assert states(run) == [("published", ""), ("pending", "")]
    assert Voucher.objects.filter(published_at=None).count() == 1


def test_a_campaign_that_extends_itself_never_pauses():
    run = running(7, campaign=CampaignFactory(codes=2, auto_update=True), codes_each=2, message="none")

    advance(run.pk)

    run.refresh_from_db()
    assert (run.status, Voucher.objects.count(), PublishedVoucher.objects.count()) == ("done", 14, 14)


def test_a_campaign_whose_codes_are_used_up_pauses_with_the_reason():
    campaign = CampaignFactory(auto_update=True, code_pattern="#", code_charset="ABC", code_length=1)
    run = running(5, campaign=campaign, message="none")

    advance(run.pk)

    run.refresh_from_db()
    assert (run.status, run.status_reason) == ("held", "no_more_codes")
    assert Delivery.objects.filter(state="pending").count() == 5 - Publication.objects.count()


def test_an_expired_campaign_pauses_the_run():
    run = running(2, codes=2, message="none")
    run.campaign.expiration_date = run.created_at - timedelta(hours=1)
    run.campaign.save()

    advance(run.pk)

    run.refresh_from_db()
    assert (run.status, run.status_reason) == ("held", "campaign_expired")


def test_who_got_a_code_since_the_audience_was_written_is_left_out():
    run = running(3, codes=9, message="none")
    write_audience(run.pk)
    served, erased, _ = run.deliveries.order_by("customer_id").values_list("customer", flat=True)
    publish(run.campaign, CustomerFactory._meta.model.objects.get(pk=served), origin="api", by=STAFF)
    erase_customer(CustomerFactory._meta.model.objects.get(pk=erased), by=STAFF)

    advance(run.pk)

    assert states(run) == [
        ("skipped", "holds_a_code"), ("skipped", "erased"), ("published", ""),
    ]  # fmt: skip
    assert PublishedVoucher.objects.count() == 2


def test_two_runs_of_a_campaign_serve_a_customer_once():
    campaign = CampaignFactory(codes=9)
    customers = CustomerFactory.create_batch(3)
    first, second = (running(customers, campaign=campaign, message="none") for _ in range(2))
    write_audience(first.pk)
    write_audience(second.pk)

    advance(first.pk)
    advance(second.pk)

    assert states(second) == [("skipped", "in_another_run")] * 3


def test_a_customer_joins_once():
    campaign = CampaignFactory(codes=9, join_once=True)
    customers = CustomerFactory.create_batch(2)
    publish(campaign, customers[0], origin="api", by=STAFF)
    run = running(customers, campaign=campaign, message="none", skip_holders=False)

    advance(run.pk)

    assert states(run) == [("skipped", "holds_a_code"), ("published", "")]


def test_the_second_of_two_with_one_address_is_left_out_also_in_another_batch(monkeypatch):
    monkeypatch.setattr("publications.distributions.actions.write_audience.BATCH", 2)
    customers = [
        CustomerFactory(email=email) for email in ("a@example.com", "b@example.com", "A@example.com", "c@example.com")
    ]
    run = running(customers, codes=9)

    while write_audience(run.pk):
        pass

    assert states(run) == [
        ("pending", ""), ("pending", ""), ("skipped", "same_email"), ("pending", ""),
    ]  # fmt: skip


def test_unknown_addresses_become_customers_when_the_run_starts():
    run = draft(message="none", codes=9, create_unknown=True)
    list_recipients(run, ["new@example.com", "NEW@example.com", "later@example.com", "no-address"], by=STAFF)
    later = CustomerFactory(email="Later@example.com")
    start(run)

    advance(run.pk)

    emails = run.deliveries.order_by("customer_id").values_list("customer__email", "state")
    assert list(emails) == [(later.email, "published"), ("new@example.com", "published")]


def test_a_paused_run_takes_no_code():
    run = running(3, codes=3)
    write_audience(run.pk)
    pause(run, by=STAFF)

    assert publish_batch(run.pk) == 0
    assert advance(run.pk) is False
    assert Publication.objects.count() == 0


def test_a_stopped_run_releases_the_codes_that_were_not_sent():
    campaign, own = CampaignFactory(codes=9, activity_duration="P30D"), timezone.now() + timedelta(days=90)
    campaign.vouchers.update(expiration_date=own)
    run = running(4, campaign=campaign)
    write_audience(run.pk)
    publish_batch(run.pk)
    sent, failed, waiting, unknown = run.deliveries.order_by("pk")
    for delivery, state in ((sent, "sent"), (failed, "failed"), (unknown, "unknown")):
        Delivery.objects.filter(pk=delivery.pk).update(state=state, reason="" if state == "sent" else "other")
    Delivery.objects.create(distribution=run, customer=CustomerFactory())
    version = campaign.pool_version

    stop(run, by=STAFF)
    wind_up_ended()

    released = "stopped_and_released"
    assert states(run) == [
        ("sent", ""), ("skipped", released), ("skipped", released), ("unknown", "other"),
        ("skipped", "stopped"),
    ]  # fmt: skip
    rows = PublishedVoucher.objects.filter(released_at__isnull=False)
    assert set(rows.values_list("publication", "released_by")) == {
        (failed.publication_id, "Test Staff"), (waiting.publication_id, "Test Staff"),
        (unknown.publication_id, "Test Staff"),
    }  # fmt: skip
    assert Publication.objects.exclude(voided_at=None).count() == 3
    assert Voucher.objects.get(ledger__publication=unknown.publication_id).withdrawn_why == "retired"
    assert Voucher.objects.exclude(withdrawn_at=None).count() == 1
    assert Voucher.objects.filter(published_at=None, withdrawn_at=None, expiration_date=own).count() == 9 - 2
    campaign.refresh_from_db()
    assert campaign.pool_version > version
    assert wind_up_ended() == 0


def test_a_stopped_run_without_messages_leaves_its_codes_with_their_holders():
    run = running(2, codes=2, message="none")
    write_audience(run.pk)
    publish_batch(run.pk)

    stop(run, by=STAFF)
    wind_up_ended()

    assert states(run) == [("published", "")] * 2
    assert PublishedVoucher.objects.filter(released_at=None).count() == 2
