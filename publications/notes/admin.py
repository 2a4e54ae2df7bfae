"""Notes in the admin: to be looked up."""

from __future__ import annotations

from django.contrib import admin

from config.staff.admin import ReadOnlyAdmin
from config.staff.admin_site import Section
from publications.notes.models import Note


@admin.register(Note)
class NoteAdmin(ReadOnlyAdmin):
    section, about = Section.PUBLICATIONS, "What staff wrote on codes, customers and publications"
    list_display = ["created_at", "actor_label", "text"]
