"""The lists of a referral program: who came by whom, and who referred how many."""

from __future__ import annotations

from collections import Counter
from typing import Any

import django_tables2 as tables
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.safestring import SafeString

from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import NumberColumn, Table, WhenColumn
from config.staff.templatetags.handout import pill
from customers.models import Customer
from publications.distributions.models import Delivery
from publications.pages.tables import NOTHING, customer_link
from publications.redemptions.models import Redemption, Referral
from publications.referrals.models import ReferralProgram

MAIN, ASIDE = ({"td": {"class": name}} for name in ("main", "aside"))


class ReferralTable(Table):
    referee = tables.Column(attrs=MAIN)
    referrer = tables.Column("Referred by")
    number = NumberColumn(verbose_name="Referee no.")
    created_at = WhenColumn(verbose_name="When")
    used = tables.Column("Redemption", empty_values=(), attrs=ASIDE)

    empty_icon = "handshake"
    empty_title = "No referrals yet"
    empty_text = "Referrals appear here when someone redeems another customer’s referral code."

    class Meta(Table.Meta):
        model = Referral
        fields = ("referee", "referrer", "number", "created_at", "used")

    def __init__(self, referrals: QuerySet, **kwargs: Any) -> None:
        back = Redemption.objects.filter(undoes=OuterRef("redemption"), kind="rollback", result="SUCCESS")
        people = referrals.select_related("referee", "referrer")
        super().__init__(people.annotate(rolled_back=Exists(back)), **kwargs)

    def render_referee(self, value: Any) -> SafeString:
        return customer_link(value)

    def render_referrer(self, value: Any) -> SafeString:
        return customer_link(value)

    def render_used(self, record: Any) -> SafeString:
        return pill("Rolled back", "warn") if record.rolled_back else pill("Redeemed", "good")


class ReferrerTable(Table):
    """Those who referred somebody, the most successful first."""

    referrer = tables.Column("Referrer", accessor="referrer_id", attrs=MAIN)
    referees = NumberColumn(verbose_name="Referees")
    rewards = tables.Column("Rewards", empty_values=(), attrs={"th": {"class": "num"}, "td": {"class": "num"}})

    key, moment = "referrer_id", ""
    empty_icon, empty_title, empty_text = ReferralTable.empty_icon, ReferralTable.empty_title, ReferralTable.empty_text

    class Meta(Table.Meta):
        fields = ("referrer", "referees", "rewards")

    def __init__(self, referrals: QuerySet, *, program: ReferralProgram | None, **kwargs: Any) -> None:
        self.program = program
        self.customers: dict[int, Customer] = {}
        self.given: Counter[int] = Counter()
        rows = referrals.order_by().values("referrer_id").annotate(referees=Count("pk"))
        super().__init__(rows.order_by("-referees", "-referrer_id"), **kwargs)

    def before_render(self, request: HtmxHttpRequest) -> None:
        keys = [row.record["referrer_id"] for row in self.paginated_rows]
        self.customers = Customer.objects.in_bulk(keys)
        if self.program and self.program.reward_referrer_id:
            given = Delivery.objects.filter(
                distribution=self.program.reward_referrer_id, customer__in=keys, publication__isnull=False
            )
            self.given = Counter(dict(given.order_by().values_list("customer").annotate(Count("pk"))))

    def render_referrer(self, value: Any) -> SafeString:
        return customer_link(self.customers[value])

    def render_rewards(self, record: Any) -> str:
        return f"{self.given[record['referrer_id']]:,}" if self.given[record["referrer_id"]] else NOTHING
