"""The funnel's counts in the admin: to be looked up."""

from __future__ import annotations

from django.contrib import admin

from config.staff.admin import InternalAdmin
from config.staff.admin_site import Section
from publications.funnel.models import FunnelChange, FunnelCode, FunnelProgress, FunnelTally, FunnelTime


@admin.register(FunnelTally)
class FunnelTallyAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "How far the codes of each week have come; campaign 0 is all of them"
    list_display = [
        "week", "campaign_id", "channel", "distribution_id", "published", "messages", "delivered", "redeemed", "amount",
    ]  # fmt: skip
    ordering = ["-id"]


@admin.register(FunnelTime)
class FunnelTimeAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "How long the codes of each week took"
    list_display = ["week", "campaign_id", "channel", "distribution_id", "step", "bucket", "codes"]
    ordering = ["-id"]


@admin.register(FunnelCode)
class FunnelCodeAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "What a published code has added to the funnel"
    list_display = ["ledger_id", "live", "delivered", "redeemed", "amount"]
    ordering = ["-ledger_id"]


@admin.register(FunnelChange)
class FunnelChangeAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "Codes that the funnel has yet to look at again"
    list_display = ["publication_id", "ledger_id"]
    ordering = ["-id"]


@admin.register(FunnelProgress)
class FunnelProgressAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "How far the funnel has been counted"
    list_display = ["__str__", "ledger_settled", "redemptions_up_to", "redemptions_settled", "as_of", "time_zone"]
