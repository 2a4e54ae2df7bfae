"""A code that is worth nothing, or that somebody may still hold, is handed to nobody (ADR 0024)."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns.codes.actions.switch_code import disable_code, enable_code
from campaigns.codes.models import Voucher
from campaigns.codes.pool import left_in_pool
from campaigns.codes.queries.count_codes import count_codes
from campaigns.codes.queries.pool_size import pool_size
from campaigns.models import Campaign
from config.staff.audit import record
from config.staff.models import AuditEntry
from publications.actions.hold_back import CannotReturn, NotInPool, hold_back, put_back
from publications.actions.publish import publish, publish_code
from publications.actions.release import CodeWasUsed, ReasonMissing, release
from publications.dashboard.verify import verify
from publications.ledger.take_back import take_back
from publications.models import PublishedVoucher
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.actions.roll_back import roll_back
from publications.refusals import NoVoucherSuitable, VoucherUsedUp, VoucherWithdrawn
from publications.watch.queries.low_pools import low_pools
from tests.support.factories import (
    STAFF,
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)

pytestmark = pytest.mark.django_db(transaction=True)
HOW = {"origin": "api", "by": STAFF}


def state(voucher: Voucher) -> tuple[bool, str | None]:
    """(published, why withdrawn), as the database has it."""
    now = Voucher.objects.get(pk=voucher.pk)
    assert (now.withdrawn_at is None) == (now.withdrawn_why is None)
    return now.published_at is not None, now.withdrawn_why


def broken() -> list[str]:
    always = "what was answered survives a crash of the database"  # the tests' own server may lose its last second
    return [finding.name for finding in verify() if finding.violations and finding.name != always]


def gift(**columns) -> Campaign:
    return CampaignFactory(
        kind="GIFT_VOUCHERS", discount_type=None, discount_value=None, gift_amount=50, redemption_limit=None, **columns
    )


def gift_code() -> Voucher:
    return VoucherFactory(campaign=gift(), type="GIFT_VOUCHER")


def test_a_code_that_was_redeemed_while_nobody_had_it_goes_to_nobody():
    campaign = CampaignFactory(codes=2)
    used, fresh = campaign.vouchers.order_by("pk")

    redeem(used, by=STAFF)

    assert state(used) == (False, "used")
    assert publish(campaign, CustomerFactory(), **HOW).vouchers == [fresh]
    with pytest.raises(NoVoucherSuitable):
        publish(campaign, CustomerFactory(), **HOW)
    assert broken() == []


def test_nor_does_a_gift_voucher_of_which_somebody_took_a_part():
    voucher = gift_code()

    redeem(voucher, amount=Decimal(20), by=STAFF)

    assert state(voucher) == (False, "used")
    with pytest.raises(NoVoucherSuitable):
        publish(voucher.campaign, CustomerFactory(), **HOW)


def test_the_uses_of_a_published_code_withdraw_nothing():
    voucher = published().vouchers[0]

    redeem(voucher, by=STAFF)

    assert state(voucher) == (True, None)


def test_every_count_of_the_pool_leaves_withdrawn_codes_out():
    campaign = CampaignFactory(codes=4)
    used, back, held, _ = campaign.vouchers.order_by("pk")
    redeem(used, by=STAFF)
    publish_code(back, CustomerFactory(), **HOW)
    release(back, by=STAFF, reason="Returned")
    hold_back(held, by=STAFF, reason="For the press")

    assert (pool_size(campaign), left_in_pool(campaign, up_to=9), count_codes([campaign])[campaign.pk].left) == (
        1,
        1,
        1,
    )
    campaign.vouchers.filter(withdrawn_at=None).delete()
    assert [(low.pk, low.codes_left) for low in low_pools()] == [(campaign.pk, 0)]


def test_a_rollback_enabling_it_and_a_stale_save_leave_it_withdrawn():
    voucher = VoucherFactory()
    stale = Voucher.objects.get(pk=voucher.pk)
    redemption = redeem(voucher, by=STAFF)
    roll_back(redemption, by=STAFF)
    disable_code(voucher, by=STAFF)
    enable_code(voucher, by=STAFF)

    with pytest.raises(IntegrityError, match="was withdrawn"), transaction.atomic():
        stale.save()
    with pytest.raises(IntegrityError, match="was withdrawn"), transaction.atomic():
        Voucher.objects.filter(pk=voucher.pk).update(withdrawn_why="retired")
    with pytest.raises(IntegrityError, match="was withdrawn"), transaction.atomic():
        Voucher.objects.filter(pk=voucher.pk).update(withdrawn_at=timezone.now())

    assert state(voucher) == (False, "used")
    assert broken() == []


def test_a_code_asked_for_by_name_is_asked_for_the_uses_that_it_has_left():
    twice = StandaloneVoucherFactory(redemption_limit=2)
    redeem(twice, by=STAFF)

    publish_code(twice, CustomerFactory(), **HOW)

    assert state(twice) == (True, "used")
    assert broken() == []


@pytest.mark.parametrize(
    "make", [VoucherFactory, lambda: StandaloneVoucherFactory(redemption_limit=1)], ids=["the campaign's", "its own"]
)
def test_one_without_is_refused_by_name(make):
    voucher = make()
    redeem(voucher, by=STAFF)

    with pytest.raises(VoucherUsedUp, match=f"'{voucher.public_id}' is used up") as refused:
        publish_code(voucher, CustomerFactory(), **HOW)
    assert refused.value.key == "voucher_cannot_be_published"


def test_so_is_a_gift_voucher_with_nothing_left_on_it():
    voucher = gift_code()
    redeem(voucher, amount=Decimal(50), by=STAFF)

    with pytest.raises(VoucherUsedUp):
        publish_code(voucher, CustomerFactory(), **HOW)


def test_a_released_code_is_retired():
    campaign = CampaignFactory(codes=1)
    voucher = publish(campaign, CustomerFactory(), **HOW).vouchers[0]

    release(voucher, by=STAFF, reason="Wrong person")

    assert state(voucher) == (False, "retired")
    assert AuditEntry.objects.get().action == "code.retired"
    with pytest.raises(NoVoucherSuitable):
        publish(campaign, CustomerFactory(), **HOW)
    with pytest.raises(VoucherWithdrawn, match=f"'{voucher.public_id}' was released before, and retired"):
        publish_code(voucher, CustomerFactory(), **HOW)
    assert broken() == []


def test_a_release_may_put_it_back_into_the_pool():
    campaign = CampaignFactory(codes=1)
    voucher = publish(campaign, CustomerFactory(), **HOW).vouchers[0]

    release(voucher, by=STAFF, reason="Never sent", back_to_pool=True)

    assert state(voucher) == (False, None)
    assert AuditEntry.objects.get().action == "code.released"
    campaign.refresh_from_db()
    assert publish(campaign, CustomerFactory(), **HOW).vouchers == [voucher]


@pytest.mark.parametrize("rolled_back", [False, True])
def test_but_not_one_that_was_ever_used(rolled_back):
    voucher = published().vouchers[0]
    redemption = redeem(voucher, by=STAFF)
    if rolled_back:
        roll_back(redemption, by=STAFF)

    with pytest.raises(CodeWasUsed):
        release(voucher, by=STAFF, reason="Never sent", back_to_pool=True)
    assert state(voucher) == (True, None)
    assert PublishedVoucher.objects.get().released_at is None

    release(voucher, by=STAFF, reason="Wrong person")
    assert state(voucher) == (False, "used")
    assert broken() == []


def test_of_several_publications_those_codes_go_back_that_nobody_used():
    campaign = CampaignFactory(codes=5)
    two, used, kept = (publish(campaign, CustomerFactory(), count=count, **HOW) for count in (2, 1, 1))
    redeem(used.vouchers[0], by=STAFF)

    with transaction.atomic():
        released = take_back(
            [two.pk, used.pk], released_by="Staff", reason="The distribution was stopped", back_to_pool=True
        )
        record("distribution.codes_released", by=STAFF, campaign_id=campaign.pk, count=released, asked_by="Staff")

    assert released == 3
    assert [state(voucher) for voucher in [*two.vouchers, *used.vouchers, *kept.vouchers]] == [
        (False, None), (False, None), (False, "used"), (True, None),
    ]  # fmt: skip
    for publication in (two, used, kept):
        publication.refresh_from_db()
    assert [publication.voided_at is None for publication in (two, used, kept)] == [False, False, True]
    assert broken() == []


def test_a_code_that_is_held_back_goes_to_nobody_until_it_is_put_back():
    campaign = CampaignFactory(codes=1)
    voucher = campaign.vouchers.get()

    hold_back(voucher, by=STAFF, reason="For the press")
    assert state(voucher) == (False, "held_back")
    with pytest.raises(NoVoucherSuitable):
        publish(campaign, CustomerFactory(), **HOW)
    with pytest.raises(VoucherWithdrawn, match="is held back"):
        publish_code(voucher, CustomerFactory(), **HOW)

    put_back(voucher, by=STAFF, reason="The press has others")
    assert state(voucher) == (False, None)
    campaign.refresh_from_db()
    assert publish(campaign, CustomerFactory(), **HOW).vouchers == [voucher]
    entries = AuditEntry.objects.order_by("pk").values_list("action", "details")
    assert list(entries) == [
        ("code.held_back", {"reason": "For the press"}), ("code.put_back", {"reason": "The press has others"}),
    ]  # fmt: skip


def test_a_retired_code_may_be_put_back():
    voucher = published().vouchers[0]
    release(voucher, by=STAFF, reason="Wrong person")

    put_back(voucher, by=STAFF, reason="The message bounced")

    assert state(voucher) == (False, None)


def test_a_code_that_was_ever_used_is_not_put_back():
    retired, rolled_back = published().vouchers[0], VoucherFactory()
    release(retired, by=STAFF, reason="Wrong person")
    redeem(retired, by=STAFF)
    roll_back(redeem(rolled_back, by=STAFF), by=STAFF)

    for voucher in (retired, rolled_back, VoucherFactory(), published().vouchers[0]):
        with pytest.raises(CannotReturn):
            put_back(voucher, by=STAFF, reason="Why not")

    assert state(retired) == state(rolled_back) == (False, "used")


def test_what_is_published_or_withdrawn_cannot_be_held_back():
    used = VoucherFactory()
    redeem(used, by=STAFF)

    for voucher in (used, published().vouchers[0]):
        with pytest.raises(NotInPool):
            hold_back(voucher, by=STAFF, reason="For the press")
    with pytest.raises(ReasonMissing):
        hold_back(VoucherFactory(), by=STAFF, reason=" ")
    assert not AuditEntry.objects.filter(action="code.held_back").exists()
