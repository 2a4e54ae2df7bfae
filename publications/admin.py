"""Publications, the ledger, redemptions and exports in the admin: to be looked up, never changed. What may be done has its pages,
and campaigns and codes link to those of publishing and releasing from here.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db.models import Q, QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html, format_html_join

from campaigns.admin import CampaignAdmin, VoucherAdmin
from campaigns.codes.mask import mask
from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.staff.admin import InternalAdmin, ReadOnlyAdmin
from config.staff.admin_site import Section
from config.staff.lists.looking_back import newest
from config.staff.roles import MANAGE, PUBLISH, may, reveals_codes
from customers.models import Customer
from publications.code_visibility import shown
from publications.distributions import admin as _of_distributions  # noqa: F401 - registers its own
from publications.exports.models import Export, FilePreference, SavedView
from publications.models import Publication, PublicationImport, PublishedVoucher, RefusedPublication
from publications.pages.filters import LOOKED_THROUGH
from publications.queries.find_publications import find_publications
from publications.redemptions.models import BalanceChange, Redemption, Referral
from publications.redemptions.queries.history import find_redemption
from publications.referrals.models import ReferralProgram
from publications.tallies.models import DayTally, TallyProgress
from publications.webhooks import admin as _of_webhooks  # noqa: F401 - registers its own

CODES_LISTED = 50


class AmongNewest(admin.SimpleListFilter):
    """No index serves it, so it looks at the newest rows of the list only, which its title says."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value():
            return queryset
        return newest(queryset, LOOKED_THROUGH).rows.filter(**{self.parameter_name: self.value()})


class OriginFilter(AmongNewest):
    title, parameter_name = f"origin (of the newest {LOOKED_THROUGH:,})", "origin"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return Publication.Origin.choices


admin.site.unregister([Campaign, Voucher])


