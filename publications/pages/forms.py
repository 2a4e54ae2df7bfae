"""The forms of publishing and releasing by hand."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.utils.safestring import SafeString

from campaigns.models import Campaign
from config.staff.pages.forms import MetadataField
from config.staff.pages.widgets import Combobox
from customers.actions.upsert import TEXTS
from customers.models import Customer
from publications.channels import DASHBOARD
from publications.pages.channel_field import ChannelField
from publications.queries.recipients import find_recipient, warnings_about, with_email

MOST_CODES = 50
NEW = ":new"  # instead of a customer's id: one is to be made


class PublishForm(forms.Form):
    """A customer, found or new, and what goes with the publication.

    Whatever staff should look at first (several customers with this e-mail, a code held already) is shown once: the
    form comes back, and only when sent again it is valid. `seen` holds what has been shown.
    """

    customer = forms.CharField(
        max_length=320,
        error_messages={"required": "Choose a customer, or enter the name or e-mail of a new one."},
        widget=Combobox(
            url_name="customers:suggest", attrs={"placeholder": "Name, e-mail or source ID", "autofocus": True}
        ),
        help_text="No match? You can create the customer.",
    )
    name = forms.CharField(max_length=TEXTS["name"], required=False)
    email = forms.EmailField(label="E-mail", max_length=TEXTS["email"], required=False)
    source_id = forms.CharField(
        label="Source ID",
        max_length=TEXTS["source_id"],
        required=False,
        help_text="The customer’s ID in your own shop or CRM.",
    )
    count = forms.IntegerField(
        label="Number of codes",
        min_value=1,
        max_value=MOST_CODES,
        initial=1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    metadata = MetadataField(
        help_text=SafeString(
            "Kept with the publication. A JSON object, such as <code>{&quot;order&quot;: 1042}</code>."
        )
    )
    channel = ChannelField(initial=DASHBOARD, help_text="Shown in the history and charts.")
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    # Becomes the publication's source_id: the same form sent twice publishes once.
    token = forms.UUIDField(widget=forms.HiddenInput)

    RECIPIENT = ("customer", "name", "email", "source_id", "seen")

    def __init__(
        self, data: QueryDict | None = None, *, campaign: Campaign | None, one_code: bool, customer: str = ""
    ) -> None:
        super().__init__(data, initial={"token": uuid.uuid4(), "customer": customer})
        self.campaign = campaign
        if one_code:
            del self.fields["count"]
        self.chosen: Customer | None = None
        self.candidates: list[Customer] = []
        self.warnings: list[str] = []
        self.is_new = False
        if data is None:
            self._look_up(customer)

    @property
    def rest(self) -> list[BoundField]:
        """The visible fields below the customer."""
        return [field for field in self.visible_fields() if field.name not in self.RECIPIENT]

    @property
    def fields_of_new(self) -> list[BoundField]:
        return [self["name"], self["email"], self["source_id"]]

    def new_customer(self) -> dict[str, str]:
        return {field: self.cleaned_data[field] for field in ("name", "email", "source_id") if self.cleaned_data[field]}

    def choose(self, customer: Customer) -> None:
        """From now on the form is about this customer."""
        self.chosen, self.is_new, self.candidates = customer, False, []
        self.warnings = warnings_about(customer, self.campaign)

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        typed = cleaned.get("customer", "")
        if typed == NEW:
            self._clean_new(cleaned)
            return cleaned
        self._look_up(typed)
        if typed and not self.chosen and self.candidates:
            self.add_error(None, "Which customer do you mean? Choose one, or create a new one.")
        elif typed and not self.chosen:
            self.add_error(None, f"There is no customer “{typed}” yet. Check the details and publish to create them.")
        elif self.chosen and self.warnings and cleaned.get("seen") != self.chosen.public_id:
            self.add_error(None, "Please check the warnings for this customer, then publish.")
        return cleaned

    def _look_up(self, typed: str) -> None:
        if typed == NEW:
            self.is_new = True
            return
        found, self.candidates = find_recipient(typed)
        if found:
            self.choose(found)
        elif typed:
            self.is_new = True
            self._fill_in(typed)

    def _fill_in(self, typed: str) -> None:
        """What was typed is the name or the e-mail of the new customer; the other is typed next."""
        field, next_field = ("email", "name") if "@" in typed else ("name", "email")
        self.fields[next_field].widget.attrs["autofocus"] = True
        if self.is_bound:
            data = self.data.copy()
            data[field] = data.get(field) or typed
            self.data = data
        else:
            self.initial[field] = typed

    def _clean_new(self, cleaned: dict[str, Any]) -> None:
        self.is_new = True
        source_id, email = cleaned.get("source_id"), cleaned.get("email")
        if not any(cleaned.get(field) for field in ("name", "email", "source_id")):
            if not self.errors:
                self.add_error("name", "Enter at least a name, an e-mail or a source ID.")
            return
        if source_id and (holder := Customer.objects.live().filter(source_id=source_id).first()):
            self.candidates = [holder]
            self.add_error("source_id", f"{holder} has this source ID. Choose them above, or enter another.")
            return
        alike = list(with_email(email)[:3]) if email else []
        if alike and cleaned.get("seen") != email:
            self.candidates = alike
            self.add_error(None, "A customer with this e-mail exists. Choose them, or publish again to create another.")


class ReasonForm(forms.Form):
    """For an act on a code that a colleague may ask about later."""

    reason = forms.CharField(
        max_length=500,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),  # one line: Enter sends it
        help_text="Kept in the history and the audit log.",
        error_messages={"required": "Enter a reason."},
    )


class ReleaseForm(ReasonForm):
    RETIRE, POOL = "retire", "pool"
    then = forms.ChoiceField(
        label="What happens to the code",
        choices=[
            (RETIRE, "Retire it: the code is never published again"),
            (POOL, "Return it to the pool: the next customer may get it"),
        ],
        widget=forms.RadioSelect,
        initial=RETIRE,
        help_text="Return it to the pool only if nobody has seen the code, for example because its message was never sent.",
    )

    field_order = ["then", "reason"]

    def __init__(self, data: QueryDict | None = None, *, may_return: bool) -> None:
        super().__init__(data and {"then": self.RETIRE, **data.dict()})  # unless told, it is retired
        self.fields["reason"].error_messages["required"] = "Enter why you are releasing the code."
        if not may_return:
            del self.fields["then"]
