"""The forms of segments. The conditions of a filter: condition_forms.py."""

from __future__ import annotations

import io
from collections.abc import Iterator

from django import forms

from config.widgets import Combobox

HEADINGS = {"id", "customer", "customer id", "source_id", "source id", "email", "e-mail"}
LARGEST_FILE = 16 * 1024 * 1024


class SegmentForm(forms.Form):
    name = forms.CharField(max_length=200, help_text="Unique, such as “Gold in Kyiv”.")
    single_column = True


class ListForm(forms.Form):
    """A list of customers, pasted or as a file."""

    customers = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 8, "class": "mono", "spellcheck": "false"}),
        help_text="One a line: an e-mail address, a source ID or a customer’s id. All customers of an address are meant.",
    )
    file = forms.FileField(
        label="Or a file",
        required=False,
        help_text="Text or CSV, the first column counts. Up to 200,000 lines.",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
    )
    leave_out_unknown = forms.BooleanField(label="Leave out lines that fit nobody", required=False)
    all_optional = single_column = True

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file and file.size > LARGEST_FILE:
            raise forms.ValidationError("The file is larger than 16 MB. Split it.")
        return file

    def lines(self) -> Iterator[str]:
        yield from self.cleaned_data["customers"].splitlines()
        if file := self.cleaned_data["file"]:
            for at, line in enumerate(io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace")):
                first = line.partition(";" if ";" in line else ",")[0].strip().strip('"')
                yield "" if at == 0 and first.lower() in HEADINGS else first


class NewListForm(ListForm, SegmentForm):
    """A static segment and who is in it."""

    field_order = ["name", "customers", "file", "leave_out_unknown"]
    all_optional = False


class PickForm(forms.Form):
    """One customer more."""

    customer = forms.CharField(
        max_length=320,
        widget=Combobox(url_name="customers:find", attrs={"placeholder": "Name, e-mail or source ID"}),
    )
    single_column = True