@admin.register(Campaign)
class PublishingCampaignAdmin(CampaignAdmin):
    actions = ["publish", *CampaignAdmin.actions]

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return may(request.user, PUBLISH)

    @admin.action(description="Publish from the selected campaign…", permissions=["publish"])
    def publish(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        if len(chosen := queryset[:2]) != 1:
            messages.error(request, "Select one campaign to publish from.")
            return None
        return redirect("publications:publish", campaign_id=chosen[0].pk)


@admin.register(Voucher)
class PublishingVoucherAdmin(VoucherAdmin):
    actions = ["publish", "release", *VoucherAdmin.actions]

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return may(request.user, PUBLISH)

    @admin.action(description="Publish the selected code…", permissions=["publish"])
    def publish(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        if len(chosen := queryset[:2]) != 1:
            messages.error(request, "Select one code to publish.")
            return None
        return redirect("publications:publish-code", voucher_id=chosen[0].pk)

    @admin.action(description="Release the selected code…", permissions=["manage"])
    def release(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        if len(chosen := queryset[:2]) != 1:
            messages.error(request, "Select one code to release.")
            return None
        return redirect("publications:release", voucher_id=chosen[0].pk)


@admin.register(Publication)
class PublicationAdmin(ReadOnlyAdmin):
    section, about = Section.PUBLICATIONS, "Who was given codes, when, through which channel; and failed attempts"
    list_display = ["created_at", "result", "campaign", "customer", "voucher_count", "channel", "actor_label"]
    list_filter = ["created_at", "result", "failure_reason", OriginFilter]
    list_select_related = ["campaign", "customer"]
    search_fields = ["source_id"]  # shows the box; `get_search_results` does the search
    search_help_text = "The start of a code or of a customer’s name, e-mail or source ID, or a pub_… ID"
    fields = [
        *("public_id", "created_at", "result", "campaign", "customer", "codes", "channel", "origin", "actor_label"),
        *("source_id", "metadata", "join_once", "voided_at", "failure_code", "failure_reason"),
        *("failure_message", "attempts"),
    ]
    readonly_fields = ["public_id", "codes"]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        if not search_term:
            return queryset, False
        return find_publications(queryset, search_term, whole_codes=not reveals_codes(request.user)).publications, False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(reveals=Value(reveals_codes(request.user)))

    def view_on_site(self, publication: Publication) -> str:
        return publication.get_absolute_url()

    @admin.display(description="Id")
    def public_id(self, publication: Publication) -> str:
        return publication.public_id

    @admin.display(description="Codes")
    def codes(self, publication: Publication) -> str:
        rows = publication.ledger.prefetch_related("voucher").order_by("publication_id", "voucher_id")[:CODES_LISTED]
        listed = format_html_join(
            ", ",
            "<code>{}</code>{}",
            (
                (shown(row.voucher, reveals=publication.reveals), " (released)" if row.released_at else "")
                for row in rows
            ),
        )
        more = publication.voucher_count - CODES_LISTED
        return format_html("{} and {} more", listed, f"{more:,}") if more > 0 else listed or "None"


@admin.register(PublishedVoucher)
class PublishedVoucherAdmin(ReadOnlyAdmin):
    section, about = Section.PUBLICATIONS, "Which publication holds which code, and when one was released"
    called = "Ledger"
    list_display = ["masked_code", "publication", "released_at", "released_by", "reason"]
    list_select_related = ["voucher", "publication"]
    ordering = ["-id"]
    search_fields = ["reason"]  # shows the box; `get_search_results` does the search
    search_help_text = "The start of a published code or of a customer’s name, or a pub_… or v_… ID"
    fields = ["masked_code", "publication", "released_at", "released_by", "reason"]
    readonly_fields = ["masked_code"]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        if not search_term:
            return queryset, False
        found = find_publications(
            Publication.objects.all(), search_term, whole_codes=not reveals_codes(request.user)
        ).publications
        return queryset.filter(publication__in=found.order_by().values("pk")), False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(reveals=Value(reveals_codes(request.user)))

    @admin.display(description="Code")
    def masked_code(self, row: Any) -> str:
        return format_html("<code>{}</code>", shown(row.voucher, reveals=row.reveals))


class KindFilter(AmongNewest):
    title, parameter_name = f"kind (of the newest {LOOKED_THROUGH:,})", "kind"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return Redemption.Kind.choices


@admin.register(Redemption)
class RedemptionAdmin(ReadOnlyAdmin):
    """Uses of codes and their rollbacks. Several codes that were used together stand below a row without a code."""

    section, about = Section.PUBLICATIONS, "Uses of codes, failed uses and rollbacks"
    list_display = ["created_at", "kind", "result", "code", "campaign", "customer", "amount", "actor_label"]
    list_filter = ["created_at", "result", KindFilter]
    list_select_related = ["voucher", "campaign", "customer"]
    search_fields = ["reason"]  # shows the box; `get_search_results` does the search
    search_help_text = "A full code, a customer’s source ID, or an r_…, rf_…, rr_… or rrf_… ID"
    fields = [
        *("public_id", "created_at", "kind", "result", "code", "campaign", "customer", "actor_label"),
        *(
            "order",
            "amount",
            "balance",
            "redeemed_quantity",
            "redemption_limit",
            "metadata",
            "stack",
            "undoes",
            "reason",
        ),
        *("failure_code", "failure_message", "attempts"),
    ]
    readonly_fields = ["public_id", "code"]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        if not search_term:
            return queryset, False
        if redemption := find_redemption(search_term):
            return queryset.filter(pk=redemption.pk), False
        vouchers = Voucher.objects.filter(code__in=[search_term, search_term.upper()])
        if not reveals_codes(request.user):
            vouchers = vouchers.filter(published_at__isnull=False)
        customers = Customer.objects.filter(source_id=search_term)
        return queryset.filter(Q(voucher__in=list(vouchers)) | Q(customer__in=list(customers))), False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(reveals=Value(reveals_codes(request.user)))

    def view_on_site(self, redemption: Any) -> str | None:
        return redemption.voucher.get_absolute_url() if redemption.voucher else None

    @admin.display(description="Id")
    def public_id(self, redemption: Redemption) -> str:
        return redemption.public_id

    @admin.display(description="Code")
    def code(self, redemption: Redemption) -> str:
        return (
            format_html("<code>{}</code>", shown(redemption.voucher, reveals=redemption.reveals))
            if redemption.voucher
            else "–"
        )


@admin.register(BalanceChange)
class BalanceChangeAdmin(ReadOnlyAdmin):
    section, about = Section.PUBLICATIONS, "Balance added to gift vouchers by hand, or taken off"
    ability_to_view = MANAGE
    list_display = ["created_at", "amount", "balance", "source_id", "actor_label"]
    fields = [*list_display, "total", "reason"]  # the code may be in the pool


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    section, about = Section.FILES, "Hand-outs and reports, and how often they were downloaded"
    list_display = ["file_name", "kind", "campaign", "status", "rows", "downloads", "actor_label", "created_at"]
    list_filter = ["kind", "status", "created_at"]
    list_select_related = ["campaign"]
    search_fields = ["file_name"]
    # Files are downloaded through the page that checks who may, and records it. Filters may hold a person's name.
    exclude = ["file", "filters"]

    def view_on_site(self, export: Any) -> str:
        return export.get_absolute_url()


@admin.register(SavedView)
class SavedViewAdmin(ReadOnlyAdmin):
    section, about = Section.FILES, "Reports that are ordered again and again: their filters, order and columns"
    list_display = ["name", "kind", "campaign", "actor_label", "created_at"]
    list_filter = ["kind"]
    list_select_related = ["campaign"]
    exclude = ["filters"]  # may hold a person's name


@admin.register(FilePreference)
class FilePreferenceAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "How each person last asked for a file"
    list_display = ["user", "made_for", "delimiter", "byte_order_mark", "dates"]
    list_select_related = ["user"]
    ordering = ["user"]


@admin.register(PublicationImport)
class PublicationImportAdmin(ReadOnlyAdmin):
    section, about = Section.FILES, "CSV files of codes that another system gave out"
    list_display = ["original_name", "status", "rows_read", "rows_imported", "rows_refused", "created_at"]
    list_filter = ["status"]
    exclude = ["file", "workbook", "error_file"]  # uploads are downloaded through views that check and record it


@admin.register(RefusedPublication)
class RefusedPublicationAdmin(ReadOnlyAdmin):
    """Rows of files that were not imported. Their codes may still be in the pool: they are masked."""

    section, about = Section.FILES, "Rows of publication files that were not imported, and why"
    ability_to_view = MANAGE
    list_display = ["csv_import", "row", "code", "error"]
    list_select_related = ["csv_import"]
    ordering = ["-csv_import_id", "-row"]
    fields = list_display
    readonly_fields = ["code"]

    @admin.display(description="Code")
    def code(self, refused: Any) -> str:
        return format_html("<code>{}</code>", mask(refused.key)) if refused.key else "–"


@admin.register(ReferralProgram)
class ReferralProgramAdmin(ReadOnlyAdmin):
    section, about = Section.PUBLICATIONS, "The distributions that invite referrers and reward both sides"
    list_display = ["campaign", "invite", "reward_referrer", "reward_referee"]
    list_select_related = list_display
    ordering = ["-campaign_id"]


@admin.register(Referral)
class ReferralAdmin(ReadOnlyAdmin):
    section, about = Section.PUBLICATIONS, "Who redeemed whose referral code"
    list_display = ["created_at", "campaign", "referrer", "number", "referee"]
    list_select_related = ["campaign", "referrer", "referee"]
    fields = [*list_display, "redemption"]


@admin.register(DayTally)
class DayTallyAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "Publications counted by day; campaign 0 is all of them"
    list_display = ["day", "campaign_id", "channel", "result", "publications", "codes", "attempts"]
    ordering = ["-id"]


@admin.register(TallyProgress)
class TallyProgressAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "How far publications have been counted"
    list_display = ["__str__", "settled_up_to", "noted_up_to", "noted_at", "time_zone"]
