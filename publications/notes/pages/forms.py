"""The form of a note."""

from __future__ import annotations

from django import forms

from publications.notes.models import LONGEST


class NoteForm(forms.Form):
    text = forms.CharField(
        label="Note",
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4, "autofocus": True}),
        help_text=f"At most {LONGEST:,} characters. Everyone on the staff can read it.",
        error_messages={"required": "Enter the note."},
    )
