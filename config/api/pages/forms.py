"""The form of a new API key."""

from __future__ import annotations

import uuid

from django import forms

from config.api.models import ApiKey


class ApiKeyForm(forms.Form):
    # Drawn with the form, so that the same form sent twice makes one key.
    app_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False)
    name = forms.CharField(max_length=100, help_text="What will use the key, such as “Web shop”.")
    scope = forms.ChoiceField(
        label="Permissions",
        choices=[
            (ApiKey.Scope.ALL, "Full access"),
            (ApiKey.Scope.PUBLISH, "Publish and read"),
            (ApiKey.Scope.READ, "Read only"),
        ],
        widget=forms.RadioSelect,
        initial=ApiKey.Scope.ALL,
    )
    for_integrations = forms.BooleanField(
        label="For integrations that can only send GET requests",
        required=False,
        help_text="Lets the key publish through GET /v1/publications/create. Leave this off unless a tool needs it: URLs "
        "end up in logs, and anyone who repeats one publishes again.",
    )
    single_column = True
