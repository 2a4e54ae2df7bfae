"""Who gets a kind of alert."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import Group, User
from django.http import QueryDict

from config.alerts.models import DEFAULT_ROLE, AlertRule, Kind
from config.staff.pages.widgets import Switch
from config.staff.roles import ROLES

# Which limits a kind has.
LIMITS = {Kind.POOL_LOW: ["fewest_codes", "fewest_days"], Kind.FAILED_ATTEMPTS: ["most_failures"]}


class RuleForm(forms.ModelForm):
    fewest_codes = forms.IntegerField(
        label="Fewer codes than", min_value=0, max_value=1_000_000, help_text="0 turns this off."
    )
    fewest_days = forms.IntegerField(
        label="Or empty within (days)",
        min_value=0,
        max_value=365,
        help_text="At the pace of the last 7 or 28 days, and with what scheduled distributions will take. 0 turns this off.",
    )
    most_failures = forms.IntegerField(
        label="At least this many in a day",
        min_value=1,
        max_value=1_000_000,
        help_text="And three times the daily average of the previous two weeks.",
    )
    roles = forms.ModelMultipleChoiceField(
        Group.objects.filter(name__in=ROLES).order_by("name"), required=False, widget=forms.CheckboxSelectMultiple
    )
    people = forms.ModelMultipleChoiceField(
        User.objects.filter(is_active=True).order_by("username"),
        required=False,
        help_text="In addition to the roles. Hold Ctrl or Cmd to choose several.",
    )

    class Meta:
        model = AlertRule
        fields = ["active", "by_email", "roles", "people", "fewest_codes", "fewest_days", "most_failures"]
        labels = {"active": "Alert when this happens", "by_email": "By e-mail, too"}
        help_texts = {"by_email": "In addition to the side bar, where alerts always appear."}
        widgets = {"active": Switch, "by_email": Switch}

    def __init__(self, data: QueryDict | None = None, *, instance: AlertRule) -> None:
        stored = AlertRule.objects.filter(pk=instance.kind).exists()
        initial = {} if stored else {"roles": Group.objects.filter(name=DEFAULT_ROLE)}
        super().__init__(data, instance=instance, initial=initial)
        limits = LIMITS.get(Kind(instance.kind), [])
        for name in {"fewest_codes", "fewest_days", "most_failures"} - set(limits):
            del self.fields[name]
        self.fieldsets = [
            ("", "", ["active"]),
            *([("When", "", limits)] if limits else []),
            ("Recipients", "", ["roles", "people", "by_email"]),
        ]

    def clean(self) -> dict[str, Any] | None:
        super().clean()
        values = self.cleaned_data
        if values.get("active") and not values.get("roles") and not values.get("people") and not self.errors:
            self.add_error("roles", "Choose at least one role or person, or turn the alert off.")
        return values

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name not in ("roles", "people")}
