"""One verdict on every code: the function, its SQL, the statement that redeems, the lists and the API say the same."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns.codes.models import Voucher
from campaigns.codes.state import CodeState, Reason, state_of_code
from campaigns.models import Campaign
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.models import Redemption
from publications.redemptions.refusals import RedemptionRefused
from publications.redemptions.verdict import Attempt, refused_column, verdict
from tests.support.factories import (
    STAFF,
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)

pytestmark = pytest.mark.django_db
NOW = timezone.now()
BEFORE, AFTER = NOW - timedelta(days=1), NOW + timedelta(days=300)
GIFT = {"type": "GIFT_VOUCHER", "gift_amount": 10, "redemption_limit": 5}


def held(**fields):
    """A code that a customer holds; what is not its campaign's is set afterwards."""
    of_campaign = {name: value for name, value in fields.items() if name.startswith("campaign__")}
    voucher = VoucherFactory(**of_campaign)
    published(voucher, CustomerFactory())
    own = {name: value for name, value in fields.items() if name not in of_campaign}
    if own:
        Voucher.objects.filter(pk=voucher.pk).update(**own)
    return voucher


def change_campaign(voucher, **fields):
    Campaign.objects.filter(pk=voucher.campaign_id).update(**fields)
    return voucher


# What is made, why it cannot be redeemed (by nobody in particular, without an amount), and what lists call it.
CODES = {
    "in the pool": (lambda: VoucherFactory(), None, CodeState.POOL),
    "in the pool of a campaign that refuses it": (
        lambda: VoucherFactory(campaign__only_published=True),
        Reason.NOT_PUBLISHED,
        CodeState.POOL,
    ),
    "standalone": (lambda: StandaloneVoucherFactory(), None, CodeState.POOL),
    "held": (lambda: held(), None, CodeState.REDEEMABLE),
    "held, some uses left": (lambda: held(redemption_limit=2, redeemed_quantity=1), None, CodeState.REDEEMABLE),
    "deleted": (lambda: held(deleted_at=NOW, active=False), Reason.DELETED, CodeState.DELETED),
    "campaign deleted": (
        lambda: change_campaign(held(active=False), deleted_at=NOW),
        Reason.CAMPAIGN_DELETED,
        CodeState.CAMPAIGN_DELETED,
    ),
    "disabled and expired": (lambda: held(active=False, expiration_date=BEFORE), Reason.DISABLED, CodeState.DISABLED),
    "campaign disabled, expired": (
        lambda: held(campaign__active=False, expiration_date=BEFORE),
        Reason.CAMPAIGN_DISABLED,
        CodeState.CAMPAIGN_DISABLED,
    ),
    "not started": (lambda: held(start_date=AFTER), Reason.NOT_STARTED, CodeState.NOT_STARTED),
    "campaign not started": (lambda: held(campaign__start_date=AFTER), Reason.NOT_STARTED, CodeState.NOT_STARTED),
    "in the pool of a campaign that has not started": (
        lambda: VoucherFactory(campaign__start_date=AFTER),
        Reason.NOT_STARTED,
        CodeState.POOL,
    ),
    "expired and used up": (
        lambda: held(expiration_date=BEFORE, redeemed_quantity=1),
        Reason.EXPIRED,
        CodeState.EXPIRED,
    ),
    "campaign expired": (
        lambda: change_campaign(held(), expiration_date=BEFORE),
        Reason.EXPIRED,
        CodeState.EXPIRED,
    ),
    "used up": (lambda: held(redeemed_quantity=1), Reason.USED_UP, CodeState.USED_UP),
    "at the end of the counter": (
        lambda: held(campaign__redemption_limit=None, redeemed_quantity=2**31 - 1),
        Reason.USED_UP,
        CodeState.USED_UP,
    ),
    "spent": (lambda: held(**GIFT, redeemed_amount=10, redeemed_quantity=1), Reason.USED_UP, CodeState.USED_UP),
    "gift with a balance": (lambda: held(**GIFT, redeemed_amount=4, redeemed_quantity=1), None, CodeState.REDEEMABLE),
    "used before anybody got it": (
        lambda: VoucherFactory(used=True, redeemed_quantity=1),
        Reason.USED_UP,
        CodeState.USED,
    ),
    "retired": (lambda: VoucherFactory(withdrawn_at=BEFORE, withdrawn_why="retired"), None, CodeState.RETIRED),
    "held back": (lambda: VoucherFactory(withdrawn_at=BEFORE, withdrawn_why="held_back"), None, CodeState.HELD_BACK),
}


def read(voucher):
    return Voucher.objects.select_related("campaign").get(pk=voucher.pk)


def column(voucher, attempt):
    found = Voucher.objects.annotate(refused=refused_column(attempt)).get(pk=voucher.pk)
    return found.refused


def statement(voucher, attempt):
    """The failure code of a redemption that is tried and then taken back whole; None where it succeeds."""
    try:
        with transaction.atomic():
            redeem(voucher, customer=attempt.customer, amount=attempt.amount, by=STAFF)
            transaction.set_rollback(True)
    except RedemptionRefused as refused:
        return refused.key
    return None


