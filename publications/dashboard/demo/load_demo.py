"""Fills an empty installation with campaigns, customers and four weeks of publications, to look around in."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from campaigns.codes.actions.extend_pool import extend_pool
from campaigns.codes.models import Voucher
from campaigns.codes.state import gift_amount
from campaigns.models import Campaign
from config.actor import Actor
from config.api.actions.create_api_key import create_api_key
from config.api.models import ApiKey
from config.staff import audit
from customers.models import Customer
from publications.actions.release import release
from publications.dashboard.demo.load_demo_aftermath import load_demo_aftermath
from publications.dashboard.demo.load_demo_app import load_demo_app
from publications.dashboard.demo.load_demo_failures import load_demo_failures
from publications.dashboard.demo.load_demo_program import load_demo_program
from publications.dashboard.demo.load_demo_reminders import load_demo_reminders
from publications.dashboard.demo.load_demo_rules import load_demo_rules
from publications.dashboard.demo.load_demo_runs import load_demo_runs
from publications.ledger.give import give
from publications.ledger.requests import Codes, PublishRequest
from publications.models import Publication, PublishedVoucher
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.models import Redemption
from publications.refusals import FailureReason

ADMIN = Actor("user", None, "admin")
SHOP = Actor("api_key", None, "Web shop")
NEWSLETTER = Actor("api_key", None, "Newsletter")
WELCOME = Actor("run", None, "Welcome series")

FIRST_NAMES = """Ada Amir Anna Ben Chloe Daniel Elena Emil Fatima Felix Freya Hugo Ines Ivan Jana Jonas Karim Klara Leo
Lena Lucas Maja Marco Mia Nadia Noah Olga Omar Paula Rosa Samuel Sara Theo Uma Viktor Wanda Yara Zoe""".split()
LAST_NAMES = """Adler Baker Bianchi Costa Dubois Eriksson Fischer Garcia Haas Ivanova Jansen Keller Lindqvist Moreau
Nowak Okafor Petrov Quinn Rossi Schmidt Silva Tanaka Usman Vogel Weber Yilmaz Zimmermann""".split()
CITIES = [("Berlin", "Germany"), ("Lyon", "France"), ("Porto", "Portugal"), ("Malmö", "Sweden"), ("Kraków", "Poland")]
CUSTOMERS = 600

# channel, the door, who, and how often of a hundred times
CHANNELS = [
    ("API", "api", SHOP, 44),
    ("newsletter_November", "api", NEWSLETTER, 26),
    ("Dashboard", "dashboard", ADMIN, 18),
    ("Automation", "automation", WELCOME, 12),
]


class NotEmpty(Exception):
    """There are campaigns or customers already; the demo data would stand among them."""


def load_demo() -> None:
    """Everything in one transaction. Raises NotEmpty."""
    dice = random.Random(2026)  # noqa: S311 - the same demo each time; the codes themselves are drawn properly
    with transaction.atomic():
        if Campaign.objects.exists() or Customer.objects.exists():
            raise NotEmpty("Demo data can only be loaded into an empty database.")
        for caller in (SHOP, NEWSLETTER):  # whose tokens nobody has
            create_api_key(caller.label, scope=ApiKey.Scope.PUBLISH, by=ADMIN)
        customers = _customers(dice)
        for campaign, codes, published in _campaigns():
            campaign.save()
            extend_pool(campaign, count=codes)
            campaign.vouchers.update(created_at=campaign.created_at)
            _publications(dice, campaign, customers, published)
            audit.record(
                "campaign.created", by=ADMIN, object_id=campaign.public_id, object_label=campaign.name, campaign_id=campaign.pk
            )  # fmt: skip
        _failures(dice, customers)
        load_demo_failures(by=SHOP)
        _tell_the_planner()
        held = PublishedVoucher.objects.filter(publication__campaign__name="Autumn Roast Launch").earliest("pk")
        release(held.voucher, by=ADMIN, reason="Sent to the wrong customer")
        used = _redemptions(dice, PublishedVoucher.objects.filter(released_at=None), share=0.4)
        roll_back(used[-1], reason="Order cancelled", by=SHOP)
        _standalone()
        load_demo_runs(by=ADMIN)
        load_demo_rules(by=ADMIN)
        load_demo_program(dice, shop=SHOP, by=ADMIN)
        load_demo_aftermath(by=ADMIN)
        _redemptions(random.Random(2027), load_demo_app(by=ADMIN), share=0.6)  # noqa: S311 - as above
        load_demo_reminders(by=ADMIN)


def _tell_the_planner() -> None:
    """Autovacuum cannot see these rows before the commit; where it has seen the tables empty, what follows took ten seconds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE campaigns_campaign, codes_voucher, customers_customer, publications_publication, publications_publishedvoucher"
        )


