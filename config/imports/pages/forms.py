"""The forms of an import: the upload, and how the file is to be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.base import ContentFile
from django.http import QueryDict
from django.template.defaultfilters import filesizeformat

from config.imports.csv.columns import METADATA, Field, is_field, keeps_metadata
from config.imports.csv.encodings import ENCODINGS
from config.imports.csv.uploads import DELIMITERS
from config.imports.models import CsvImport
from config.staff.pages.forms import time_zones


class UploadForm(forms.Form):
    """A file, or the cells themselves. `upload` is what was given."""

    file = forms.FileField(
        label="Excel or CSV file",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.tsv,.txt,text/csv,text/plain,text/tab-separated-values"}),
        error_messages={"empty": "The file is empty."},
    )
    cells = forms.CharField(
        label="Or paste cells",
        required=False,
        strip=False,
        max_length=1_000_000,
        widget=forms.Textarea(attrs={"class": "mono", "rows": 5, "spellcheck": "false"}),
        help_text="Copied from a spreadsheet, with or without their headings.",
        error_messages={"max_length": "Paste up to 1,000,000 characters. Save more than that as a file."},
    )
    single_column = all_optional = True

    def __init__(self, *args: Any, too_large: bool = False, **kwargs: Any) -> None:
        """`too_large`: the request was stopped (config/api/limits/upload_limit.py), so there is no file to be seen."""
        super().__init__(*args, **kwargs)
        self.nothing = "Choose a file, or paste cells."
        self.fields["file"].help_text = f"With headings in the first row, or without. Up to {_limit()}."
        if too_large:
            self.nothing = self._too_large()

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        file, cells = cleaned.get("file"), cleaned.get("cells", "")
        if file and cells.strip():
            self.add_error("cells", "You chose a file and also pasted cells. Which do you mean?")
        elif not file and not cells.strip() and not self.errors:
            self.add_error("file", self.nothing)
        elif not file:
            self.upload = ContentFile(cells.encode(errors="replace"), name="Pasted cells")
        else:
            self.upload = file
        return cleaned

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and file.size > settings.UPLOAD_MAX_BYTES:
            raise forms.ValidationError(self._too_large())
        return file

    def _too_large(self) -> str:
        return f"The file is larger than {_limit()}. Split it into several files."


def _limit() -> str:
    return filesizeformat(settings.UPLOAD_MAX_BYTES).replace(".0", "")


class OptionsForm(forms.Form):
    """How the file is read, and what happens to good rows when others are wrong. Its fields are columns of the draft."""

    all_optional = True  # each has a value from the start

    sheet = forms.ChoiceField(required=False)
    encoding = forms.ChoiceField(choices=list(ENCODINGS.items()))
    delimiter = forms.ChoiceField(choices=list(DELIMITERS.items()))
    headed = forms.TypedChoiceField(
        label="First row",
        choices=[(True, "Headings"), (False, "Data")],
        coerce=lambda chosen: chosen == "True",
        required=False,
    )
    date_order = forms.ChoiceField(label="Dates", choices=CsvImport.DateOrder.choices, required=False)
    decimal_mark = forms.ChoiceField(label="Amounts", choices=CsvImport.DecimalMark.choices, required=False)
    as_stored = forms.TypedChoiceField(
        label="Apostrophes",
        choices=[(False, "Mark text for spreadsheets: '0012 is 0012"), (True, "Belong to the text")],
        coerce=lambda chosen: chosen == "True",
        required=False,
    )
    time_zone = forms.ChoiceField(label="Time zone", choices=lambda: [(z, z) for z in time_zones()], required=False)
    on_error = forms.ChoiceField(
        label="If rows are invalid",
        choices=[
            (CsvImport.OnError.KEEP_GOOD, "Import the valid rows and list the others in an error file"),
            (CsvImport.OnError.ALL_OR_NOTHING, "Import nothing unless every row is valid"),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, data: QueryDict | None = None, *, draft: CsvImport) -> None:
        super().__init__(data, initial={name: getattr(draft, name) for name in self.base_fields})
        self.draft = draft
        if draft.workbook:
            self.fields["sheet"].choices = [(name, name) for name in draft.sheets]
            del self.fields["encoding"], self.fields["delimiter"], self.fields["as_stored"]
        else:
            del self.fields["sheet"]

    def clean(self) -> dict[str, Any]:
        """A select that was not sent (an older page) changes nothing."""
        super().clean()
        cleaned = self.cleaned_data
        sent = {name for name in self.fields if name in self.data}
        for name in ("sheet", "headed", "date_order", "decimal_mark", "as_stored", "time_zone"):
            if name in self.fields and name not in sent:
                cleaned[name] = getattr(self.draft, name)
        return cleaned

    @property
    def format(self) -> list[forms.BoundField]:
        """How the file is written."""
        ways = ("sheet", "encoding", "delimiter", "headed", "date_order", "decimal_mark", "as_stored", "time_zone")
        return [self[name] for name in ways if name in self.fields]

    @property
    def further(self) -> list[forms.BoundField]:
        """The options that an app has added."""
        return [self[name] for name in self.fields if name not in OptionsForm.base_fields]


class ColumnsForm(forms.Form):
    """One select for each column of the file: what it becomes. Drawn from the draft's mapping, never bound."""

    def __init__(self, *, headings: Sequence[str], mapping: dict[str, str], fields: Sequence[Field]) -> None:
        super().__init__()
        choices = [(field.name, field.label) for field in fields]
        for index, heading in enumerate(headings):
            kept = [(METADATA + heading, f"Metadata “{heading}”")] if heading and keeps_metadata(fields) else []
            self.fields[f"column_{index}"] = forms.ChoiceField(
                required=False,  # else the browser refuses "Do not import"
                choices=[("", "Do not import"), *choices, *kept],
                initial=mapping.get(str(index), ""),
                widget=forms.Select(attrs={"aria-label": f"Import column “{heading or index + 1}” as"}),
            )


def chosen_mapping(data: QueryDict, headings: Sequence[str], fields: Sequence[Field]) -> dict[str, str]:
    """The mapping that the selects of a ColumnsForm were set to; what they do not offer counts as "Do not import"."""
    names = {field.name for field in fields}
    mapping = {}
    for index, heading in enumerate(headings):
        chosen = data.get(f"column_{index}", "")
        if chosen in names or (heading and keeps_metadata(fields) and chosen == METADATA + heading):
            mapping[str(index)] = chosen
    return mapping


def mapping_errors(mapping: dict[str, str], fields: Sequence[Field], required: str | None) -> list[str]:
    """Why nothing can be imported by this mapping; [] where it can."""
    chosen = list(mapping.values())
    errors = [
        f"Two columns are imported as “{field.label}”. Choose one of them."
        for field in fields
        if chosen.count(field.name) > 1
    ]
    label = next((field.label for field in fields if field.name == required), "")
    if required and required not in chosen:
        errors.append(f"Choose the column that contains the {label.lower()}.")
    elif not any(map(is_field, chosen)):
        known = ", ".join(field.label for field in fields[:4])
        errors.append(f"Every column would be imported as metadata. Choose a field for at least one: {known}, …")
    return errors
