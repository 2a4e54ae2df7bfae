"""publish() and publish_code(): who gets which code, and what is refused (docs/api.md, "Publish")."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from customers.actions.upsert import CustomerNotFound
from customers.models import Customer
from publications.actions.publish import publish, publish_code
from publications.actions.release import NotPublished, ReasonMissing, release
from publications.dashboard.erase_customer import erase_customer
from publications.exports.actions.hand_out import order_hand_out
from publications.exports.actions.hand_out import take_codes as take_codes_of_hand_out
from publications.exports.models import Export
from publications.models import Publication, PublishedVoucher
from publications.refusals import (
    AlreadyJoined,
    CampaignExpired,
    DuplicateSourceId,
    NoVoucherSuitable,
    TooManyVouchers,
    VoucherAlreadyPublished,
    VoucherExpired,
    VoucherInactive,
)
from tests.support.factories import (
    STAFF,
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)

pytestmark = pytest.mark.django_db
HOW = {"origin": "api", "by": STAFF}


def test_a_code_of_the_pool_goes_to_the_customer():
    campaign, customer = CampaignFactory(codes=2), CustomerFactory()

    publication = publish(campaign, customer, metadata={"test": True}, **HOW)

    stored = Publication.objects.get()
    assert (publication.pk, publication.created_at) == (stored.pk, stored.created_at)
    assert (stored.campaign, stored.customer, stored.voucher_count) == (campaign, customer, 1)
    assert (stored.channel, stored.origin, stored.metadata) == ("API", "api", {"test": True})
    assert (stored.actor_kind, stored.actor_id, stored.actor_label) == ("user", 1, "Test Staff")
    assert [voucher.code for voucher in publication.vouchers] == [f"C{campaign.pk}-000000"]
    assert publication.vouchers[0].published_at == stored.created_at
    assert PublishedVoucher.objects.get().voucher == publication.vouchers[0]
    assert not publication.repeated


def test_several_codes_at_once():
    campaign = CampaignFactory(codes=5)

    publication = publish(campaign, CustomerFactory(), count=3, **HOW)

    assert publication.voucher_count == 3
    assert len({voucher.code for voucher in publication.vouchers}) == 3
    assert Voucher.objects.filter(published_at=None).count() == 2


def test_fewer_codes_than_asked_for_give_none():
    campaign = CampaignFactory(codes=4)

    with pytest.raises(NoVoucherSuitable):
        publish(campaign, CustomerFactory(), count=5, **HOW)

    assert Voucher.objects.filter(published_at=None).count() == 4
    assert PublishedVoucher.objects.count() == 0
    assert publish(campaign, CustomerFactory(), count=4, **HOW).voucher_count == 4


def test_a_failed_attempt_is_kept_and_equal_ones_count_up():
    campaign, customer = CampaignFactory(), CustomerFactory()

    for _ in range(3):
        with pytest.raises(NoVoucherSuitable):
            publish(campaign, customer, **HOW)

    rows = list(Publication.objects.order_by("created_at"))
    assert sum(row.attempts for row in rows) == 3
    assert {(row.result, row.failure_code) for row in rows} == {("FAILURE", "no_voucher_suitable_for_publication")}
    assert len(rows) <= 2  # two where the minute turned in between


def test_disabled_expired_and_deleted_codes_are_not_in_the_pool():
    campaign, now = CampaignFactory(), timezone.now()
    VoucherFactory(campaign=campaign, active=False)
    VoucherFactory(campaign=campaign, expiration_date=now - timedelta(seconds=1))
    VoucherFactory(campaign=campaign, deleted_at=now)
    good = VoucherFactory(campaign=campaign, expiration_date=now + timedelta(hours=1))

    publication = publish(campaign, CustomerFactory(), **HOW)

    assert publication.vouchers == [good]
    with pytest.raises(NoVoucherSuitable):
        publish(campaign, CustomerFactory(), **HOW)


def test_a_disabled_campaign_gives_codes_and_an_expired_one_does_not():
    disabled = CampaignFactory(codes=1, active=False)
    expired = CampaignFactory(codes=1, expiration_date=timezone.now() - timedelta(seconds=1))

    assert publish(disabled, CustomerFactory(), **HOW).voucher_count == 1
    with pytest.raises(CampaignExpired):
        publish(expired, CustomerFactory(), **HOW)


def test_the_campaign_object_may_be_stale():
    campaign = CampaignFactory(codes=1)
    type(campaign).objects.update(expiration_date=timezone.now() - timedelta(seconds=1))

    with pytest.raises(CampaignExpired):
        publish(campaign, CustomerFactory(), **HOW)


def test_an_auto_update_campaign_makes_what_is_missing():
    campaign = CampaignFactory(codes=1, auto_update=True)

    publication = publish(campaign, CustomerFactory(), count=3, **HOW)

    assert publication.voucher_count == 3
    assert campaign.vouchers.count() == 3
    assert campaign.vouchers.filter(published_at=None).count() == 0


def test_an_auto_update_campaign_ends_with_its_code_space():
    campaign = CampaignFactory(auto_update=True, code_pattern="AU-#", code_charset="01234")

    codes = [publish(campaign, CustomerFactory(), **HOW).vouchers[0].code for _ in range(5)]

    assert sorted(codes) == ["AU-0", "AU-1", "AU-2", "AU-3", "AU-4"]
    with pytest.raises(NoVoucherSuitable, match="Couldn't create new vouchers"):
        publish(campaign, CustomerFactory(), **HOW)


def test_a_refilled_pool_is_noticed_at_once():
    campaign = CampaignFactory()
    with pytest.raises(NoVoucherSuitable):
        publish(campaign, CustomerFactory(), **HOW)

    taken = published(VoucherFactory(campaign=campaign))
    release(taken.vouchers[0], by=STAFF, reason="Sent by mistake", back_to_pool=True)
    campaign.refresh_from_db()

    assert publish(campaign, CustomerFactory(), **HOW).vouchers == taken.vouchers


def test_a_named_code_goes_out_once():
    voucher, customer = StandaloneVoucherFactory(), CustomerFactory()

    publication = publish_code(voucher, customer, channel="newsletter_October", **HOW)

    assert (publication.vouchers, publication.channel, publication.campaign) == ([voucher], "newsletter_October", None)
    for again in (customer, CustomerFactory()):
        with pytest.raises(VoucherAlreadyPublished, match=f"Voucher '{voucher.public_id}' has already been published"):
            publish_code(voucher, again, **HOW)
    assert Publication.objects.filter(result="FAILURE", attempted_code=voucher.code).count() == 2


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        ({"active": False}, VoucherInactive),
        ({"expiration_date": timezone.now() - timedelta(days=1)}, VoucherExpired),
        ({"deleted_at": timezone.now()}, VoucherInactive),
    ],
)
def test_a_named_code_that_may_not_go_out(state, refusal):
    voucher = VoucherFactory(**state)

    with pytest.raises(refusal):
        publish_code(voucher, CustomerFactory(), **HOW)

    assert Publication.objects.get().failure_code == "voucher_cannot_be_published"


def test_the_same_source_id_answers_with_the_first_publication():
    campaign = CampaignFactory(codes=1)
    sent = {"source_id": "c-1", "name": "Ada"}
    first = publish(campaign, sent, source_id="order-1", **HOW)

    again = publish(campaign, sent, source_id="order-1", **HOW)  # the pool is empty by now

    assert (again.pk, again.vouchers, again.repeated) == (first.pk, first.vouchers, True)
    assert Publication.objects.count() == 1


def test_a_source_id_used_for_something_else_is_refused_and_touches_nothing():
    campaign, other = CampaignFactory(codes=2), CampaignFactory(codes=2)
    publish(campaign, {"source_id": "c-1", "name": "Ada"}, source_id="order-1", **HOW)

    with pytest.raises(DuplicateSourceId, match="Publication with source_id: 'order-1' already exists"):
        publish(campaign, {"source_id": "c-2", "name": "Bob"}, source_id="order-1", **HOW)
    with pytest.raises(DuplicateSourceId):
        publish(other, {"source_id": "c-1", "name": "Ada"}, source_id="order-1", **HOW)
    with pytest.raises(DuplicateSourceId):
        publish_code(campaign.vouchers.last(), {"source_id": "c-1", "name": "Ada"}, source_id="order-1", **HOW)

    assert Publication.objects.count() == 1
    assert not Customer.objects.filter(source_id="c-2").exists()


def test_the_source_id_of_a_released_publication_stays_used():
    campaign = CampaignFactory(codes=2)
    first = publish(campaign, {"source_id": "c-1"}, source_id="order-1", **HOW)
    release(first.vouchers[0], by=STAFF, reason="Returned")

    with pytest.raises(DuplicateSourceId, match="released"):
        publish(campaign, {"source_id": "c-1"}, source_id="order-1", **HOW)


def test_a_failed_attempt_does_not_use_up_its_source_id():
    campaign, customer = CampaignFactory(), CustomerFactory()
    with pytest.raises(NoVoucherSuitable):
        publish(campaign, customer, source_id="order-1", **HOW)

    VoucherFactory(campaign=campaign)
    type(campaign).objects.update(pool_version=1)
    campaign.refresh_from_db()

    assert publish(campaign, customer, source_id="order-1", **HOW).source_id == "order-1"


def test_a_join_once_customer_gets_the_same_code_each_time():
    campaign, customer = CampaignFactory(codes=3, join_once=True), CustomerFactory()

    first = publish(campaign, customer, **HOW)
    again = publish(campaign, customer, channel="other", **HOW)
    somebody_else = publish(campaign, CustomerFactory(), **HOW)

    assert (again.pk, again.vouchers, again.repeated) == (first.pk, first.vouchers, True)
    assert somebody_else.vouchers != first.vouchers


def test_join_once_by_the_call_counts_only_join_once_rows():
    campaign, customer = CampaignFactory(codes=3), CustomerFactory()
    plain = publish(campaign, customer, **HOW)

    joined = publish(campaign, customer, join_once=True, **HOW)

    assert joined.pk != plain.pk
    assert publish(campaign, customer, join_once=True, **HOW).pk == joined.pk


def test_a_joined_customer_may_name_the_code_they_hold_and_no_other():
    campaign, customer = CampaignFactory(codes=2, join_once=True), CustomerFactory()
    first = publish(campaign, customer, **HOW)
    other = campaign.vouchers.exclude(pk=first.vouchers[0].pk).get()

    assert publish_code(first.vouchers[0], customer, **HOW).pk == first.pk
    with pytest.raises(AlreadyJoined, match="Customer already joined program"):
        publish_code(other, customer, **HOW)
    other.refresh_from_db()
    assert other.published_at is None


@pytest.mark.parametrize("extra", [{"source_id": "order-1"}, {"join_once": True}])
def test_several_codes_do_not_go_with_a_source_id_or_join_once(extra):
    campaign = CampaignFactory(codes=2)

    with pytest.raises(TooManyVouchers):
        publish(campaign, {"source_id": "c-1"}, count=2, **extra, **HOW)

    assert not Customer.objects.exists()


def test_a_code_may_expire_so_long_after_its_publication():
    campaign = CampaignFactory(codes=1, activity_duration="P30D")

    publication = publish(campaign, CustomerFactory(), **HOW)

    assert publication.vouchers[0].expiration_date == publication.created_at + timedelta(days=30)


def test_a_release_takes_the_code_from_its_holder_and_keeps_the_history():
    campaign = CampaignFactory(codes=2)
    publication = publish(campaign, CustomerFactory(), count=2, **HOW)
    first, second = publication.vouchers

    release(first, by=STAFF, reason=" Wrong customer ")

    first.refresh_from_db()
    publication.refresh_from_db()
    assert (first.published_at, publication.voided_at) == (None, None)
    assert PublishedVoucher.objects.get(voucher=first).reason == "Wrong customer"

    release(second, by=STAFF, reason="Wrong customer")
    publication.refresh_from_db()
    assert publication.voided_at is not None
    assert publication.voucher_count == 2


def test_a_release_needs_a_reason_and_a_published_code():
    voucher = VoucherFactory()

    with pytest.raises(ReasonMissing):
        release(voucher, by=STAFF, reason="  ")
    with pytest.raises(NotPublished):
        release(voucher, by=STAFF, reason="Returned")


def test_an_activity_duration_ends_with_the_release():
    campaign = CampaignFactory(codes=1, activity_duration="P1D")
    publication = publish(campaign, CustomerFactory(), **HOW)

    release(publication.vouchers[0], by=STAFF, reason="Returned")

    assert Voucher.objects.get().expiration_date is None


def _publish_to_a_file(campaign):
    order_hand_out(campaign, count=1, by=STAFF, for_whom="Print shop")
    take_codes_of_hand_out(Export.objects.get().pk)


@pytest.mark.parametrize(
    "give",
    [
        lambda campaign: publish(campaign, CustomerFactory(), **HOW),
        lambda campaign: publish_code(campaign.vouchers.get(), CustomerFactory(), **HOW),
        _publish_to_a_file,
    ],
    ids=["next", "named", "hand-out"],
)
def test_a_release_gives_a_code_its_own_expiration_back(give):
    own = timezone.now() + timedelta(days=90)
    campaign = CampaignFactory(activity_duration="P1D")
    VoucherFactory(campaign=campaign, expiration_date=own)
    give(campaign)
    assert Voucher.objects.get().expiration_date < own

    release(Voucher.objects.get(), by=STAFF, reason="Returned")

    assert Voucher.objects.get().expiration_date == own


def test_a_release_keeps_an_expiration_that_the_publication_did_not_give():
    """Of the campaign, which got its activity duration afterwards; and of somebody who changed the date since."""
    own, changed = (timezone.now() + timedelta(days=days) for days in (90, 60))
    plain, lasting = CampaignFactory(), CampaignFactory(codes=1, activity_duration="P1D")
    first = VoucherFactory(campaign=plain, expiration_date=own)
    publish_code(first, CustomerFactory(), **HOW)
    Campaign.objects.filter(pk=plain.pk).update(activity_duration="P1D")
    second = publish(lasting, CustomerFactory(), **HOW).vouchers[0]
    Voucher.objects.filter(pk=second.pk).update(expiration_date=changed)

    for voucher in (first, second):
        release(Voucher.objects.get(pk=voucher.pk), by=STAFF, reason="Returned")

    assert Voucher.objects.get(pk=first.pk).expiration_date == own
    assert Voucher.objects.get(pk=second.pk).expiration_date == changed


def test_an_erased_customer_gets_nothing_and_no_failure_keeps_their_words():
    customer, voucher = CustomerFactory(), VoucherFactory()
    erase_customer(Customer.objects.get(pk=customer.pk), by=STAFF)

    with pytest.raises(CustomerNotFound):
        publish_code(voucher, customer, metadata={"note": "for Mara"}, **HOW)

    assert Publication.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_publication_under_way_while_its_customer_is_erased_loses_its_metadata_too():
    customer, voucher = CustomerFactory(), VoucherFactory()
    taken, go_on = threading.Event(), threading.Event()

    def publish_slowly():
        with transaction.atomic():
            publish_code(voucher, customer, metadata={"note": "for Mara"}, **HOW)
            taken.set()
            go_on.wait(60)
        connection.close()

    publisher = threading.Thread(target=publish_slowly)
    publisher.start()
    assert taken.wait(60)
    threading.Timer(0.3, go_on.set).start()
    erase_customer(customer, by=STAFF)
    publisher.join()

    assert Publication.objects.get().metadata is None
