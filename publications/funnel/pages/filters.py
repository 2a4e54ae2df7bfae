"""What the funnel is of: the filters of its page and of its report, as they stand in the address bar."""

from __future__ import annotations

from datetime import date, timedelta

import django_filters
from django import forms
from django.db.models import QuerySet
from django.forms import BaseForm
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property

from campaigns.models import Campaign
from config.public_ids import CAMPAIGN, DISTRIBUTION, key_of
from config.staff.pages.widgets import Combobox
from publications.distributions.models import Distribution
from publications.funnel.models import OF_EVERYTHING, FunnelTally
from publications.queries.list_channels import list_channels

WEEKS = {"4": "4 weeks", "12": "12 weeks", "26": "26 weeks", "52": "52 weeks"}
USUAL = "12"
MOST_NAMESAKES = 100  # distributions of one name


def weeks_until_today(count: int) -> list[date]:
    """Their Mondays; the last is that of this week."""
    today = timezone.localdate()
    return [today - timedelta(days=today.weekday(), weeks=ago) for ago in reversed(range(count))]


class FunnelForm(forms.Form):
    def clean_campaign(self) -> Campaign | None:
        """By its id a deleted one, too: what was published remains."""
        text = self.cleaned_data["campaign"].strip()
        if not text:
            return None
        key = key_of(CAMPAIGN, text)
        found = Campaign.objects.filter(pk=key) if key else Campaign.objects.live().filter(name=text)
        if not (campaign := found.first()):
            raise forms.ValidationError("No campaign has this name or ID. Choose one from the list.")
        return campaign

    def clean_distribution(self) -> list[Distribution]:
        """Those of this name, the newest first; or the one of this id."""
        text = self.cleaned_data["distribution"].strip()
        if not text:
            return []
        key = key_of(DISTRIBUTION, text)
        found = Distribution.objects.filter(pk=key) if key else Distribution.objects.filter(name=text)
        distributions = list(found.order_by("-pk")[:MOST_NAMESAKES])
        if not distributions:
            raise forms.ValidationError("No distribution has this name or ID. Choose one from the list.")
        return distributions


class FunnelFilter(django_filters.FilterSet):
    """Of FunnelTally or FunnelTime. Nothing is found by a campaign or distribution that does not exist."""

    campaign = django_filters.CharFilter(
        label="Campaign",
        method="of_campaign",
        max_length=200,
        widget=Combobox(url_name="campaigns:suggest", attrs={"placeholder": "Any campaign"}),
    )
    distribution = django_filters.CharFilter(
        label="Distribution",
        method="of_distributions",
        max_length=200,
        widget=Combobox(url_name="funnel:suggest", attrs={"placeholder": "Any distribution"}),
    )
    channel = django_filters.CharFilter(label="Channel", max_length=100)
    weeks = django_filters.ChoiceFilter(
        label="Published in the last", choices=list(WEEKS.items()), method="of_weeks", empty_label=None
    )

    class Meta:
        model = FunnelTally
        form = FunnelForm
        fields: list[str] = []

    def __init__(self, data: MultiValueDict | None, queryset: QuerySet) -> None:
        asked = MultiValueDict() if data is None else data.copy()
        if not asked.get("weeks"):
            asked["weeks"] = USUAL
        super().__init__(asked, queryset)

    @cached_property
    def form(self) -> BaseForm:
        form = super().form

        def channels() -> list[tuple[str, str]]:
            """Asked when the form is drawn."""
            asked = self.data.get("channel", "")
            names = list_channels()
            return [("", "Any channel"), *((name, name) for name in [*names, *({asked} - {*names, ""})])]

        form.fields["channel"].widget = forms.Select(choices=channels)  # type: ignore[arg-type]  # drawn late
        return form

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        return queryset.none() if self.errors else super().filter_queryset(queryset)

    @property
    def campaign_asked(self) -> Campaign | None:
        return self.form.cleaned_data.get("campaign")

    @property
    def distributions_asked(self) -> list[Distribution]:
        return self.form.cleaned_data.get("distribution") or []

    @property
    def period(self) -> str:
        """ "12 weeks" """
        return WEEKS[self.form.cleaned_data["weeks"]]

    @cached_property
    def mondays(self) -> list[date]:
        return weeks_until_today(int(self.form.cleaned_data["weeks"]))

    def of_what(self, rows: QuerySet, *, each: bool = False) -> QuerySet:
        """What is asked for, among these rows: of each campaign and distribution, or else by the few rows that are sums over all of
        them, where none is asked for."""
        each = each or bool(self.campaign_asked or self.distributions_asked)
        rows = rows.exclude(campaign_id=OF_EVERYTHING) if each else rows.filter(campaign_id=OF_EVERYTHING)
        return self.filter_queryset(rows)

    def of_campaign(self, rows: QuerySet, name: str, campaign: Campaign) -> QuerySet:
        return rows.filter(campaign_id=campaign.pk)

    def of_distributions(self, rows: QuerySet, name: str, distributions: list[Distribution]) -> QuerySet:
        return rows.filter(distribution_id__in=[each.pk for each in distributions])

    def of_weeks(self, rows: QuerySet, name: str, weeks: str) -> QuerySet:
        return rows.filter(week__gte=self.mondays[0])
