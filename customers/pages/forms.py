"""Staff's form for one customer. Its limits are those of `upsert.py`, so that every door stores the same."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone

from config.staff.pages.forms import MetadataField
from config.staff.pages.widgets import DateInput
from customers.actions.upsert import ADDRESS_PARTS, TEXTS
from customers.models import Customer

PLAIN = ("name", "email", "phone", "source_id", "birthdate", "description", "metadata")


def _address_part(label: str) -> forms.CharField:
    return forms.CharField(label=label, max_length=255, required=False)


class CustomerForm(forms.Form):
    name = forms.CharField(max_length=TEXTS["name"], required=False)
    email = forms.EmailField(label="E-mail", max_length=TEXTS["email"], required=False)
    phone = forms.CharField(max_length=TEXTS["phone"], required=False)
    source_id = forms.CharField(
        label="Source ID",
        max_length=TEXTS["source_id"],
        required=False,
        help_text="The customer’s ID in your own shop or CRM. It cannot be changed once set.",
    )
    birthdate = forms.DateField(required=False, widget=DateInput)
    line_1 = _address_part("Address line 1")
    line_2 = _address_part("Address line 2")
    postal_code = _address_part("Postal code")
    city = _address_part("City")
    state = _address_part("State or region")
    country = _address_part("Country")
    description = forms.CharField(
        max_length=TEXTS["description"], required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    metadata = MetadataField()

    all_optional = True
    fieldsets = [
        (
            "Identity",
            "Enter at least a name, an e-mail, a phone number or a source ID.",
            ["name", "email", "phone", "source_id", "birthdate"],
        ),
        ("Address", "", ["line_1", "line_2", "postal_code", "city", "state", "country"]),
        ("More", "", ["description", "metadata"]),
    ]

    def __init__(self, data: QueryDict | None = None, *, customer: Customer | None = None) -> None:
        self.customer = customer or Customer()
        initial = {field: getattr(self.customer, field) for field in PLAIN} | {
            part: self.customer.address.get(part, "") for part in ADDRESS_PARTS
        }
        super().__init__(data, initial=initial)
        # The form carries what it was shown with: what a shop has changed since is then told from what staff changed.
        for field in self.fields.values():
            field.show_hidden_initial = customer is not None
        # Disabled fields ignore what a browser sends; the database refuses as well (edit_customer.py).
        self.fields["source_id"].disabled = self.customer.source_id is not None

    def clean_birthdate(self) -> Any:
        birthdate = self.cleaned_data["birthdate"]
        if birthdate and birthdate > timezone.localdate():
            raise forms.ValidationError("This date is in the future.")
        return birthdate

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        if not self.errors and not any(cleaned[field] for field in ("name", "email", "phone", "source_id")):
            raise forms.ValidationError("Enter at least a name, an e-mail, a phone number or a source ID.")
        return cleaned

    def changes(self) -> dict[str, Any]:
        """The columns that the form changes, with their new values; for a new customer, those that were filled in."""
        changed = {field: self.cleaned_data[field] for field in PLAIN if field in self.changed_data}
        parts = {part: self.cleaned_data[part] for part in ADDRESS_PARTS if part in self.changed_data}
        if parts:
            address = {**self.customer.address, **parts}
            changed["address"] = {part: value for part, value in address.items() if value}
        return changed
