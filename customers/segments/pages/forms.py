"""The forms of segments. condition_forms.py has the conditions of a filter."""

from __future__ import annotations

from collections.abc import Iterator

from django import forms

from config.imports.csv.uploads import NotCsv
from config.staff.pages.widgets import Combobox
from customers.segments.read_list import lines_of, named_in, pasted_lines

LARGEST_FILE = 16 * 1024 * 1024


class SegmentForm(forms.Form):
    name = forms.CharField(max_length=200, help_text="Unique, such as “Gold in Kyiv”.")
    single_column = True


class ListForm(forms.Form):
    """A list of customers, pasted or as a file."""

    customers = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 8, "class": "mono", "spellcheck": "false"}),
        help_text="E-mail addresses, source IDs or customer IDs, one per line or several. An e-mail address matches every customer who has it.",
    )
    file = forms.FileField(
        label="Or a file",
        required=False,
        help_text=(
            "Excel, CSV or text, up to 200,000 lines. If there are headings, the column Source ID or E-mail is used; otherwise the first column."
        ),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.tsv,.txt,text/csv,text/plain"}),
    )
    leave_out_unknown = forms.BooleanField(label="Skip lines that match no customer", required=False)
    all_optional = single_column = True

    def clean_file(self) -> Iterator[str] | None:
        file = self.cleaned_data["file"]
        if not file:
            return None
        if file.size > LARGEST_FILE:
            raise forms.ValidationError("The file is larger than 16 MB. Split it.")
        try:
            return lines_of(file)
        except NotCsv as wrong:
            raise forms.ValidationError(str(wrong)) from None

    def lines(self) -> Iterator[str]:
        yield from named_in(pasted_lines(self.cleaned_data["customers"]))
        yield from named_in(self.cleaned_data["file"] or ())


class NewListForm(ListForm, SegmentForm):
    """A static segment and its members."""

    field_order = ["name", "customers", "file", "leave_out_unknown"]
    all_optional = False


class PickForm(forms.Form):
    """Adds one customer."""

    customer = forms.CharField(
        max_length=320,
        widget=Combobox(url_name="segments:find", attrs={"placeholder": "Name, e-mail or source ID"}),
    )
    single_column = True
