"""The forms of the steps by which a distribution is made: each has the fields of one step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from campaigns.codes.queries.find import CampaignNotFound, find_campaign
from config.staff.pages.widgets import Combobox, DateTimeInput
from customers.models import Customer
from publications.channels import AUTOMATION, DISTRIBUTION
from publications.distributions.actions.schedule import CODE_MISSING, CODE_MISSING_IN_REMINDER
from publications.distributions.compose import UnusableTemplate, check_template, shows_code
from publications.distributions.models import Distribution
from publications.pages.channel_field import ChannelField
from publications.queries.recipients import find_recipient
from publications.webhooks.models import WebhookAddress

Message = Distribution.Message
LATEST_START = timedelta(days=5 * 365)


class NameForm(forms.Form):
    name = forms.CharField(
        max_length=200,
        help_text="Only your team sees this name, such as “Black Friday, newsletter readers”.",
        widget=forms.TextInput(attrs={"autofocus": True}),
    )
    single_column = True

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())


class CodesForm(forms.Form):
    CODES, NOTHING = "codes", "nothing"
    gives = forms.ChoiceField(
        label="What each customer gets",
        choices=[(CODES, "Codes from a campaign"), (NOTHING, "No code, only a message")],
        widget=forms.RadioSelect,
    )
    campaign = forms.CharField(
        max_length=255,
        required=False,
        widget=Combobox(url_name="campaigns:suggest", attrs={"placeholder": "Campaign name"}),
    )
    codes_each = forms.IntegerField(
        label="Codes for each customer",
        min_value=1,
        max_value=20,
        initial=1,
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    skip_holders = forms.BooleanField(
        label="Skip customers who already hold a code of this campaign",
        required=False,
        help_text="However they got it. Always on for campaigns with one code per customer.",
    )
    channel = ChannelField(help_text="Shown in the history and charts.")
    all_optional = True

    def __init__(self, data: QueryDict | None = None, *, draft: Distribution) -> None:
        self.draft = draft
        super().__init__(
            data,
            initial={
                "gives": self.NOTHING if draft.campaign_id is None and draft.body else self.CODES,
                "campaign": draft.campaign.name if draft.campaign else "",
                "codes_each": draft.codes_each,
                "skip_holders": draft.skip_holders,
                "channel": draft.channel or channel_of(draft),
            },
        )

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        if cleaned.get("gives") == self.CODES:
            typed = cleaned.get("campaign", "").strip()
            try:
                cleaned["found"] = find_campaign(typed)
            except CampaignNotFound:
                self.add_error("campaign", f"There is no campaign “{typed}”." if typed else "Choose a campaign.")
            else:
                if cleaned["found"].standalone:
                    self.add_error("campaign", "This campaign has a single code. Choose one with a pool.")
                elif cleaned["found"].join_once and (cleaned.get("codes_each") or 1) > 1:
                    self.add_error("codes_each", "This campaign gives each customer one code.")
        return cleaned

    def changes(self) -> dict[str, Any]:
        if self.cleaned_data["gives"] == self.NOTHING:
            return {"campaign_id": None, "codes_each": 1}
        return {
            "campaign_id": self.cleaned_data["found"].pk,
            "codes_each": self.cleaned_data["codes_each"] or 1,
            "skip_holders": self.cleaned_data["skip_holders"],
            "channel": self.cleaned_data["channel"] or channel_of(self.draft),
        }


# What the editor starts with where codes are given. It is saved only with the form.
STARTER_SUBJECT = "Your code from {{ project.name }}"
STARTER = """Hello {{ customer.first_name }},

here is your code: {{ code }}

It gives you {{ value }}.

{{ project.name }}
"""
REMINDER_SUBJECT = "Your code from {{ project.name }} is still unused"
REMINDER = """Hello {{ customer.first_name }},

you have not used your code yet: {{ code }}

It gives you {{ value }}. Its last day is {{ expires }}.

