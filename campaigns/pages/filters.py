"""The filters of the campaign and code lists, as they appear in the address bar, and what their states mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django import forms
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.forms import BaseForm
from django.utils import timezone

from campaigns.codes.models import Voucher
from campaigns.codes.pool import in_pool
from campaigns.codes.state import CODE_STATE, INDEXED, CodeState
from campaigns.models import Campaign
from config.public_ids import CAMPAIGN, VOUCHER, key_of, public_id
from config.staff.lists.looking_back import Edge, newest, older_than
from config.staff.lists.tables import Looked
from config.staff.pages.widgets import Combobox

LOOKED_THROUGH = 100_000  # codes, for a state that no index finds
HIDDEN_STATES = (CodeState.DELETED, CodeState.CAMPAIGN_DELETED)  # of codes that no list shows
MOST_CAMPAIGNS = 100  # that a list of codes is narrowed to at once

# A state of a campaign: its word, and which campaigns are in it. Each is in exactly one.
EXPIRED = Q(expiration_date__lte=Now())
SCHEDULED = Q(start_date__gt=Now())
CAMPAIGN_STATES = {
    "live": ("Live", ~EXPIRED & Q(active=True) & ~SCHEDULED),
    "scheduled": ("Not started", ~EXPIRED & Q(active=True) & SCHEDULED),
    "disabled": ("Disabled", ~EXPIRED & Q(active=False)),
    "expired": ("Expired", EXPIRED),
}


def state_of_campaign(campaign: Campaign) -> str:
    now = timezone.now()
    if campaign.expiration_date and campaign.expiration_date <= now:
        return "Expired"
    if not campaign.active:
        return "Disabled"
    return "Not started" if campaign.start_date and campaign.start_date > now else "Live"


def search_box(placeholder: str) -> forms.TextInput:
    return forms.TextInput(attrs={"type": "search", "placeholder": placeholder, "autocomplete": "off"})


class CampaignFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(
        method="find", label="Search", max_length=200, widget=search_box("Search name, category or ID")
    )
    kind = django_filters.ChoiceFilter(choices=Campaign.Kind.choices, empty_label="Any kind", label="Kind")
    status = django_filters.ChoiceFilter(
        choices=[(name, word) for name, (word, _) in CAMPAIGN_STATES.items()],
        method="in_state",
        empty_label="Any status",
        label="Status",
    )
    pool = django_filters.ChoiceFilter(
        choices=[("static", "Fixed pool"), ("auto", "Auto-extending")],
        method="of_pool",
        empty_label="Any pool",
        label="Pool",
    )

    class Meta:
        model = Campaign
        fields: list[str] = []

    def find(self, campaigns: QuerySet, name: str, text: str) -> QuerySet:
        """Every word somewhere in name or category. Campaigns are hundreds: no index is needed to look at them all."""
        if key := key_of(CAMPAIGN, text.strip()):
            return campaigns.filter(pk=key)
        for word in text.split():
            campaigns = campaigns.filter(Q(name__icontains=word) | Q(category__icontains=word))
        return campaigns

    def in_state(self, campaigns: QuerySet, name: str, state: str) -> QuerySet:
        return campaigns.filter(CAMPAIGN_STATES[state][1])

    def of_pool(self, campaigns: QuerySet, name: str, pool: str) -> QuerySet:
        return campaigns.filter(auto_update=pool == "auto")


class CodeFilter(django_filters.FilterSet):
    """All codes on the server. `reveals`: whether the reader sees published codes in clear."""

    q = django_filters.CharFilter(method="find", label="Code or ID", max_length=255)
    campaign = django_filters.CharFilter(
        method="of_campaign",
        label="Campaign",
        max_length=200,
        widget=Combobox(url_name="campaigns:suggest", attrs={"placeholder": "Any campaign"}),
    )
    belongs = django_filters.ChoiceFilter(
        choices=[("campaign", "In campaigns"), ("standalone", "Standalone")],
        method="belonging",
        empty_label="All codes",
        label="Belongs to",
    )
    status = django_filters.ChoiceFilter(
        choices=[choice for choice in CodeState.choices if choice[0] not in HIDDEN_STATES],
        method="in_state",
        empty_label="Any status",
        label="Status",
    )
    type = django_filters.ChoiceFilter(choices=Voucher.Type.choices, empty_label="Any type", label="Type")

    class Meta:
        model = Voucher
        fields: list[str] = []

    def __init__(self, data: Mapping[str, Any], queryset: QuerySet, *, reveals: bool, whole: bool = False) -> None:
        """`whole`: of a state that no index finds all codes are looked through, as a report wants. Else, after `.qs` was
        read, `edge` tells how far back was looked; None: through all. `?beyond=v_…` looks on from there."""
        super().__init__(data, queryset)
        self.reveals, self.whole = reveals, whole
        self.edge: Edge | None = None
        self.looked_at = 0

    @property
    def beyond(self) -> int | None:
        return None if self.whole else key_of(VOUCHER, self.data.get("beyond") or "")

    @property
    def form(self) -> BaseForm:
        form = super().form
        form.fields["q"].widget = search_box(
            "Search code or ID" if self.reveals else "Search by full published code or ID"
        )
        return form

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """In the order of the pool's index; else newest first. The state comes last: what it looks through is what the
        other filters leave."""
        status = self.form.cleaned_data.pop("status", None)
        codes = super().filter_queryset(queryset)
        if status == CodeState.POOL:
            return self.in_state(codes, "status", status).order_by(F("campaign_id").desc(), (F("id") + 0).desc())
        return (self.in_state(codes, "status", status) if status else codes).order_by("-id")

    def find(self, codes: QuerySet, name: str, text: str) -> QuerySet:
        """By id, by a whole code, or by the beginning of a published one; as typed or in capitals, as most codes are.

        The beginning of an unpublished code finds nothing: whoever could search by it would learn the code, which is
        masked on purpose, one character after the other (ADR 0006). To a reader who is shown no code at all, an
        unpublished code is like one that does not exist, also by the whole of it: a program guesses sixty a second.
        """
        text = text.strip()
        if key := key_of(VOUCHER, text):
            return codes.filter(pk=key)
        whole, published = Q(code__in=[text, text.upper()]), Q(published_at__isnull=False)
        if not self.reveals:
            return codes.filter(whole & published)
        begins = Q(code__startswith=text) | Q(code__startswith=text.upper())
        return codes.filter(whole | begins & published)

    def of_campaign(self, codes: QuerySet, name: str, text: str) -> QuerySet:
        """Of the campaign with this id or name; while a name is being typed, of all that it may become."""
        text, campaigns = text.strip(), Campaign.objects.live()
        key = key_of(CAMPAIGN, text)
        found = campaigns.filter(Q(pk=key) if key else Q(name=text)) or campaigns.filter(name__icontains=text)
        return codes.filter(campaign__in=[campaign.pk for campaign in found[:MOST_CAMPAIGNS]])

    def belonging(self, codes: QuerySet, name: str, where: str) -> QuerySet:
        return codes.filter(campaign__isnull=where == "standalone")

    def in_state(self, codes: QuerySet, name: str, state: str) -> QuerySet:
        if state == CodeState.POOL:
            codes = codes.filter(in_pool)
        elif state in INDEXED:
            codes = codes.filter(INDEXED[CodeState(state)])
        elif not self.whole:
            codes = older_than(codes, self.beyond, moment="id") if self.beyond is not None else codes
            codes, self.edge = newest(codes, LOOKED_THROUGH, moment="id")
            self.looked_at = LOOKED_THROUGH
        return codes.alias(state=CODE_STATE).filter(state=state)

    @property
    def looked(self) -> Looked | None:
        """What the list says about how far it has looked."""
        if self.edge is None and (self.beyond is None or not self.looked_at):
            return None
        further = self.edge and public_id(VOUCHER, self.edge.key)
        return Looked("codes", self.looked_at, None, further, self.beyond is not None)
