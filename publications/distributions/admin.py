"""Distributions in the admin: to be looked up, never changed. What may be done has its pages.

Without what a message says, which may hold codes that are masked to the reader: its page shows it.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Lower
from django.http import HttpRequest

from config.staff.admin import InternalAdmin, ReadOnlyAdmin
from config.staff.admin_site import Section
from config.staff.roles import reveals_codes
from publications.distributions.models import (
    Delivery,
    Distribution,
    EmailGrant,
    KeptMessage,
    ListedCode,
    ListedRecipient,
    Unsubscribe,
)
from publications.distributions.sending.stored_email_backend import subject_shown, with_codes


class FoundByAddress(ReadOnlyAdmin):
    """Large lists, searched by the beginning of an address, as their index can."""

    address = "email"
    search_help_text = "The beginning of an e-mail address"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        if not search_term:
            return queryset, False
        lower = queryset.annotate(_address=Lower(F(self.address)))
        return lower.filter(_address__startswith=search_term.strip().lower()), False


@admin.register(Distribution)
class DistributionAdmin(ReadOnlyAdmin):
    section, about = Section.DISTRIBUTIONS, "Runs for many customers, manual and automatic"
    list_display = ["name", "kind", "status", "campaign", "audience", "message", "actor_label", "created_at"]
    list_filter = ["kind", "status", "message"]
    list_select_related = ["campaign"]
    search_fields = ["name"]
    exclude = ["body"]

    def view_on_site(self, distribution: Any) -> str:
        return distribution.get_absolute_url()


@admin.register(ListedCode)
class ListedCodeAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "The codes a reminder is about, if not all of its campaign"


@admin.register(ListedRecipient)
class ListedRecipientAdmin(ReadOnlyAdmin):
    section, about = Section.DISTRIBUTIONS, "The lines of recipient lists that were pasted or uploaded"
    list_display = ["distribution", "line", "given", "customer"]
    list_select_related = ["distribution", "customer"]
    ordering = ["-distribution_id", "-line"]


@admin.register(Delivery)
class DeliveryAdmin(FoundByAddress):
    section, about = Section.DISTRIBUTIONS, "One recipient’s code and message, and how far it got"
    list_display = ["id", "distribution", "customer", "state", "reason", "detail", "email", "attempts", "state_at"]
    list_select_related = ["distribution", "customer"]
    search_fields = ["email"]  # shows the box; `get_search_results` does the search


@admin.register(Unsubscribe)
class UnsubscribeAdmin(ReadOnlyAdmin):
    section, about = Section.DISTRIBUTIONS, "Unsubscribed addresses"
    list_display = ["email", "customer", "distribution", "actor_label", "created_at"]
    list_select_related = ["customer", "distribution"]
    search_fields = ["email__exact"]
    search_help_text = "The whole e-mail address, in lower case"


@admin.register(KeptMessage)
class KeptMessageAdmin(FoundByAddress):
    section, about = Section.DISTRIBUTIONS, "E-mails that were not sent because no mail server is set up"
    address = "to"
    list_display = ["created_at", "to", "shown_subject", "customer"]
    list_select_related = ["customer"]
    search_fields = ["to"]  # shows the box; `get_search_results` does the search
    fields = [*list_display, "sender", "delivery"]
    readonly_fields = ["shown_subject"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[KeptMessage]:
        return with_codes(super().get_queryset(request)).annotate(reveals=Value(reveals_codes(request.user)))

    @admin.display(description="Subject")
    def shown_subject(self, message: Any) -> str:
        return subject_shown(message, reveals=message.reveals)


@admin.register(EmailGrant)
class EmailGrantAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "How many e-mails were sent when; this holds the limit per minute"
    list_display = ["at", "count"]
    ordering = ["-at"]