{{ project.name }}
"""


class MessageForm(forms.Form):
    message = forms.ChoiceField(
        label="How customers are notified",
        choices=[
            (Message.EMAIL, "By e-mail"),
            (Message.WEBHOOK, "By webhook: your own system notifies them"),
            (Message.NONE, "Not at all: codes are only published"),
        ],
        widget=forms.RadioSelect,
    )
    subject = forms.CharField(max_length=200, required=False)
    body = forms.CharField(
        label="Text",
        max_length=50_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 14, "class": "mono"}),
        help_text="An empty line starts a new paragraph. Sent as both plain text and HTML.",
    )
    webhook = forms.ModelChoiceField(
        WebhookAddress.objects.none(), label="Webhook", required=False, empty_label="Choose a webhook"
    )
    all_optional = True

    def __init__(self, data: QueryDict | None = None, *, draft: Distribution) -> None:
        unwritten = draft.campaign_id is not None and not draft.subject and not draft.body
        subject, body = (REMINDER_SUBJECT, REMINDER) if draft.remind else (STARTER_SUBJECT, STARTER)
        super().__init__(
            data,
            initial={
                "message": draft.message,
                "subject": subject if unwritten else draft.subject,
                "body": body if unwritten else draft.body,
                "webhook": draft.webhook_id,
            },
        )
        self.draft = draft
        self.fields["webhook"].queryset = WebhookAddress.objects.live().order_by("pk")
        if not draft.publishes:
            self.fields["message"].choices = self.fields["message"].choices[:2]  # without a code it must say something

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        match cleaned.get("message"):
            case Message.EMAIL:  # of which alone the template is looked at: else nobody would see what is wrong with it
                self._clean_template("subject", "Write a subject.")
                self._clean_template("body", "Write a text.")
                texts = [cleaned.get("subject", ""), cleaned.get("body", "")]
                if self.draft.campaign_id and not self.errors and not shows_code(*texts):
                    self.add_error("body", CODE_MISSING_IN_REMINDER if self.draft.remind else CODE_MISSING)
            case Message.WEBHOOK if not cleaned.get("webhook") and "webhook" not in self.errors:
                self.add_error("webhook", "Choose a webhook. A Manager can add one in the settings.")
        return cleaned

    def _clean_template(self, field: str, missing: str) -> None:
        if field in self.errors:
            return
        text = self.cleaned_data[field]
        try:
            check_template(text, with_code=self.draft.campaign_id is not None)
        except UnusableTemplate as unusable:
            self.add_error(field, str(unusable))
        else:
            if not text:
                self.add_error(field, missing)

    def changes(self) -> dict[str, Any]:
        """Text that was written is kept, also where another way is chosen now: the choice may be taken back."""
        cleaned = self.cleaned_data
        return {
            "message": cleaned["message"],
            "subject": cleaned["subject"],
            "body": cleaned["body"].replace("\r\n", "\n"),
            "webhook_id": cleaned["webhook"].pk if cleaned["webhook"] else None,
        }


class WhenForm(forms.Form):
    NOW, LATER = "now", "later"
    when = forms.ChoiceField(label="When it starts", widget=forms.RadioSelect)
    starts_at = forms.DateTimeField(label="Date and time", required=False, widget=DateTimeInput)
    all_optional = True

    def __init__(self, data: QueryDict | None = None, *, draft: Distribution, undo_minutes: int) -> None:
        super().__init__(
            data,
            initial={"when": self.LATER if draft.starts_at else self.NOW, "starts_at": draft.starts_at},
        )
        plural = "" if undo_minutes == 1 else "s"
        self.fields["when"].choices = [
            (
                self.NOW,
                f"{undo_minutes} minute{plural} after you start it; until then you can cancel"
                if undo_minutes
                else "As soon as you start it",
            ),
            (self.LATER, "At a set time"),
        ]
        self.fields["starts_at"].help_text = f"In the project’s time zone, {timezone.get_current_timezone_name()}."

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        if cleaned.get("when") == self.LATER and "starts_at" not in self.errors:
            if not cleaned.get("starts_at"):
                self.add_error("starts_at", "Enter a date and time.")
            elif cleaned["starts_at"] <= timezone.now():
                self.add_error("starts_at", "This time has passed. Choose a later one.")
            elif cleaned["starts_at"] > timezone.now() + LATEST_START:
                self.add_error("starts_at", "Choose a time within the next five years.")
        return cleaned

    def changes(self) -> dict[str, Any]:
        return {"starts_at": self.cleaned_data["starts_at"] if self.cleaned_data["when"] == self.LATER else None}


class TestMessageForm(forms.Form):
    to = forms.EmailField(
        label="Send a test to", max_length=320, widget=forms.EmailInput(attrs={"placeholder": "Your e-mail address"})
    )


class RecipientForm(forms.Form):
    """Whose message the review shows. Nobody typed: the first of the audience."""

    recipient = forms.CharField(
        label="Preview as",
        max_length=320,
        required=False,
        widget=Combobox(url_name="distributions:suggest-customers", attrs={"placeholder": "Name, e-mail or source ID"}),
    )
    all_optional = True

    def __init__(self, data: QueryDict, *, draft: Distribution) -> None:
        super().__init__(data)
        widget = self.fields["recipient"].widget
        widget.url = reverse("distributions:suggest-recipients", kwargs={"distribution_id": draft.pk})

    def clean_recipient(self) -> Customer | None:
        typed = self.cleaned_data["recipient"]
        found, candidates = find_recipient(typed)
        if typed and not found and not candidates:
            raise forms.ValidationError(f"There is no customer “{typed}”.")
        return found or next(iter(candidates), None)

    @property
    def found(self) -> Customer | None:
        return self.cleaned_data["recipient"] if self.is_valid() else None


class ResolveForm(forms.Form):
    """What a person found out about a message whose fate was unknown."""

    SENT, AGAIN = "sent", "again"
    outcome = forms.ChoiceField(choices=[(SENT, "It arrived"), (AGAIN, "Send it again")])


def channel_of(distribution: Distribution) -> str:
    """Unless staff say another."""
    return AUTOMATION if distribution.kind == Distribution.Kind.AUTOMATIC else DISTRIBUTION