def _customers(dice: random.Random) -> list[Customer]:
    now, made = timezone.now(), []
    for number in range(1, CUSTOMERS + 1):
        first, last = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)
        city, country = dice.choice(CITIES)
        made.append(
            Customer(
                source_id=f"shop-{10000 + number}",
                name=f"{first} {last}",
                email=f"{first}.{last}{number}@example.com".lower(),
                address={"city": city, "country": country},
                metadata={"lang": dice.choice(["de", "en", "fr", "pt", "sv", "pl"]), "newsletter": dice.random() < 0.7},
                created_at=now - timedelta(days=dice.randint(30, 400), minutes=dice.randint(0, 1439)),
            )
        )
    return Customer.objects.bulk_create(made)


def _campaigns() -> list[tuple[Campaign, int, int]]:
    """Each with the number of its codes and how many of them are published."""
    now = timezone.now().replace(minute=0, second=0, microsecond=0)

    def day(n: int) -> datetime:
        return now + timedelta(days=n)

    return [
        (Campaign(name="Garden Opening Days", discount_type="PERCENT", discount_value=15, category="Seasonal",
                  code_prefix="GARDEN-", start_date=day(-120), expiration_date=day(-7), created_at=day(-130)), 300, 214),
        (Campaign(name="Student Plus", discount_type="FIXED", discount_value=29, category="Loyalty",
                  description="A fixed price for students, checked at the till.", code_length=10,
                  start_date=day(-60), created_at=day(-61)), 500, 167),
        (Campaign(name="Free lounge pass", discount_type="UNIT", discount_value=1, unit_type="Lounge visit",
                  category="Partners", code_pattern="LOUNGE-####-####", active=False, created_at=day(-50)), 150, 96),
        (Campaign(name="Refer a reader", kind="REFERRAL_PROGRAM", discount_type="AMOUNT", discount_value=5,
                  category="Loyalty", join_once=True, auto_update=True, redemption_limit=None, created_at=day(-45)), 200, 120),
        (Campaign(name="Gift cards 50", kind="GIFT_VOUCHERS", gift_amount=50, category="Gifts", code_length=12,
                  code_prefix="GIFT-", redemption_limit=None, expiration_date=day(365), created_at=day(-40)), 260, 246),
        (Campaign(name="Welcome to the newsletter", discount_type="PERCENT", discount_value=10, category="Newsletter",
                  description="One code for each new subscriber. The pool extends itself.", join_once=True,
                  auto_update=True, activity_duration="P30D", created_at=day(-30)), 420, 420),
        (Campaign(name="Autumn Roast Launch", discount_type="PERCENT", discount_value=20, category="Seasonal",
                  description="Twenty percent off the first bag.", code_prefix="ROAST-", code_pattern="####-####",
                  start_date=day(-24), expiration_date=day(38), metadata={"brand": "Northbeam Coffee"},
                  created_at=day(-25)), 800, 310),
        (Campaign(name="Black Friday Warm-up", discount_type="PERCENT", discount_value=30, category="Seasonal",
                  code_prefix="BF26-", start_date=day(3), expiration_date=day(10), created_at=day(-2)), 1000, 0),
    ]  # fmt: skip


