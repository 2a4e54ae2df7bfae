"""The forms of the settings pages, and the field that every form uses for metadata."""

from __future__ import annotations

import json
import zoneinfo
from functools import cache
from typing import Any, Never

from django import forms
from django.contrib.auth.models import Group

from config.metadata import MetadataRefused, check_metadata
from config.staff.day_limits import InvalidLimits, parse_channel_limits
from config.staff.models import ProjectSettings
from config.staff.pages.widgets import Switch
from config.staff.roles import EXPLAINED


class MetadataField(forms.CharField):
    """A JSON object typed as text; an empty text is {}. The cleaned value can be stored (config/metadata.py)."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault(
            "help_text", "A JSON object of at most 32 KB, such as <code>{&quot;lang&quot;: &quot;en&quot;}</code>."
        )
        super().__init__(**kwargs)

    def widget_attrs(self, widget: Any) -> dict:
        return {**super().widget_attrs(widget), "class": "mono", "rows": 4, "spellcheck": "false"}

    def prepare_value(self, value: Any) -> str:
        """What was typed stays as it is; what is stored is shown indented, and {} as nothing."""
        if isinstance(value, str):
            return value
        return json.dumps(value, indent=2, ensure_ascii=False) if value else ""

    def clean(self, value: Any) -> dict:
        text = super().clean(value)
        try:
            return check_metadata(_parsed(text) if text else None)
        except MetadataRefused as refused:
            raise forms.ValidationError(str(refused)) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """By value, so that another indentation is no change. `initial` is text where the form carried it."""
        try:
            before = self.clean(initial) if isinstance(initial, str) else initial
            return self.clean(data) != (before or {})
        except forms.ValidationError:
            return True


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as wrong:
        raise forms.ValidationError(
            f"This is not valid JSON: {wrong.msg.lower()} in line {wrong.lineno}, column {wrong.colno}. "
            "Put names and text in double quotes."
        ) from None
    except (RecursionError, ValueError):
        raise forms.ValidationError(
            "This is nested too deeply, or contains a number with thousands of digits."
        ) from None


def _refuse_constant(name: str) -> Never:
    raise forms.ValidationError(f"{name} is not a JSON value.")


@cache
def time_zones() -> list[str]:
    """The names people know, such as Europe/Madrid; no aliases or legacy names ("EST5EDT")."""
    names = {
        name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))
    }
    return ["UTC", *sorted(names)]


class ChannelLimitsField(forms.CharField):
    """One channel per line; the cleaned value is {channel: codes per day}."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "placeholder": "Newsletter: 500"})

    def prepare_value(self, value: Any) -> str:
        return (
            value
            if isinstance(value, str)
            else "\n".join(f"{name}: {most}" for name, most in sorted((value or {}).items()))
        )

    def clean(self, value: Any) -> dict[str, int]:
        try:
            return parse_channel_limits(super().clean(value))
        except InvalidLimits as refused:
            raise forms.ValidationError(str(refused)) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """What stands in the hidden field is text; both say the same where they read the same."""
        try:
            return parse_channel_limits(self.prepare_value(initial)) != parse_channel_limits(data or "")
        except InvalidLimits:
            return True


class SettingsForm(forms.ModelForm):
    channel_limits = ChannelLimitsField(
        label="Codes per day",
        required=False,
        max_length=20_000,
        help_text="One channel per line with the most codes it may give out from midnight to midnight: “Newsletter: 500”. "
        "Channels that are not listed have no limit.",
    )
    time_zone = forms.CharField(
        max_length=64,
        help_text="For pages, periods, schedules, and times in uploaded files that name no other. The API uses UTC. Each export lets you choose.",
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Choose a time zone, such as Europe/Madrid or UTC."},
    )

    class Meta:
        model = ProjectSettings
        fields = [
            *("name", "time_zone", "currency", "keep_failures_days", "keep_files_days", "undo_minutes"),
            *("emails_per_minute", "reveal_unpublished_codes", "refuse_disabled_campaigns"),
            *("require_second_factor", "backed_up_elsewhere", "channel_limits"),
        ]
        widgets = {
            "require_second_factor": Switch,
            "backed_up_elsewhere": Switch,
            "reveal_unpublished_codes": Switch,
            "refuse_disabled_campaigns": Switch,
        }

    fieldsets = [
        ("Project", "", ["name", "time_zone", "currency"]),
        ("Distributions", "", ["undo_minutes", "emails_per_minute"]),
        ("Limits of channels", "", ["channel_limits"]),
        ("Disabled campaigns", "", ["refuse_disabled_campaigns"]),
        ("Signing in", "", ["require_second_factor"]),
        ("Retention", "", ["keep_failures_days", "keep_files_days"]),
        ("Backups", "", ["backed_up_elsewhere"]),
        ("Codes in API exports", "", ["reveal_unpublished_codes"]),
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True  # so that a form that was open for long puts nothing back

    def changes(self) -> dict:
        return {name: self.cleaned_data[name] for name in self.changed_data}

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_currency(self) -> str:
        currency = self.cleaned_data["currency"].strip().upper()
        if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
            raise forms.ValidationError("Enter three letters, such as EUR or USD.")
        return currency

    def clean_time_zone(self) -> str:
        typed = self.cleaned_data["time_zone"].strip().replace(" ", "_")
        for name in time_zones():
            if name.lower() == typed.lower():
                return name
        raise forms.ValidationError(
            f"“{typed}” is not a time zone. Choose one from the list, such as Europe/Madrid or UTC."
        )


class RolesField(forms.ModelMultipleChoiceField):
    """Each role, with what it allows."""

    def label_from_instance(self, group: Group) -> str:
        return f"{group.name}: {EXPLAINED[group.name]}" if group.name in EXPLAINED else group.name
