"""For the demo data: a referral program in which some readers have brought others, and were thanked for it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.utils import timezone

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.actor import Actor
from customers.models import Customer
from publications.dashboard.demo.load_demo_rules import active_rule, write_firings
from publications.models import Publication, PublishedVoucher
from publications.redemptions.models import Redemption, Referral
from publications.referrals.actions.set_up_program import NAMES, REFERRER, TEXTS
from publications.referrals.models import ReferralProgram

REFERRERS = 18
BROUGHT = [1, 1, 1, 2, 2, 3, 5]  # how many somebody has brought


def load_demo_program(dice: random.Random, *, shop: Actor, by: Actor) -> None:
    """Written as rows, like all of the demo. To be called in the transaction of the rest of it."""
    program = Campaign.objects.get(name="Refer a reader")
    reward = Campaign.objects.get(name="Autumn Roast Launch")
    subject, body = TEXTS[REFERRER]
    run = active_rule(
        f"{NAMES[REFERRER]}: {program}", reward, reward.created_at + timedelta(hours=3), by=by,
        rule={"trigger": "referrer", "campaign": program}, subject=subject, body=body,
    )  # fmt: skip
    ReferralProgram.objects.create(campaign=program, reward_referrer=run)
    referrals = _referrals(program, reward.created_at + timedelta(days=1), dice, by=shop)
    write_firings(run, [(one.referrer, one.created_at + timedelta(seconds=4)) for one in referrals])


def _referrals(program: Campaign, began: datetime, dice: random.Random, *, by: Actor) -> list[Referral]:
    held = Publication.objects.filter(campaign=program, voided_at=None)
    fresh = list(Customer.objects.exclude(pk__in=held.values("customer")).order_by("pk"))
    rows = PublishedVoucher.objects.filter(publication__in=held).select_related("publication__customer").order_by("pk")
    found, now = [], timezone.now()
    for row in dice.sample(list(rows), REFERRERS):
        since = max(began, row.publication.created_at)
        moments = sorted(since + (now - since) * dice.random() for _ in range(dice.choice(BROUGHT)))
        referees = [fresh.pop(dice.randrange(len(fresh))) for _ in moments]
        redemptions = Redemption.objects.bulk_create(
            Redemption(
                kind="redemption", result="SUCCESS", voucher_id=row.voucher_id, campaign=program, customer=who,
                created_at=at, redeemed_quantity=n, order={"source_id": f"A-{dice.randint(10000, 99999)}"},
                actor_kind=by.kind, actor_label=by.label,
            )
            for n, (who, at) in enumerate(zip(referees, moments, strict=True), start=1)
        )  # fmt: skip
        Voucher.objects.filter(pk=row.voucher_id).update(redeemed_quantity=len(redemptions))
        found += [
            Referral(
                campaign=program, referrer=row.publication.customer, referee=redemption.customer, redemption=redemption,
                number=number, created_at=redemption.created_at,
            )
            for number, redemption in enumerate(redemptions, start=1)
        ]  # fmt: skip
    return Referral.objects.bulk_create(sorted(found, key=lambda referral: referral.created_at))
