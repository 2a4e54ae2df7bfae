"""The field in which staff name the channel of what they publish: one in use is offered, a new one may be typed."""

from __future__ import annotations

from typing import Any

from django import forms

from config.staff.pages.widgets import Combobox
from publications.channels import API, CSV

LONGEST = 100
# What goes by these names really came that way.
TAKEN = {API.lower(): API, CSV.lower(): CSV, "import": "Import"}


class ChannelField(forms.CharField):
    widget = Combobox(url_name="publications:suggest-channels", attrs={"placeholder": "Such as Newsletter"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST, required=False, **kwargs)

    def clean(self, value: Any) -> str:
        name = " ".join(super().clean(value).split())
        if taken := TAKEN.get(name.lower()):
            raise forms.ValidationError(f"“{taken}” is reserved. Choose another name.")
        return name
