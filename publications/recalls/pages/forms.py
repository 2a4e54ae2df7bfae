"""The forms of a recall: which codes, what to do with them, and why."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone

from campaigns.codes.queries.find import CampaignNotFound, find_campaign
from campaigns.models import Value
from config.staff.pages.widgets import Combobox, DateTimeInput
from publications.recalls.actions.start_recall import why_no_value
from publications.recalls.models import LONGEST_REASON, Act, Recall

VALUE = ("discount_type", "discount_value")
WHAT_IT_DOES = {
    Act.DISABLE: "Disable: nobody can redeem or publish them until they are enabled again",
    Act.ENABLE: "Enable: they are good again",
    Act.EXTEND: "Extend: move their expiry to a later date",
    Act.REVALUE: "Change value: percentages, amounts or units become what you say",
    Act.RETIRE: "Retire: nobody holds them any more, and they are never published again",
    Act.REPLACE: "Replace: each holder gets a new code, and the old one no longer works",
}


class PasteForm(forms.Form):
    codes = forms.CharField(
        label="Codes",
        widget=forms.Textarea(attrs={"class": "mono", "rows": 10, "spellcheck": "false", "autofocus": True}),
        help_text="One per line, or separated by spaces or commas.",
        error_messages={"required": "Paste at least one code."},
    )


class RecallForm(forms.Form):
    all_optional = True  # an act asks for what it needs

    act = forms.ChoiceField(
        label="What to do with the codes",
        choices=WHAT_IT_DOES.items(),
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what to do with the codes."},
    )
    expiration_date = forms.DateTimeField(
        label="New expiry",
        required=False,
        widget=DateTimeInput,
        help_text="In the project’s time zone. A code that expires later already is left as it is.",
    )
    discount_type = forms.ChoiceField(
        label="Kind of value",
        required=False,
        choices=[("", "Choose…"), *Value.Discount.choices],
        help_text="Only codes with this kind of value change; whoever holds a percentage keeps a percentage.",
    )
    discount_value = forms.DecimalField(
        label="New value",
        required=False,
        max_digits=14,
        decimal_places=4,
        help_text="For example 15 for 15 % off, or 9.50 for 9.50 off in the project’s currency.",
    )
    new_from = forms.CharField(
        label="New codes from",
        required=False,
        max_length=200,
        widget=Combobox(url_name="campaigns:suggest", attrs={"placeholder": "The same campaign"}),
        help_text="Leave empty to use each code’s own campaign.",
    )
    reason = forms.CharField(
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept in the history of every code and in the audit log.",
        error_messages={"required": "Enter a reason."},
    )
    # What the numbers that the page shows were counted for: others were not seen yet.
    counted = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, recall: Recall) -> None:
        super().__init__(data, initial={"act": recall.act})

    def clean_new_from(self) -> Any:
        if not (named := self.cleaned_data["new_from"].strip()):
            return None
        try:
            return find_campaign(named)
        except CampaignNotFound:
            raise forms.ValidationError("There is no such campaign. Choose one from the list.") from None

    def clean_discount_type(self) -> str | None:
        return self.cleaned_data["discount_type"] or None

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        if cleaned.get("act") == Act.EXTEND and "expiration_date" not in self.errors:
            date = cleaned.get("expiration_date")
            if date is None:
                self.add_error("expiration_date", "Choose the date until which the codes stay valid.")
            elif date <= timezone.now():
                self.add_error("expiration_date", "Choose a date in the future.")
        if cleaned.get("act") == Act.REVALUE and not self.errors.keys() & set(VALUE):
            for field, error in why_no_value(*(cleaned.get(field) for field in VALUE)).items():
                self.add_error(field, error)
        return cleaned

    def fill_in(self, recall: Recall) -> bool:
        """What was chosen, as far as it counts, for the dry run; False where it is not enough for one."""
        cleaned: dict[str, Any] = (
            self.cleaned_data if self.is_bound and self.is_valid() is not None else {"act": recall.act}
        )
        recall.act = cleaned.get("act") or ""
        recall.expiration_date = cleaned.get("expiration_date") if recall.act == Act.EXTEND else None
        recall.new_from = cleaned.get("new_from") if recall.act == Act.REPLACE else None
        for name in VALUE:
            setattr(recall, name, cleaned.get(name) if recall.act == Act.REVALUE else None)
        wrong = self.errors.keys() & {"act", "expiration_date", "new_from", *VALUE}
        if recall.act == Act.EXTEND:
            return not wrong and recall.expiration_date is not None
        return bool(recall.act) and not wrong and (recall.act != Act.REVALUE or recall.discount_value is not None)


def counted_for(recall: Recall) -> str:
    """What the numbers of a dry run depend on, as text."""
    date = recall.expiration_date.isoformat() if recall.expiration_date else ""
    value = f"{recall.discount_type}{recall.discount_value.normalize()}" if recall.discount_value is not None else ""
    return f"{recall.act}/{date}/{recall.new_from_id or ''}/{value}"
