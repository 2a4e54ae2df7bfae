"""The funnel's tallies agree with the rows that they count, whatever becomes of those."""

import random
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from campaigns.codes.models import Voucher
from customers.models import Customer
from publications.actions.publish import publish
from publications.actions.release import NotPublished, release
from publications.dashboard.erase_customer import erase_customer
from publications.distributions.actions.publish_batch import publish_batch
from publications.distributions.actions.write_audience import write_audience
from publications.distributions.models import Delivery
from publications.funnel.actions import count_funnel as counting
from publications.funnel.models import FunnelChange, FunnelCode, FunnelProgress, FunnelTally, FunnelTime
from publications.models import Publication, PublishedVoucher
from publications.redemptions.actions.redeem import redeem, redeem_together
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.models import Redemption
from publications.redemptions.refusals import RedemptionRefused
from publications.redemptions.uses import Use
from tests.support.distributions import running
from tests.support.factories import (
    STAFF,
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)
from tests.support.funnel import by_hand, count_all, disagreements, tallied
from tests.support.settling import handed_out, settled

pytestmark = pytest.mark.django_db


def of(campaign) -> tuple[int, ...]:
    """published, messages, delivered, redeemed, amount"""
    (row,) = FunnelTally.objects.filter(campaign_id=campaign.pk)
    return (row.published, row.messages, row.delivered, row.redeemed, row.amount)


def with_codes(customers: int, **fields):
    """A distribution that has published, and sent nothing yet."""
    run = running(customers, **fields)
    write_audience(run.pk)
    publish_batch(run.pk)
    return run


def sent(deliveries) -> None:
    deliveries.update(state="sent", state_at=Now())


