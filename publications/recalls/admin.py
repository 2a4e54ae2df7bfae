"""Recalls in the admin: to be looked up."""

from __future__ import annotations

from django.contrib import admin

from config.staff.admin import InternalAdmin
from config.staff.admin_site import Section
from publications.recalls.models import Recall, RecallBatch, RecalledCode


@admin.register(Recall)
class RecallAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "Acts on many codes at once; they have pages of their own"
    list_display = ["__str__", "reason", "status", "done", "total", "changed", "actor_label", "created_at"]


@admin.register(RecallBatch)
class RecallBatchAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "Codes that a recall has still to deal with"


@admin.register(RecalledCode)
class RecalledCodeAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "What a recall did to each of its codes"
    list_display = ["voucher", "outcome", "publication", "at"]
    list_select_related = ["voucher", "publication"]