def _publications(dice: random.Random, campaign: Campaign, customers: list[Customer], count: int) -> None:
    """Straight into the ledger: the verb publishes now, and a demo needs a past."""
    now = timezone.now()
    first = max(campaign.created_at, now - timedelta(days=28))
    last = min(campaign.expiration_date or now, now)
    span = (last - first).total_seconds()
    moments = sorted(last - timedelta(seconds=span * dice.random() ** 1.15) for _ in range(count))
    vouchers = dice.sample(list(campaign.vouchers.order_by("pk")), count)
    to = dice.sample(customers, count) if campaign.join_once else dice.choices(customers, k=count)
    requests = []
    for moment, customer, voucher in zip(moments, to, vouchers, strict=True):
        channel, origin, actor, _ = dice.choices(CHANNELS, weights=[weight for *_, weight in CHANNELS])[0]
        metadata = {"order": f"A-{dice.randint(10000, 99999)}"} if origin == "api" and dice.random() < 0.4 else None
        requests.append(
            PublishRequest(
                campaign=campaign.pk, customer=customer.pk, channel=channel, origin=origin, by=actor,
                vouchers=(voucher.pk,), metadata=metadata, join_once=campaign.join_once,
                activity=campaign.activity_duration or None, moment=moment,
            )
        )  # fmt: skip
    give(requests, Codes.PAST, noted=False)


def _failures(dice: random.Random, customers: list[Customer]) -> None:
    now = timezone.now()
    expired = Campaign.objects.get(name="Garden Opening Days")
    roast = Campaign.objects.get(name="Autumn Roast Launch")
    taken = roast.vouchers.filter(published_at__isnull=False).earliest("pk")
    cases = [
        (
            expired,
            None,
            "no_voucher_suitable_for_publication",
            FailureReason.CAMPAIGN_EXPIRED,
            "The campaign has expired.",
            4,
        ),
        (
            roast,
            taken.code,
            "voucher_already_published",
            FailureReason.ALREADY_PUBLISHED,
            f"Voucher '{taken.public_id}' has already been published",
            3,
        ),
    ]
    Publication.objects.bulk_create(
        Publication(
            result="FAILURE", campaign=campaign, customer=dice.choice(customers), channel="API", origin="api",
            created_at=now - timedelta(hours=dice.randint(2, 140)), failure_code=key, failure_reason=why, failure_message=message,
            attempted_code=code, failure_key=dice.randbytes(32), actor_kind=SHOP.kind, actor_label=SHOP.label,
            attempts=dice.randint(1, 4),
        )
        for campaign, code, key, why, message, count in cases
        for _ in range(count)
    )  # fmt: skip


def _redemptions(dice: random.Random, given: QuerySet[PublishedVoucher], *, share: float) -> list[Redemption]:
    """Of a share of these codes, written as rows with a past. But of referral codes: who holds one cannot redeem it
    (load_demo_program.py)."""
    rows, now = [], timezone.now()
    held = given.exclude(voucher__campaign__kind="REFERRAL_PROGRAM").select_related("publication", "voucher__campaign")
    for publication, voucher in (
        (row.publication, row.voucher) for row in held.order_by("pk") if dice.random() < share
    ):
        gift, campaign, worth = gift_amount(voucher), voucher.campaign, dice.randrange(1200, 9000, 10)
        paid = min(gift, Decimal(worth) / 100) if gift else None
        rows.append(
            Redemption(
                kind="redemption", voucher=voucher, campaign=campaign, customer_id=publication.customer_id,
                created_at=publication.created_at + (now - publication.created_at) * dice.random(), result="SUCCESS",
                amount=paid, balance=gift - paid if gift and paid else None, redeemed_quantity=1,
                redemption_limit=campaign.redemption_limit if campaign else None,
                order={"source_id": f"A-{dice.randint(10000, 99999)}", "amount": worth}, actor_kind=SHOP.kind,
                actor_label=SHOP.label,
            )
        )  # fmt: skip
        Voucher.objects.filter(pk=voucher.pk).update(redeemed_quantity=1, redeemed_amount=paid or 0)
    return Redemption.objects.bulk_create(rows)


def _standalone() -> None:
    Voucher.objects.bulk_create(
        [
            Voucher(code="SORRY-15", discount_type="PERCENT", discount_value=15, category="Goodwill"),
            Voucher(code="PRESS-KIT-2026", type="GIFT_VOUCHER", gift_amount=25, category="Press"),
        ]
    )
