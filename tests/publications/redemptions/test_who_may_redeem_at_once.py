"""Who holds a code changes while somebody redeems it: what counts is who holds it when it is redeemed."""

import threading
from collections.abc import Callable
from typing import NamedTuple

import pytest
from django.db import connection, transaction

from campaigns.codes.models import Voucher
from customers.models import Customer
from publications.actions.publish import publish_code
from publications.actions.release import release
from publications.models import PublishedVoucher
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.models import Redemption
from publications.redemptions.refusals import RedemptionRefused
from tests.publications.redemptions.test_redeem_at_once import wait_for_a_lock
from tests.support.factories import STAFF, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db(transaction=True)
HOLDERS, PUBLISHED = {"campaign__only_holder": "refuse"}, {"campaign__only_published": True}


def given(voucher: Voucher, customer: Customer) -> None:
    publish_code(Voucher.objects.select_related("campaign").get(pk=voucher.pk), customer, origin="api", by=STAFF)


def taken(voucher: Voucher) -> None:
    release(Voucher.objects.get(pk=voucher.pk), by=STAFF, reason="Sent by mistake", back_to_pool=True)


class Case(NamedTuple):
    fields: dict  # of the voucher
    before: bool  # whether Ann holds it
    meanwhile: Callable[[Voucher, Customer, Customer], object]  # while Ann waits to redeem it
    ends: str  # "redeemed", or the key of the refusal


CASES = {
    "it is released": Case(PUBLISHED, True, lambda code, ann, bob: taken(code), "voucher_not_published"),
    "it is published": Case(PUBLISHED, False, lambda code, ann, bob: given(code, ann), "redeemed"),
    "it goes to someone else": Case(
        HOLDERS, True, lambda code, ann, bob: (taken(code), given(code, bob)), "customer_not_holder"
    ),
    "it is published to someone else": Case(HOLDERS, False, lambda code, ann, bob: given(code, bob), "customer_not_holder"),
    "it is published to her": Case(HOLDERS, False, lambda code, ann, bob: given(code, ann), "redeemed"),
    "nobody holds it any more": Case(HOLDERS, True, lambda code, ann, bob: taken(code), "redeemed"),
    "a referral code becomes hers": Case(
        {"campaign__kind": "REFERRAL_PROGRAM"}, False, lambda code, ann, bob: given(code, ann),
        "referrer_not_permitted_to_redeem",
    ),
    "a referral code becomes someone else's": Case(
        {"campaign__kind": "REFERRAL_PROGRAM"}, True, lambda code, ann, bob: (taken(code), given(code, bob)), "redeemed"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_code_whose_holder_changes_while_it_is_redeemed(case):
    ann, bob = CustomerFactory(name="Ann"), CustomerFactory(name="Bob")
    code = VoucherFactory(**case.fields)
    if case.before:
        published(code, ann)
    code = Voucher.objects.select_related("campaign").get(pk=code.pk)
    ended = []

    def act():
        try:
            redeem(code, customer=ann, by=STAFF)
            ended.append("redeemed")
        except RedemptionRefused as refused:
            ended.append(refused.key)
        except Exception as problem:
            ended.append(problem)
        finally:
            connection.close()

    acting = threading.Thread(target=act)
    with transaction.atomic():
        case.meanwhile(code, ann, bob)
        acting.start()
        wait_for_a_lock()
    acting.join()

    assert ended == [case.ends]
    assert Redemption.objects.filter(result="SUCCESS").count() == (case.ends == "redeemed")


@pytest.mark.parametrize("fields", [HOLDERS, PUBLISHED], ids=["only the holder", "only published"])
def test_nobody_else_gets_through_while_a_code_goes_to_and_fro(fields):
    """It goes to Ann and to Bob in turn, and both try to redeem it all the while."""
    ann, bob = CustomerFactory(name="Ann"), CustomerFactory(name="Bob")
    code = VoucherFactory(used=True, redeemed_quantity=1, campaign__redemption_limit=None, **fields)
    redeemed, problems, over = [], [], threading.Event()

    def act(customer):
        while not over.is_set():
            try:
                with transaction.atomic():
                    redeem(Voucher.objects.select_related("campaign").get(pk=code.pk), customer=customer, by=STAFF)
                    # The code stays locked until the commit, so that this is who held it when it was redeemed.
                    live = PublishedVoucher.objects.filter(voucher=code, released_at=None)
                    redeemed.append((customer.pk, live.values_list("publication__customer", flat=True).first()))
            except RedemptionRefused:
                pass
            except Exception as problem:
                problems.append(problem)
        connection.close()

    threads = [threading.Thread(target=act, args=[customer]) for customer in (ann, bob, ann, bob)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(30):
            given(code, (ann, bob)[turn % 2])
            release(Voucher.objects.get(pk=code.pk), by=STAFF, reason="Next, please")
    finally:
        over.set()
        for thread in threads:
            thread.join()

    assert problems == []
    if fields is HOLDERS:
        assert [pair for pair in redeemed if pair[1] not in (None, pair[0])] == []
    else:
        assert [pair for pair in redeemed if pair[1] is None] == []
