"""Form widgets of our own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse_lazy


class Combobox(forms.TextInput):
    """A text input that offers matches while one types. Without scripts it is a plain text input.

    `url_name` answers `GET ?q=…` with <li role="option" data-value="…"> items (templates/partials/_options.html); the chosen
    item's data-value becomes the input's value, so the form must understand it as typed text.
    """

    template_name = "django/forms/widgets/combobox.html"

    def __init__(self, *, url_name: str, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.url = reverse_lazy(url_name)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["url"] = self.url
        return context


class Switch(forms.CheckboxInput):
    """A checkbox drawn as a switch: for settings that are on or off."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": "switch", **(attrs or {})})


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class DateTimeInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")
