"""The form that settles many unknown messages: filled in, then shown once more with the numbers, and confirmed."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.dateparse import parse_datetime

from publications.distributions.actions.settle_unknown import Found, Named, TooManyIds, read_ids
from publications.distributions.models import Distribution

ARRIVED, AGAIN = "arrived", "again"
ALL, LISTED = "all", "listed"
MOST_BYTES = 8 * 1024 * 1024  # of a file; pasted text is bounded by the request


class SettleForm(forms.Form):
    which = forms.ChoiceField(
        label="Which messages",
        choices=[(ALL, "All of them"), (LISTED, "Only those in a list of Message-IDs")],
        widget=forms.RadioSelect,
        initial=ALL,
    )
    ids = forms.CharField(
        label="Message-IDs",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "mono", "spellcheck": "false"}),
        help_text=(
            "Paste the matching lines from the mail provider’s log. Only Message-IDs are read; they look like "
            "dist_….123.1@host."
        ),
    )
    file = forms.FileField(label="Or upload a file", required=False, help_text="A log or a CSV file, up to 8 MB.")
    outcome = forms.ChoiceField(
        label="What happened",
        choices=[(ARRIVED, "They arrived"), (AGAIN, "They did not arrive: send them again")],
        widget=forms.RadioSelect,
    )

    def __init__(
        self, data: QueryDict | None, files: MultiValueDict | None, *, run: Distribution, now: datetime
    ) -> None:
        super().__init__(data, files)
        self.run, self.now, self.foreign = run, now, 0

    @property
    def is_confirmed(self) -> bool:
        return "until" in self.data

    @property
    def as_sent(self) -> bool:
        return self.cleaned_data["outcome"] == ARRIVED

    def clean(self) -> dict:
        given = self.cleaned_data
        given["named"], given["until"] = None, self._until()
        if given.get("which") == LISTED:
            given["named"] = self._named()
        elif given.get("ids") or given.get("file"):  # else it would be about many more than they think
            self.add_error("which", "You entered a list. Choose “Only those in a list”, or remove the list.")
        return given

    def _until(self) -> datetime:
        """When the numbers were shown that were confirmed; now, where none were yet. Never later than now."""
        try:
            shown = parse_datetime(self.data.get("until", "")) or self.now
            return min(shown, self.now)
        except (ValueError, TypeError):
            return self.now

    def _named(self) -> list[Named]:
        text, file = self.cleaned_data.get("ids", ""), self.cleaned_data.get("file")
        if file:
            if file.size > MOST_BYTES:
                raise ValidationError({"file": "The file is larger than 8 MB. Keep only the relevant lines."})
            text += "\n" + file.read().decode("utf-8", "replace")
        try:
            named, self.foreign = read_ids(self.run, text)
        except TooManyIds as refused:
            raise ValidationError({"ids": str(refused)}) from None
        if not named and self.foreign:
            raise ValidationError({"ids": "These Message-IDs belong to other distributions."})
        if not named:
            raise ValidationError(
                {"ids": "The list contains no Message-IDs from Handout. They look like dist_….123.1@host."}
            )
        return named

    def say_nothing_fits(self, found: Found) -> None:
        if found.named:
            self.add_error("ids", "None of these messages is unknown any longer.")
        else:
            self.add_error(None, "No message is unknown any longer.")

    def to_confirm(self) -> dict[str, str]:
        """What the confirmation sends back: the same, as hidden fields."""
        named = self.cleaned_data["named"]
        own = self.run.public_id
        return {
            "which": self.cleaned_data["which"],
            "outcome": self.cleaned_data["outcome"],
            "until": self.cleaned_data["until"].isoformat(),
            "ids": "\n".join(
                f"{own}.{each.delivery}" + (f".{each.attempt}@" if each.attempt is not None else "")
                for each in named or []
            ),
        }
