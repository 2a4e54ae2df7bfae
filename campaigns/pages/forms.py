"""The forms of campaigns, and the parts that the forms of codes share. The rules are the verbs'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.db import models
from django.http import QueryDict
from django.utils import timezone

from campaigns.actions.change_campaign import Held
from campaigns.actions.create_campaign import CHANGEABLE, FIELDS
from campaigns.actions.keep_offer import OFFER, count_inheriting
from campaigns.codes.actions.extend_pool import MOST_IN_ONE_ORDER
from campaigns.codes.actions.keep_reserve import LARGEST_RESERVE
from campaigns.codes.models import Voucher
from campaigns.durations import InvalidDuration, parse_duration, spoken_duration
from campaigns.models import Campaign, Value
from config.staff.pages.forms import MetadataField
from config.staff.pages.widgets import DateTimeInput, Switch

DISCOUNT_FIELDS = ["discount_type", "discount_value", "unit_type"]
GIFT_FIELDS = ["gift_amount"]
# One for each kind of use, since what they start from differs: one, until the balance is 0, any number of referees.
LIMIT_FIELDS = {"redemption_limit", "gift_limit", "referral_limit"}
CONFIGURATION = ["code_length", "code_pattern", "code_prefix", "code_postfix", "code_charset"]
MONO = {"class": "mono", "autocomplete": "off", "spellcheck": "false"}


def of(name: str, model: type[models.Model] = Campaign, **options: Any) -> Any:
    """The form field of a column, with the length and the choices that the column has."""
    return model._meta.get_field(name).formfield(**options)  # type: ignore[union-attr]  # a column of ours


class DurationField(forms.CharField):
    """Typed as people say it ("30 days"); the cleaned value is ISO 8601."""

    def prepare_value(self, value: Any) -> Any:
        return spoken_duration(value) if isinstance(value, str) else value

    def clean(self, value: Any) -> str:
        try:
            return parse_duration(super().clean(value))
        except InvalidDuration as refused:
            raise forms.ValidationError(str(refused)) from None


class VerbForm(forms.Form):
    """A form for a verb that has the last word: what the verb refuses is shown at the field."""

    def refuse(self, errors: Mapping[str, str]) -> None:
        for field, message in errors.items():
            self.add_error(field if field in self.fields else None, message)

    @property
    def values(self) -> Mapping[str, Any]:
        """What the fields contain: what was typed, otherwise their initial values."""
        if self.is_bound:
            return self.data
        return {name: self.get_initial_for_field(field, name) for name, field in self.fields.items()}

    def given(self, names: Iterable[str]) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}

    def changed(self, names: Iterable[str]) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in names if name in self.changed_data}

    def start_from(self, thing: models.Model) -> None:
        """Shows the stored values and also sends them along, hidden: "changed" then means changed by this user, not by
        someone else since the page was opened.
        """
        for name, field in self.fields.items():
            value = getattr(thing, name)
            if isinstance(field, forms.DecimalField) and value is not None:
                value = f"{value.normalize():f}"
            self.initial[name] = value
            field.show_hidden_initial = True


class ValueFields(VerbForm):
    discount_type = of(
        "discount_type", label="Code type", choices=[("", "Choose…"), *Value.Discount.choices], required=False
    )
    discount_value = of("discount_value", label="Value")
    unit_type = of("unit_type", label="Unit", help_text="What customers get for free, such as “month” or “coffee”.")
    gift_amount = of("gift_amount", label="Gift amount")
    gift_limit = of(
        "redemption_limit",
        label="Redemptions per gift voucher",
        min_value=1,
        initial=None,
        help_text="Leave empty to allow use until the balance is 0.",
    )

    def is_gift(self) -> bool:
        """Where the kind is chosen in this form."""
        gift = {Campaign.Kind.GIFT_VOUCHERS.value, Voucher.Type.GIFT.value}
        return bool(gift & {self.cleaned_data.get("kind"), self.cleaned_data.get("type")})

    def clean(self) -> dict[str, Any]:
        """Nothing is wrong with what belongs to the other kind: it is not shown, and left out."""
        if self.fields.keys() & {"kind", "type"}:
            for name in DISCOUNT_FIELDS if self.is_gift() else GIFT_FIELDS:
                self.errors.pop(name, None)
            for name in LIMIT_FIELDS - {self.limit_field()}:
                self.errors.pop(name, None)
        super().clean()
        return self.cleaned_data

    def refuse(self, errors: Mapping[str, str]) -> None:
        limit = self.limit_field()
        super().refuse({limit if name == "redemption_limit" else name: told for name, told in errors.items()})

    def limit_field(self) -> str:
        return "gift_limit" if self.is_gift() else "redemption_limit"

    def given_limit(self) -> dict[str, Any]:
        return {"redemption_limit": self.cleaned_data[self.limit_field()]}


class CodeFields(forms.Form):
    """What codes look like. campaigns/_code_fields.html draws it with a live preview."""

    code_length = of("code_length", label="Random characters", min_value=1, max_value=200, initial=8)
    code_pattern = of(
        "code_pattern",
        label="Pattern",
        widget=forms.TextInput(attrs={**MONO, "placeholder": "####-####"}),
        help_text="Each # becomes a random character; everything else stays. Overrides the number of random characters.",
    )
    code_prefix = of("code_prefix", label="Prefix", widget=forms.TextInput(attrs={**MONO, "placeholder": "ROAST-"}))
    code_postfix = of("code_postfix", label="Postfix", widget=forms.TextInput(attrs=MONO))
    code_charset = of(
        "code_charset",
        label="Allowed characters",
        widget=forms.TextInput(attrs={**MONO, "list": "alphabets"}),
        help_text="Without 0 and O, 1 and I, codes are easier to read aloud and type.",
    )


class CampaignForm(ValueFields, CodeFields):
    """For a new campaign, or with `campaign` for its settings; then without the kind, which is fixed."""

    name = of("name", help_text="Shops use this name when they publish through the API.")
    category = of("category")
    kind = forms.ChoiceField(
        choices=Campaign.Kind.choices, widget=forms.RadioSelect, initial=Campaign.Kind.DISCOUNT_COUPONS
    )
    redemption_limit = of(
        "redemption_limit",
        label="Redemptions per code",
        min_value=1,
        help_text="Leave empty for no limit.",
    )
    referral_limit = of(
        "redemption_limit",
        label="Redemptions per referral code",
        min_value=1,
        initial=None,
        help_text="Leave empty to let a customer refer any number of people.",
    )
    start_date = of("start_date", label="Starts", widget=DateTimeInput)
    expiration_date = of(
        "expiration_date",
        label="Ends",
        widget=DateTimeInput,
        help_text="After this, no codes are published, and codes without their own end date expire, including those already published.",
    )
    activity_duration = DurationField(
        label="Codes are valid for",
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"placeholder": "30 days"}),
        help_text="Counted from when a code is published: “30 days”, “12 hours”, or ISO 8601 such as P1M.",
    )
    how = forms.ChoiceField(
        label="Source of codes",
        choices=[("generate", "Generate codes"), ("import", "Import my own from a file (next step)")],
        widget=forms.RadioSelect,
        initial="generate",
        required=False,
    )
    count = forms.IntegerField(
        label="Codes to generate now",
        required=False,
        min_value=0,
        max_value=MOST_IN_ONE_ORDER,
        initial=100,
        help_text="Up to ten million, generated in the background. You can add more later.",
    )
    auto_update = of(
        "auto_update",
        label="Extend the pool when it runs out",
        widget=Switch,
        help_text="Publishing from an empty pool generates the missing codes.",
    )
    reserve = of(
        "reserve",
        label="Codes kept in reserve",
        required=False,
        max_value=LARGEST_RESERVE,
        help_text="Generated in the background before they are needed. 0: generated only on demand.",
    )
    join_once = of(
        "join_once",
        label="One code per customer",
        widget=Switch,
        help_text="Publishing to the same customer again returns the same code.",
    )
    codes_per_customer = of(
        "codes_per_customer",
        label="Codes per customer, at most",
        min_value=1,
        help_text="Held at the same time, however they were published. A released code makes room for another. Leave empty for no limit.",
    )
    codes_per_day = of(
        "codes_per_day",
        label="Codes per day, at most",
        min_value=1,
        help_text="Through all channels together, from midnight to midnight in the project’s time zone. Leave empty for no limit.",
    )
    active = of("active", label="Active", widget=Switch)
    only_holder = of(
        "only_holder",
        label="Redeemed by someone other than the holder",
        help_text="The holder is the customer a code was published to. Codes of a CSV hand-out have none. Shops must name the customer when they redeem.",
    )
    only_published = of(
        "only_published",
        label="Refuse unpublished codes",
        widget=Switch,
        help_text="A code that was never published, or was released, cannot be redeemed.",
    )
    description = of("description", widget=forms.Textarea(attrs={"rows": 3}))
    metadata = MetadataField()

    def __init__(self, data: QueryDict | None = None, *, campaign: Campaign | None = None) -> None:
        super().__init__(data)
        self.campaign = campaign
        if campaign is None:
            self.initial["discount_type"] = Value.Discount.PERCENT
            return
        gift = campaign.kind == Campaign.Kind.GIFT_VOUCHERS
        for name in (
            "kind",
            "how",
            "count",
            "active",
            "gift_limit",
            "referral_limit",
            *(DISCOUNT_FIELDS if gift else GIFT_FIELDS),
        ):
            del self.fields[name]
        self.start_from(campaign)
        if data is not None and "held" in data:
            self.ask_about_held(count_inheriting(campaign, OFFER.intersection(self.changed_data)))

    def ask_about_held(self, count: int) -> None:
        """Adds the question what a changed offer means for this many codes already given out."""
        codes = "the code already" if count == 1 else f"the {count:,} codes already"
        self.fields["held"] = forms.ChoiceField(
            label=f"What should happen to {codes} published with the old offer?",
            choices=[
                (Held.NEW.value, "Keep their value. The new offer applies only to codes published from now on"),
                (Held.ALL.value, "Change them too, even if customers were told otherwise"),
            ],
            widget=forms.RadioSelect,
            error_messages={"required": "Not saved yet. Choose what should happen to these codes."},
        )

    @property
    def held(self) -> Held | None:
        return Held(self.cleaned_data["held"]) if "held" in self.cleaned_data else None

    def limit_field(self) -> str:
        referral = self.cleaned_data.get("kind") == Campaign.Kind.REFERRAL_PROGRAM
        return "referral_limit" if referral else super().limit_field()

    @property
    def fieldsets(self) -> list[Any]:
        zone = timezone.get_current_timezone_name()
        old = "For codes generated from now on. Existing codes stay as they are." if self.campaign else ""
        return [
            ("Campaign", "", ["name", "category", "kind"]),
            ("Offer", "", [*DISCOUNT_FIELDS, *GIFT_FIELDS, "redemption_limit", "gift_limit", "referral_limit", "held"]),
            (
                "Time",
                f"In the project’s time zone, {zone}.",
                ["start_date", "expiration_date", "activity_duration"],
            ),
            ("Codes", old, ["how", *CONFIGURATION, "count"]),
            ("Publishing", "", ["join_once", "auto_update", "reserve", "active"]),
            ("Limits", "", ["codes_per_customer", "codes_per_day"]),
            ("Redeeming", "", ["only_holder", "only_published"]),
            ("More", "", ["description", "metadata"]),
        ]

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_description(self) -> str:
        return self.cleaned_data["description"].replace("\r\n", "\n")

    def clean_reserve(self) -> int:
        return self.cleaned_data["reserve"] or 0

    def clean(self) -> dict[str, Any]:
        """The API takes discount coupons without a discount; in the form that is a slip."""
        super().clean()
        cleaned = self.cleaned_data
        if cleaned.get("kind") == Campaign.Kind.DISCOUNT_COUPONS and not cleaned.get("discount_type"):
            self.add_error("discount_type", "Choose what the code is worth.")
        if cleaned.get("how") == "import":
            cleaned["count"] = 0
        elif "count" in self.fields and cleaned.get("count") is None and "count" not in self.errors:
            self.add_error("count", "Enter how many codes to generate, or choose to import your own.")
        return cleaned

    def columns(self) -> dict[str, Any]:
        return self.given(FIELDS) | self.given_limit()

    def changes(self) -> dict[str, Any]:
        return self.changed(CHANGEABLE)


class ExtendForm(VerbForm):
    count = forms.IntegerField(label="Number of codes", min_value=1, max_value=MOST_IN_ONE_ORDER, initial=100)
    single_column = True


class DisableForm(VerbForm):
    """Has no fields: the page explains the consequences, and one button does it."""

    single_column = True


class DeleteForm(VerbForm):
    force = forms.BooleanField(
        label="Erase unpublished codes",
        required=False,
        help_text="Other campaigns can then use them. Otherwise they stay reserved and hidden.",
    )
    single_column = True
