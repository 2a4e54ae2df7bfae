"""Campaigns and codes in the admin. Every change goes through the same verbs as the dashboard's."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from campaigns.actions.change_campaign import CampaignGone, change_campaign
from campaigns.actions.create_campaign import CHANGEABLE, NameTaken, check_campaign
from campaigns.check_value import InvalidFields
from campaigns.codes.actions.extend_pool import retry_order
from campaigns.codes.actions.switch_code import disable_code, enable_code
from campaigns.codes.mask import mask
from campaigns.codes.models import CodeImport, CodeOrder, ExpiryWalk, MetadataUpdate, RefusedCode, Reservation, Voucher
from campaigns.codes.queries.count_codes import count_codes
from campaigns.codes.queries.find import vouchers_to_see
from campaigns.codes.state import state_of_code
from campaigns.models import Campaign, CampaignCount, CampaignDeletion, OfferChange
from campaigns.pages.filters import CampaignFilter, CodeFilter, state_of_campaign
from config.actor import Actor
from config.staff.admin import InternalAdmin, ReadOnlyAdmin, RoleModelAdmin
from config.staff.admin_site import Section
from config.staff.roles import MANAGE, may, reveals_codes
from config.staff.templatetags.handout import as_of

MOST_AT_ONCE = 1_000  # rows that an action takes: each is a change of its own, with its entry in the audit log


class CampaignAdminForm(forms.ModelForm):
    """Shows what the verb would refuse at the fields themselves."""

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        if not self.errors:
            wanted = copy(self.instance)
            for name in CHANGEABLE:
                if name in cleaned:
                    setattr(wanted, name, cleaned[name])
            try:
                check_campaign(wanted)
            except InvalidFields as refused:
                for name, message in refused.errors.items():
                    self.add_error(name if name in self.fields else None, message)
        return cleaned


@admin.register(Campaign)
class CampaignAdmin(RoleModelAdmin):
    """Campaigns are created and deleted on the dashboard's pages, which explain the consequences."""

    section, about = Section.CAMPAIGNS, "Offers, their dates and limits"
    form = CampaignAdminForm
    list_display = ["name", "kind", "codes", "state", "expiration_date", "created_at"]
    list_filter = ["kind", "active", "auto_update"]
    search_fields = ["name"]  # shows the box; `get_search_results` does the search
    search_help_text = "Words in the name or category, or a camp_… ID"
    readonly_fields = ["kind", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["name", "kind", "category", "active", "description", "metadata"]}),
        ("Offer", {"fields": ["discount_type", "discount_value", "unit_type", "gift_amount", "redemption_limit"]}),
        ("Time", {"fields": ["start_date", "expiration_date", "activity_duration"]}),
        ("Codes", {"fields": ["code_length", "code_pattern", "code_prefix", "code_postfix", "code_charset"]}),
        ("Publishing", {"fields": ["join_once", "auto_update", "reserve"]}),
        ("Dates", {"fields": ["created_at", "updated_at"]}),
    ]
    actions = ["enable", "disable"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).live().select_related("kept_count")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        return CampaignFilter({"q": search_term}, queryset).qs, False

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        changelist = super().get_changelist_instance(request)
        counts = count_codes(changelist.result_list)
        for campaign in changelist.result_list:
            campaign.count = counts[campaign.pk]
        return changelist

    def view_on_site(self, campaign: Campaign) -> str:
        return campaign.get_absolute_url()

    @admin.display(description="Codes left")
    def codes(self, campaign: Campaign) -> str:
        count = campaign.count
        return format_html("{} of {} {}", f"{count.left:,}", f"{count.total:,}", as_of(count.as_of))

    @admin.display(description="Status")
    def state(self, campaign: Campaign) -> str:
        return state_of_campaign(campaign)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        changes = {name: form.cleaned_data[name] for name in form.changed_data if name in CHANGEABLE}
        try:
            change_campaign(obj, changes, by=Actor.user(request.user))
        except (InvalidFields, NameTaken, CampaignGone) as refused:  # someone else just did this
            messages.error(request, f"Not saved. {refused}")

    @admin.action(description="Enable selected campaigns", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._switch(request, queryset, active=True)

    @admin.action(description="Disable selected campaigns", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._switch(request, queryset, active=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet, *, active: bool) -> None:
        campaigns = queryset.filter(active=not active)[:MOST_AT_ONCE]
        for campaign in campaigns:
            change_campaign(campaign, {"active": active}, by=Actor.user(request.user))
        messages.success(request, f"{'Enabled' if active else 'Disabled'}: {len(campaigns)}.")


@admin.register(Voucher)
class VoucherAdmin(ReadOnlyAdmin):
    """No form saves a voucher: writing a whole row back could undo a publication. What can be changed has its own
    verbs.
    """

    section, about = Section.CAMPAIGNS, "Codes with their value and remaining balance"
    called = "Codes"
    list_display = ["shown_code", "campaign", "state", "published_at", "expiration_date", "created_at"]
    list_display_links = ["shown_code"]
    list_filter = ["active", "type"]
    show_facets = admin.ShowFacets.NEVER  # counts of millions
    search_fields = ["code"]  # shows the box; `get_search_results` does the search
    search_help_text = "A full code, the start of a published code, or a v_… ID"
    fields = [
        *(
            "shown_code",
            "campaign_link",
            "state",
            "type",
            "discount_type",
            "discount_value",
            "unit_type",
            "gift_amount",
        ),
        *("active", "start_date", "expiration_date", "category", *Voucher.TEXTS, "metadata", "redemption_limit"),
        *("redeemed_quantity", "published_at", "withdrawn_at", "withdrawn_why", "created_at", "updated_at"),
    ]
    readonly_fields = ["shown_code", "campaign_link", "state"]
    actions = ["enable", "disable"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Voucher]:
        return vouchers_to_see().annotate(reveals=Value(reveals_codes(request.user)))

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        codes = CodeFilter({}, queryset, reveals=reveals_codes(request.user))
        return (codes.find(queryset, "q", search_term) if search_term else queryset), False

    def get_ordering(self, request: HttpRequest) -> list[str]:
        return ["-id"]

    def view_on_site(self, voucher: Voucher) -> str:
        return voucher.get_absolute_url()

    @admin.display(description="Code")
    def shown_code(self, voucher: Voucher) -> str:
        in_clear = voucher.reveals and voucher.published_at
        return format_html("<code>{}</code>", voucher.code if in_clear else mask(voucher.code))

    @admin.display(description="Campaign")
    def campaign_link(self, voucher: Voucher) -> str:
        if voucher.campaign is None:
            return "Standalone"
        url = reverse("admin:campaigns_campaign_change", args=[voucher.campaign_id])
        return format_html('<a href="{}">{}</a>', url, voucher.campaign)

    @admin.display(description="Status")
    def state(self, voucher: Voucher) -> str:
        return state_of_code(voucher).label

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return may(request.user, MANAGE)

    @admin.action(description="Enable selected codes", permissions=["manage"])
    def enable(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._switch(request, queryset.filter(active=False), enable_code, "Enabled")

    @admin.action(description="Disable selected codes", permissions=["manage"])
    def disable(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._switch(request, queryset.filter(active=True), disable_code, "Disabled")

    def _switch(self, request: HttpRequest, queryset: QuerySet, verb: Callable[..., Any], word: str) -> None:
        vouchers = queryset[: MOST_AT_ONCE + 1]
        if len(vouchers) > MOST_AT_ONCE:
            return messages.error(request, f"Select at most {MOST_AT_ONCE:,} codes.")
        done = sum(verb(voucher, by=Actor.user(request.user)) for voucher in vouchers)
        return messages.success(request, f"{word}: {done}.")


@admin.register(CodeOrder)
class CodeOrderAdmin(ReadOnlyAdmin):
    section, about = Section.WORK, "Codes being generated; failed orders can be retried"
    list_display = ["__str__", "campaign", "status", "done", "total", "actor_label", "created_at", "finished_at"]
    list_filter = ["status"]
    list_select_related = ["campaign"]
    search_fields = ["campaign__name"]
    actions = ["retry"]

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return may(request.user, MANAGE)

    @admin.action(description="Try failed orders again", permissions=["manage"])
    def retry(self, request: HttpRequest, queryset: QuerySet) -> None:
        orders = queryset.filter(status=CodeOrder.Status.FAILED)[:MOST_AT_ONCE]
        done = sum(retry_order(order, by=Actor.user(request.user)) for order in orders)
        messages.success(request, f"Retrying: {done}.")


@admin.register(CampaignDeletion)
class CampaignDeletionAdmin(ReadOnlyAdmin):
    section, about = Section.WORK, "Campaigns being deleted with their codes"
    list_display = ["campaign", "force", "status", "done", "total", "actor_label", "created_at", "finished_at"]
    list_filter = ["status", "force"]
    list_select_related = ["campaign"]


@admin.register(OfferChange)
class OfferChangeAdmin(ReadOnlyAdmin):
    section, about = Section.WORK, "Old values being written onto codes when an offer changed"
    list_display = ["campaign", "status", "done", "total", "actor_label", "created_at", "finished_at"]
    list_filter = ["status"]
    list_select_related = ["campaign"]


@admin.register(MetadataUpdate)
class MetadataUpdateAdmin(ReadOnlyAdmin):
    section, about = Section.WORK, "Metadata being written onto many codes at once"
    list_display = ["__str__", "status", "done", "total", "actor_label", "created_at", "finished_at"]
    list_filter = ["status"]
    exclude = ["rows", "refused"]  # which hold codes


@admin.register(CampaignCount)
class CampaignCountAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "Precomputed counts of large campaigns"
    list_display = ["campaign", "total", "in_pool", "published", "redeemed", "customers", "counted_at", "seconds"]
    list_select_related = ["campaign"]
    ordering = ["-counted_at"]


@admin.register(ExpiryWalk)
class ExpiryWalkAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "How far expired codes have been reported to webhooks and rules"
    list_display = ["of", "at", "up_to", "is_over"]
    ordering = ["of"]


@admin.register(Reservation)
class ReservationAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "Codes reserved for distributions"
    list_display = ["campaign", "label", "due_at", "needed", "covered", "below", "counted_at"]
    list_select_related = ["campaign"]
    ordering = ["-id"]


@admin.register(RefusedCode)
class RefusedCodeAdmin(ReadOnlyAdmin):
    """Rows of files that were not imported. Their codes are masked, because they may still be added."""

    section, about = Section.FILES, "Rows of code files that were not imported, and why"
    ability_to_view = MANAGE
    list_display = ["csv_import", "row", "code", "error"]
    list_select_related = ["csv_import"]
    ordering = ["-csv_import_id", "-row"]
    fields = list_display
    readonly_fields = ["code"]

    @admin.display(description="Code")
    def code(self, refused: Any) -> str:
        return format_html("<code>{}</code>", mask(refused.key)) if refused.key else "–"


@admin.register(CodeImport)
class CodeImportAdmin(ReadOnlyAdmin):
    section, about = Section.FILES, "CSV files of codes"
    list_display = [
        "original_name",
        "campaign",
        "status",
        "rows_read",
        "rows_imported",
        "rows_refused",
        "actor_label",
        "created_at",
    ]
    list_filter = ["status"]
    list_select_related = ["campaign"]
    exclude = ["file", "workbook", "error_file"]  # uploads are downloaded through views that check and record it