@pytest.mark.parametrize("case", CODES)
def test_every_door_says_the_same(case):
    make, reason, state = CODES[case]
    voucher = read(make())
    attempt = Attempt(amount=Decimal(1) if voucher.type == "GIFT_VOUCHER" else None)
    found = verdict(voucher, attempt)

    assert (found.reason, found.redeemable) == (reason, reason is None)
    assert column(voucher, attempt) == reason
    assert statement(voucher, attempt) == (found.refused.key if reason else None)
    assert state_of_code(voucher) == state
    assert Voucher.objects.annotate(refused=refused_column(Attempt())).get(pk=voucher.pk).refused == reason


def gift():
    return read(held(**GIFT, redeemed_amount=4, redeemed_quantity=1))


def of_the_holder_only(**fields):
    return read(held(campaign__only_holder="refuse", **fields))


def referral():
    return read(held(campaign__kind="REFERRAL_PROGRAM", campaign__redemption_limit=None))


def holder_of(voucher):
    return voucher.ledger.get(released_at=None).publication.customer


ATTEMPTS = {
    "more than the balance": (gift, lambda voucher: Attempt(amount=Decimal("6.01")), Reason.BALANCE_TOO_LOW),
    "all of the balance": (gift, lambda voucher: Attempt(amount=Decimal("6.00")), None),
    "somebody else": (of_the_holder_only, lambda voucher: Attempt(CustomerFactory()), Reason.NOT_HOLDER),
    "nobody named": (of_the_holder_only, lambda voucher: Attempt(), Reason.NOT_HOLDER),
    "the holder": (of_the_holder_only, lambda voucher: Attempt(holder_of(voucher)), None),
    "somebody else, where that is recorded": (
        lambda: read(held(campaign__only_holder="record")),
        lambda voucher: Attempt(CustomerFactory()),
        None,
    ),
    "somebody else, of a code that nobody holds": (
        lambda: read(VoucherFactory(campaign__only_holder="refuse")),
        lambda voucher: Attempt(CustomerFactory()),
        None,
    ),
    "the referrer": (referral, lambda voucher: Attempt(holder_of(voucher)), Reason.OWN_REFERRAL),
    "a referee": (referral, lambda voucher: Attempt(CustomerFactory()), None),
    "a referee nobody names": (referral, lambda voucher: Attempt(), None),
    "an expired code of somebody else": (
        lambda: of_the_holder_only(expiration_date=BEFORE),
        lambda voucher: Attempt(CustomerFactory()),
        Reason.EXPIRED,
    ),
}


@pytest.mark.parametrize("case", ATTEMPTS)
def test_who_redeems_it_and_for_how_much_counts(case):
    make, tried, reason = ATTEMPTS[case]
    voucher = make()
    attempt = tried(voucher)
    found = verdict(voucher, attempt)

    assert found.reason == column(voucher, attempt) == reason
    amount = attempt.amount or (Decimal(1) if voucher.type == "GIFT_VOUCHER" else None)
    assert statement(voucher, attempt._replace(amount=amount)) == (found.refused.key if reason else None)


def test_of_the_code_alone_nobody_and_no_amount_is_asked_about():
    assert verdict(of_the_holder_only()).redeemable
    assert verdict(referral()).redeemable
    assert verdict(gift()).redeemable


def test_an_unpublished_code_is_like_none_to_whom_it_is_hidden():
    pooled, none = read(VoucherFactory(code="SPRING-1")), verdict(None, code="SPRING-1")

    assert verdict(pooled, code="SPRING-1", sees_unpublished=False) == none
    assert (none.reason, none.voucher, none.refused.key) == (Reason.UNKNOWN, None, "not_found")
    assert verdict(read(held()), sees_unpublished=False).redeemable


def test_a_verdict_may_be_asked_of_another_moment():
    voucher = read(held(start_date=BEFORE, expiration_date=AFTER))

    reasons = [verdict(voucher, at=at).reason for at in (BEFORE - timedelta(1), NOW, AFTER)]

    assert reasons == [Reason.NOT_STARTED, None, Reason.EXPIRED]


def test_a_verdict_writes_nothing(django_assert_num_queries):
    voucher, somebody = of_the_holder_only(), CustomerFactory()

    with django_assert_num_queries(1):
        verdict(voucher, Attempt(somebody))
    with django_assert_num_queries(0):
        verdict(read_before := voucher)

    assert (Redemption.objects.count(), read(read_before).redeemed_quantity) == (0, 0)


def test_a_refusal_of_someone_else_is_kept_with_its_reason():
    voucher, other = of_the_holder_only(), CustomerFactory()

    with pytest.raises(RedemptionRefused) as refused:
        redeem(voucher, customer=other, by=STAFF)

    failure = Redemption.objects.get()
    assert (refused.value.key, failure.failure_code, failure.customer) == ("customer_not_holder",) * 2 + (other,)
    assert failure.failure_in_words == "Held by someone else"


def test_the_database_knows_the_words_of_the_switch():
    with pytest.raises(IntegrityError, match="campaign_only_holder_known"):
        CampaignFactory(only_holder="maybe")
