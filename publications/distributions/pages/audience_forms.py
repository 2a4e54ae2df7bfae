"""Whom a distribution is for: one customer, a segment, a list, or the holders of a campaign's codes, who are reminded of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.template.defaultfilters import filesizeformat
from django.utils.datastructures import MultiValueDict

from campaigns.codes.queries.find import CampaignNotFound, find_campaign
from config.imports.csv.uploads import NotCsv
from config.staff.pages.widgets import Combobox
from customers.segments.models import Segment
from customers.segments.read_list import lines_of, pasted_lines
from publications.distributions.models import Distribution
from publications.queries.recipients import find_recipient

Audience = Distribution.Audience


class AudienceForm(forms.Form):
    """`lines` are those of the new list, if one was given."""

    audience = forms.ChoiceField(
        label="Recipients",
        choices=[
            (Audience.SEGMENT, "A segment: everyone in it when the distribution starts"),
            (Audience.LIST, "A list of e-mail addresses or source IDs"),
            (Audience.CUSTOMER, "One customer"),
            (Audience.HOLDERS, "Everyone with an unused code of a campaign: a reminder of the code they hold"),
        ],
        widget=forms.RadioSelect,
    )
    segment = forms.ModelChoiceField(Segment.objects.none(), required=False, empty_label="Choose a segment")
    customer = forms.CharField(
        max_length=320,
        required=False,
        widget=Combobox(url_name="distributions:suggest-customers", attrs={"placeholder": "Name, e-mail or source ID"}),
    )
    recipients = forms.CharField(
        label="Paste a list",
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={"class": "mono", "rows": 8, "spellcheck": "false", "placeholder": "ada@example.com\nshop-10042"}
        ),
        help_text="E-mail addresses or source IDs, one per line or several, as you copy them from a mail program or a spreadsheet.",
    )
    file = forms.FileField(
        label="Or upload a file",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.tsv,.txt,text/csv,text/plain,text/tab-separated-values"}),
        help_text="An Excel, CSV or text file. If there are headings, the column Source ID or E-mail is used; otherwise the first column.",
        error_messages={"empty": "The file is empty."},
    )
    create_unknown = forms.BooleanField(
        label="Create customers for unknown addresses",
        required=False,
        help_text="When the distribution starts. Otherwise they are skipped.",
    )
    held = forms.CharField(
        label="Campaign",
        max_length=255,
        required=False,
        widget=Combobox(url_name="campaigns:suggest", attrs={"placeholder": "Campaign name"}),
        help_text="Customers with two unused codes get two messages, one for each code. No code is published.",
    )
    held_by = forms.ModelChoiceField(
        Segment.objects.none(),
        label="Only holders in a segment",
        required=False,
        empty_label="All holders",
        help_text="Who is in it when the distribution starts.",
    )
    all_optional = True

    def __init__(
        self, data: QueryDict | None = None, files: MultiValueDict | None = None, *, draft: Distribution, listed: int
    ) -> None:
        customer = draft.customer
        super().__init__(
            data,
            files,
            initial={
                "audience": draft.audience,
                "segment": draft.segment_id,
                "customer": (customer.source_id or customer.public_id) if customer else "",
                "create_unknown": draft.create_unknown,
                "held": draft.campaign.name if draft.campaign else "",
                "held_by": draft.segment_id if draft.remind else None,
            },
        )
        self.draft, self.listed = draft, listed
        self.lines: Iterable[str] | None = None
        for name in ("segment", "held_by"):
            self.fields[name].queryset = Segment.objects.order_by("name", "pk")

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        match cleaned.get("audience"):
            case Audience.SEGMENT if not cleaned.get("segment") and "segment" not in self.errors:
                self.add_error("segment", "Choose a segment.")
            case Audience.CUSTOMER:
                self._clean_customer(cleaned)
            case Audience.LIST:
                self._clean_list(cleaned)
            case Audience.HOLDERS:
                self._clean_held(cleaned)
        return cleaned

    def changes(self) -> dict[str, Any]:
        """What is written to the draft: of these ways, only the chosen one. A reminder publishes nothing."""
        audience = self.cleaned_data["audience"]
        reminder = (
            {"campaign_id": self.cleaned_data["found"].pk, "codes_each": 1} if audience == Audience.HOLDERS else {}
        )
        if reminder and self.draft.message == Distribution.Message.NONE:
            reminder["message"] = Distribution.Message.EMAIL
        segment = self.cleaned_data.get({Audience.SEGMENT: "segment", Audience.HOLDERS: "held_by"}.get(audience, ""))
        return {
            **reminder,
            "remind": audience == Audience.HOLDERS,
            # Those of a recall, as long as nobody chooses another campaign or other recipients.
            "chosen_codes": self.draft.chosen_codes
            and audience == Audience.HOLDERS
            and self.cleaned_data["found"].pk == self.draft.campaign_id,
            "audience": audience,
            "segment_id": segment.pk if segment else None,
            "customer_id": self.cleaned_data["customer"].pk if audience == Audience.CUSTOMER else None,
            "create_unknown": audience == Audience.LIST and self.cleaned_data["create_unknown"],
        }

    def _clean_customer(self, cleaned: dict[str, Any]) -> None:
        typed = cleaned.get("customer", "").strip()
        if not typed:
            self.add_error("customer", "Choose a customer.")
            return
        found, candidates = find_recipient(typed)
        if found is None and len(candidates) == 1:
            found = candidates[0]
        if found is None and candidates:
            names = ", ".join(f"{one} ({one.source_id or one.public_id})" for one in candidates[:4])
            self.add_error("customer", f"Which customer do you mean? {names}. Enter the source ID or customer ID.")
        elif found is None:
            self.add_error("customer", f"There is no customer “{typed}”.")
        cleaned["customer"] = found

    def _clean_held(self, cleaned: dict[str, Any]) -> None:
        typed = cleaned.get("held", "").strip()
        try:
            cleaned["found"] = find_campaign(typed)
        except CampaignNotFound:
            self.add_error("held", f"There is no campaign “{typed}”." if typed else "Choose a campaign.")
        else:
            if cleaned["found"].standalone:
                self.add_error("held", "This campaign has a single code. Choose one with a pool.")

    def _clean_list(self, cleaned: dict[str, Any]) -> None:
        pasted, file = cleaned.get("recipients", "").strip(), cleaned.get("file")
        if pasted and file:
            self.add_error("file", "You pasted a list and also chose a file. Which do you mean?")
        elif file:
            self._read(file)
        elif pasted:
            self.lines = pasted_lines(pasted)
        elif not self.listed and "file" not in self.errors:
            self.add_error("recipients", "Paste a list, or choose a file.")

    def _read(self, file: UploadedFile) -> None:
        if file.size > settings.UPLOAD_MAX_BYTES:
            limit = filesizeformat(settings.UPLOAD_MAX_BYTES)
            self.add_error("file", f"The file is larger than {limit}. Split it into several distributions.")
            return
        try:
            self.lines = lines_of(file)
        except NotCsv as wrong:
            self.add_error("file", str(wrong))
