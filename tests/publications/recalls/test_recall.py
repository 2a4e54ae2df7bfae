"""What each act does to codes, and which it leaves out."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from campaigns.codes.actions.delete_code import delete_code
from campaigns.codes.models import Voucher
from config.events.models import Listener, Outbox
from config.staff.models import AuditEntry
from publications.actions.release import release
from publications.dashboard.erase_customer import erase_customer
from publications.models import Publication, PublishedVoucher
from publications.recalls.actions.carry_out import carry_out
from publications.recalls.actions.draft_recall import NothingChosen, TooManyChosen, draft_recall
from publications.recalls.actions.start_recall import (
    CannotStart,
    NoDraft,
    continue_recall,
    discard_recall,
    start_recall,
    stop_recall,
)
from publications.recalls.models import Recall, RecallBatch
from publications.recalls.queries.dry_run import dry_run
from publications.redemptions.actions.redeem import redeem
from tests.publications.recalls.recalling import REASON, broken, outcomes, queued_recall, recalled
from tests.support.factories import (
    STAFF,
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)

pytestmark = pytest.mark.django_db
NEXT_YEAR = timezone.now() + timedelta(days=365)


@pytest.fixture
def used_up():
    voucher = published(VoucherFactory(redemption_limit=1)).vouchers[0]
    redeem(voucher, by=STAFF)
    return voucher


def counted(act, vouchers, **options):
    """The dry run, as {outcome: codes}."""
    draft = draft_recall([voucher.pk for voucher in vouchers], source=Recall.Source.CHOSEN, act=act, by=STAFF)
    for name, value in options.items():
        setattr(draft, name, value)
    found = dry_run(draft)
    return {"done": found.changed} | {line.outcome: line.codes for line in found.left_out}


def test_disabled_codes_cannot_be_redeemed_and_are_told_of(used_up):
    Listener.objects.create(kind="voucher.disabled", owner="webhook 1")
    held, pooled, off = published().vouchers[0], VoucherFactory(), VoucherFactory(active=False)
    before = counted("disable", [held, pooled, off, used_up])

    recall = recalled("disable", [held, pooled, off, used_up])

    assert before == {"done": 2, "disabled": 1, "redeemed": 1}
    assert outcomes(recall) == {held.pk: "done", pooled.pk: "done", off.pk: "disabled", used_up.pk: "redeemed"}
    assert (recall.status, recall.total, recall.done, recall.changed, recall.left_out) == ("done", 4, 4, 2, 2)
    assert set(Voucher.objects.filter(active=False)) == {held, pooled, off}
    told = Outbox.objects.filter(kind="voucher.disabled").values_list("object_key", flat=True)
    assert set(told) == {held.pk, pooled.pk}
    assert broken() == []


def test_enabled_codes_are_in_the_pool_again():
    voucher = VoucherFactory(active=False)
    version = voucher.campaign.pool_version

    recall = recalled("enable", [voucher, other := VoucherFactory()])

    voucher.campaign.refresh_from_db()
    assert outcomes(recall) == {voucher.pk: "done", other.pk: "enabled"}
    assert Voucher.objects.get(pk=voucher.pk).active
    assert voucher.campaign.pool_version > version


def test_extending_moves_the_expiry_only_to_a_later_date(used_up):
    soon = timezone.now() + timedelta(days=1)
    expired = published(VoucherFactory(expiration_date=soon)).vouchers[0]
    by_campaign = VoucherFactory(campaign=CampaignFactory(expiration_date=soon))
    later = VoucherFactory(expiration_date=NEXT_YEAR + timedelta(days=1))
    starts_later = VoucherFactory(start_date=NEXT_YEAR + timedelta(days=1), expiration_date=None)
    starts_later.campaign.__class__.objects.filter(pk=starts_later.campaign_id).update(expiration_date=soon)
    endless = VoucherFactory()
    all_of_them = [expired, by_campaign, later, starts_later, endless, used_up]

    recall = recalled("extend", all_of_them, expiration_date=NEXT_YEAR)

    assert outcomes(recall) == {
        expired.pk: "done",
        by_campaign.pk: "done",
        later.pk: "expires_later",
        starts_later.pk: "starts_later",
        endless.pk: "never_expires",
        used_up.pk: "redeemed",
    }
    assert set(Voucher.objects.filter(expiration_date=NEXT_YEAR)) == {expired, by_campaign}
    assert broken() == []


def test_a_new_value_is_given_to_codes_of_its_kind_alone(used_up):
    twenty = CampaignFactory(discount_type="PERCENT", discount_value=20)
    months = CampaignFactory(discount_type="UNIT", discount_value=2, unit_type="month")
    held, pooled = published(VoucherFactory(campaign=twenty)).vouchers[0], VoucherFactory(campaign=twenty)
    own = VoucherFactory(campaign=months, discount_type="PERCENT", discount_value=5)
    right = VoucherFactory(discount_type="PERCENT", discount_value=15)
    others = [
        VoucherFactory(campaign=months),
        VoucherFactory(discount_type="AMOUNT", discount_value=5),
        VoucherFactory(type="GIFT_VOUCHER", gift_amount=25),
    ]
    all_of_them = [held, pooled, own, right, used_up, *others]
    asked = {"discount_type": "PERCENT", "discount_value": Decimal("15")}

    assert counted("revalue", all_of_them, **asked) == {"done": 3, "same_value": 1, "redeemed": 1, "other_kind": 3}
    recall = recalled("revalue", all_of_them, **asked)

    assert outcomes(recall) == {
        **dict.fromkeys([held.pk, pooled.pk, own.pk], "done"),
        right.pk: "same_value",
        used_up.pk: "redeemed",
        **dict.fromkeys([other.pk for other in others], "other_kind"),
    }
    worth = Voucher.objects.filter(discount_type="PERCENT", discount_value=15, unit_type="")
    assert set(worth) == {held, pooled, own, right}
    twenty.refresh_from_db()
    assert twenty.discount_value == 20
    assert str(recall) == "Change the value of 8 codes"
    assert broken() == []


def test_units_stay_the_units_of_the_campaign():
    months = CampaignFactory(discount_type="UNIT", discount_value=2, unit_type="month")
    voucher = VoucherFactory(campaign=months)

    recalled("revalue", [voucher], discount_type="UNIT", discount_value=3)

    voucher.refresh_from_db()
    assert (voucher.discount_type, voucher.discount_value, voucher.unit_type) == ("UNIT", 3, "month")


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        (None, None, "Choose what the code is worth."),
        ("PERCENT", None, "Enter the value."),
        ("PERCENT", Decimal("101"), "Enter a percentage above 0 and up to 100."),
        ("AMOUNT", Decimal("1.005"), "Enter at most two decimals."),
    ],
)
def test_a_value_that_no_code_can_have_is_not_started_with(kind, value, why):
    with pytest.raises(CannotStart, match=why):
        queued_recall("revalue", [VoucherFactory()], discount_type=kind, discount_value=value)

    assert Recall.objects.get().status == "draft"


def test_a_retired_code_has_no_holder_and_one_of_the_pool_is_held_back():
    Listener.objects.create(kind="voucher.retired", owner="webhook 1")
    held, pooled = published().vouchers[0], VoucherFactory()
    before_that = published().vouchers[0]
    release(before_that, by=STAFF, reason="Earlier")

    recall = recalled("retire", [held, pooled, before_that, alone := StandaloneVoucherFactory()])

    row = PublishedVoucher.objects.get(voucher=held)
    assert outcomes(recall) == {held.pk: "done", pooled.pk: "done", before_that.pk: "retired", alone.pk: "done"}
    assert (row.released_by, row.reason) == (STAFF.label, REASON)
    why = dict(Voucher.objects.values_list("pk", "withdrawn_why"))
    assert why == {held.pk: "retired", pooled.pk: "held_back", before_that.pk: "retired", alone.pk: "held_back"}
    assert Outbox.objects.filter(kind="voucher.retired", object_key=held.pk).count() == 1
    assert broken() == []


def test_replacing_takes_the_old_code_and_publishes_a_new_one_to_its_holder():
    campaign, ada = CampaignFactory(codes=2, join_once=True), CustomerFactory()
    old = published(VoucherFactory(campaign=campaign), ada).vouchers[0]
    nobodys = VoucherFactory(campaign=campaign, active=False)

    recall = recalled("replace", [old, nobodys])

    new = Publication.objects.get(replaces__recall=recall)
    old.refresh_from_db()
    assert outcomes(recall) == {old.pk: "done", nobodys.pk: "no_holder"}
    assert (new.customer, new.campaign, new.channel, new.actor_label) == (ada, campaign, "Dashboard", STAFF.label)
    assert (old.published_at, old.withdrawn_why, old.active) == (None, "retired", False)
    assert PublishedVoucher.objects.get(publication=new).released_at is None
    assert broken() == []


def test_whoever_has_used_a_code_or_gets_no_new_one_keeps_the_old_one():
    campaign = CampaignFactory(codes=1)
    held = [published(VoucherFactory(campaign=campaign)).vouchers[0] for _ in range(3)]
    redeem(held[2], by=STAFF)  # of any number of uses
    before = counted("replace", held)

    recall = recalled("replace", held)

    assert before == {"done": 1, "redeemed": 1, "no_codes": 1}
    assert list(outcomes(recall).values()) == ["done", "no_codes", "redeemed"]
    assert PublishedVoucher.objects.filter(voucher__in=held[1:], released_at=None).count() == 2
    assert Voucher.objects.filter(pk__in=[voucher.pk for voucher in held[1:]], active=True).count() == 2
    assert broken() == []


def test_new_codes_may_come_from_another_campaign_and_are_made_where_it_makes_them():
    other = CampaignFactory(auto_update=True)
    held = [published(voucher).vouchers[0] for voucher in (VoucherFactory(), StandaloneVoucherFactory())]

    recall = recalled("replace", held, new_from=other)

    assert set(outcomes(recall).values()) == {"done"}
    assert Publication.objects.filter(replaces__recall=recall, campaign=other).count() == 2
    assert broken() == []


def test_who_holds_another_code_of_a_join_once_campaign_keeps_the_old_one():
    once, ada = CampaignFactory(codes=3, join_once=True), CustomerFactory()
    published(Voucher.objects.filter(campaign=once).first(), ada)
    old, others = published(customer=ada).vouchers[0], published().vouchers[0]

    recall = recalled("replace", [old, others], new_from=once)

    assert outcomes(recall) == {old.pk: "holds_another", others.pk: "done"}
    assert broken() == []


def test_codes_of_erased_customers_and_deleted_ones_are_left_out():
    erased, gone = published(VoucherFactory(campaign=CampaignFactory(codes=1))), VoucherFactory()
    queued = queued_recall("replace", [erased.vouchers[0], gone])
    erase_customer(erased.customer, by=STAFF)
    delete_code(gone, by=STAFF)

    carry_out(queued.pk)

    assert outcomes(queued) == {erased.vouchers[0].pk: "no_holder", gone.pk: "gone"}
    assert broken() == []


def test_a_code_that_was_redeemed_since_the_dry_run_is_left_out_and_listed():
    voucher = published(VoucherFactory(redemption_limit=1)).vouchers[0]
    queued = queued_recall("disable", [voucher])
    redeem(voucher, by=STAFF)

    carry_out(queued.pk)

    assert outcomes(queued) == {voucher.pk: "redeemed"}
    assert Voucher.objects.get(pk=voucher.pk).active


def test_it_is_started_once_and_says_why(django_capture_on_commit_callbacks):
    draft = draft_recall([VoucherFactory().pk], source=Recall.Source.CHOSEN, by=STAFF)

    with pytest.raises(CannotStart):
        start_recall(draft, act="disable", reason="  ", by=STAFF)
    with pytest.raises(CannotStart):
        start_recall(draft, act="extend", reason=REASON, by=STAFF, expiration_date=timezone.now())
    start_recall(draft, act="disable", reason=REASON, by=STAFF)
    with pytest.raises(NoDraft):
        start_recall(draft, act="retire", reason=REASON, by=STAFF)

    entries = AuditEntry.objects.filter(object_id=draft.public_id)
    assert [(entry.action, entry.details["act"], entry.details["reason"]) for entry in entries] == [
        ("recall.started", "disable", REASON)
    ]


def test_it_is_stopped_continued_and_a_draft_discarded(monkeypatch):
    monkeypatch.setattr("publications.recalls.actions.draft_recall.BATCH", 2)
    vouchers = [VoucherFactory() for _ in range(5)]
    queued = queued_recall("disable", vouchers)
    assert stop_recall(queued, by=STAFF)

    carry_out(queued.pk)
    assert Voucher.objects.filter(active=False).count() == 0
    assert continue_recall(queued, by=STAFF) and not continue_recall(queued, by=STAFF)
    carry_out(queued.pk)
    queued.refresh_from_db()

    assert (queued.status, queued.changed) == ("done", 5)
    assert not stop_recall(queued, by=STAFF)
    with pytest.raises(NoDraft):
        discard_recall(queued)
    discard_recall(draft_recall([vouchers[0].pk], source=Recall.Source.CHOSEN, by=STAFF))
    assert RecallBatch.objects.count() == 0


def test_a_choice_has_at_least_one_code_and_not_too_many(monkeypatch):
    monkeypatch.setattr("publications.recalls.actions.draft_recall.MOST", 2)

    with pytest.raises(NothingChosen):
        draft_recall([], source=Recall.Source.CHOSEN, by=STAFF)
    with pytest.raises(TooManyChosen):
        draft_recall([1, 2, 3], source=Recall.Source.CHOSEN, by=STAFF)
    assert draft_recall([1, 1, 2], source=Recall.Source.CHOSEN, by=STAFF).total == 2


def test_beyond_a_limit_a_holder_keeps_the_old_code():
    campaign = CampaignFactory(codes=5, codes_per_day=3)
    held = [published(VoucherFactory(campaign=campaign)).vouchers[0] for _ in range(2)]

    recall = recalled("replace", held)

    assert list(outcomes(recall).values()) == ["done", "limit"]
    assert PublishedVoucher.objects.get(voucher=held[1]).released_at is None
    assert broken() == []