class Shop:
    """What happens to codes, in any order."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.campaigns = [CampaignFactory(codes=60), CampaignFactory(codes=60, redemption_limit=3)]
        self.run = with_codes(12, campaign=self.campaigns[0])
        with_codes(6, campaign=self.campaigns[1], message="none")
        self.hand_out = handed_out(CampaignFactory(codes=10)).publication

    def held(self) -> list[Voucher]:
        held = PublishedVoucher.objects.filter(released_at=None).select_related("voucher").order_by("pk")
        return [row.voucher for row in held]

    def publish(self) -> None:
        campaign, channel, count = (
            self.dice.choice(self.campaigns),
            self.dice.choice(["API", "Till"]),
            self.dice.randint(1, 3),
        )
        made = publish(campaign, CustomerFactory(), count=count, channel=channel, origin="api", by=STAFF)
        ago = timedelta(minutes=int(10 ** self.dice.uniform(0, 4.6)))  # a minute to four weeks
        Publication.objects.filter(pk=made.pk).update(created_at=timezone.now() - ago)

    def publish_a_code_of_no_campaign(self) -> None:
        published(StandaloneVoucherFactory())

    def send(self) -> None:
        waiting = Delivery.objects.filter(distribution=self.run, state="published").order_by("pk").values("pk")[:2]
        sent(Delivery.objects.filter(pk__in=waiting))

    def redeem(self) -> None:
        order = self.dice.choice([None, {"amount": self.dice.randint(1, 9999)}])
        redeem(self.dice.choice(self.held()), order=order, by=STAFF)

    def redeem_three(self) -> None:
        uses = [Use(code) for code in self.dice.sample(self.held(), 3)]
        redeem_together(uses, order={"amount": 10_000}, by=STAFF)

    def roll_back(self) -> None:
        roll_back(self.dice.choice(Redemption.objects.filter(kind="redemption", stack=None)), by=STAFF)

    def release(self) -> None:
        release(self.dice.choice(self.held()), by=STAFF, reason="Wrong person")

    def settle(self) -> None:
        code = self.hand_out.ledger.filter(settled_to=None, released_at=None).order_by("pk")[0].code
        told = self.dice.choice([f"{CustomerFactory().source_id},", ",not used"])
        settled(self.hand_out, f"Code,Customer source ID,Not used\n{code},{told}\n")

    def erase(self) -> None:
        customers = Customer.objects.filter(erased_at=None, publications__voucher_count__gt=0).order_by("pk")
        erase_customer(self.dice.choice(customers), by=STAFF)

    def do_something(self) -> None:
        often = [self.publish, self.redeem, counting.count_funnel] * 4 + [self.send] * 2
        seldom = [
            self.publish_a_code_of_no_campaign,
            self.redeem_three,
            self.roll_back,
            self.release,
            self.settle,
            self.erase,
        ]
        # What is refused, or of which there is none left, changes nothing.
        with suppress(RedemptionRefused, NotPublished, IndexError, ValueError):
            self.dice.choice([*often, *seldom])()


def test_it_agrees_with_the_rows_after_anything_that_can_happen_to_a_code(monkeypatch):
    monkeypatch.setattr(counting, "CHUNK", 8)
    shop = Shop(random.Random(1644))
    for _ in range(140):
        shop.do_something()
    waiting = disagreements()
    count_all()

    tallies, times = tallied()
    assert (tallies, times) == by_hand()
    assert (waiting, disagreements(), FunnelChange.objects.count()) == (0, 0, 0)
    totals = [sum(column) for column in zip(*(counts for cell, counts in tallies.items() if not cell[0]), strict=True)]
    assert min(totals) > 5 and len(times) > 10  # or it would have agreed about nothing


def test_a_code_goes_through_the_funnel_and_back():
    campaign = CampaignFactory(codes=2)
    run = with_codes(2, campaign=campaign)
    count_all()
    seen = [of(campaign)]
    first = Delivery.objects.filter(distribution=run).earliest("pk")

    sent(Delivery.objects.filter(pk=first.pk))
    count_all()
    seen.append(of(campaign))
    use = redeem(first.publication.ledger.get().voucher, order={"amount": 1250}, by=STAFF)
    count_all()
    seen.append(of(campaign))
    roll_back(use, by=STAFF)
    count_all()
    seen.append(of(campaign))
    redeem(first.publication.ledger.get().voucher, order={"amount": 900}, by=STAFF)
    release(first.publication.ledger.get().voucher, by=STAFF, reason="Wrong person")
    count_all()
    seen.append(of(campaign))

    assert seen == [(2, 2, 0, 0, 0), (2, 2, 1, 0, 0), (2, 2, 1, 1, 1250), (2, 2, 1, 0, 0), (1, 1, 0, 0, 0)]
    assert not FunnelTime.objects.exclude(codes=0).exists()
    assert tallied() == by_hand()


def test_a_message_that_was_stored_or_that_failed_is_not_delivered():
    run = with_codes(3, codes=3)
    count_all()
    kept, failed, unknown = Delivery.objects.filter(distribution=run)
    Delivery.objects.filter(pk=kept.pk).update(state="kept")
    Delivery.objects.filter(pk=failed.pk).update(state="failed", reason="refused")
    Delivery.objects.filter(pk=unknown.pk).update(state="unknown", reason="connection_lost")
    count_all()
    before = of(run.campaign)

    sent(Delivery.objects.filter(pk=unknown.pk))  # a person has found out that it arrived
    count_all()

    assert (before, of(run.campaign)) == ((3, 3, 0, 0, 0), (3, 3, 1, 0, 0))


def test_an_order_with_several_codes_counts_once():
    codes = [published(VoucherFactory()).vouchers[0] for _ in range(3)]

    redeem_together([Use(code) for code in codes], order={"amount": 1000}, by=STAFF)
    count_all()

    amounts = FunnelTally.objects.filter(campaign_id__gt=0).order_by("-amount").values_list("amount", flat=True)
    assert list(amounts) == [334, 333, 333]
    assert FunnelTally.objects.get(campaign_id=0).amount == 1000


@pytest.mark.parametrize("amount", [None, "12", 10**30, -5])
def test_an_amount_that_is_none_stops_nothing(amount):
    code = published(VoucherFactory()).vouchers[0]
    use = redeem(code, order={"amount": 1000, "source_id": "A-1"}, by=STAFF)
    Redemption.objects.filter(pk=use.pk).update(order={"amount": amount})

    count_all()

    assert of(code.campaign)[3:] == (1, 10**18 if amount == 10**30 else 0)


def test_a_code_that_was_used_elsewhere_is_redeemed_but_nobody_knows_when():
    code = VoucherFactory(redeemed_quantity=1, redemption_limit=2, used=True)
    published(code)

    count_all()

    assert of(code.campaign) == (1, 0, 0, 1, 0)
    assert not FunnelTime.objects.exists()


def test_another_time_zone_begins_again(project):
    publication = published(VoucherFactory())
    sunday = timezone.now().replace(year=2026, month=11, day=8, hour=20)
    Publication.objects.filter(pk=publication.pk).update(created_at=sunday)
    redeem(publication.vouchers[0], by=STAFF)
    count_all()
    in_utc = FunnelTally.objects.values_list("week", flat=True).distinct().get()
    project(time_zone="Pacific/Kiritimati")  # UTC+14

    count_all()

    assert FunnelTally.objects.values_list("week", flat=True).distinct().get() == in_utc + timedelta(days=7)
    assert tallied() == by_hand("Pacific/Kiritimati")
    assert (disagreements(), FunnelCode.objects.count()) == (0, 1)


def test_ids_may_have_a_gap():
    """As after a restored backup, which moves them on."""
    published(VoucherFactory())
    row = published(VoucherFactory()).ledger.get()
    count_all()
    FunnelProgress.objects.update(ledger_settled=row.pk + 10**9, redemptions_settled=10**12)

    count_all()

    progress = FunnelProgress.objects.get()
    assert (progress.ledger_up_to, progress.redemptions_up_to) == (row.pk + 10**9, 10**12)
    assert tallied() == by_hand()


def test_verify_finds_a_tally_that_is_wrong():
    code = published(VoucherFactory()).vouchers[0]
    redeem(code, by=STAFF)
    count_all()
    sound = disagreements()
    FunnelTally.objects.filter(campaign_id=code.campaign_id).update(redeemed=5)
    one = disagreements()
    FunnelTime.objects.all().update(bucket=7)

    assert (sound, one, disagreements()) == (0, 1, 1 + 2 * 2)  # in both cells: one too few, and one too many
