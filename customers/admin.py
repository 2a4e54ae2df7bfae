"""Customers in the admin, to look up and to correct. They are added and erased in the dashboard."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest

from config.actor import Actor
from config.staff.admin import InternalAdmin, ReadOnlyAdmin, RoleModelAdmin
from config.staff.admin_site import Section
from config.staff.lists.paging import COUNT_UP_TO
from config.staff.roles import PUBLISH
from customers.actions.edit_customer import CustomerChanged, edit_customer
from customers.models import Customer, CustomerImport, Event, MarketingRefusal, RefusedCustomer
from customers.queries.search import search
from customers.segments.models import FirstMembers, Segment, SegmentChange, SegmentMember, WatchedMember, WatchedSegment
from customers.segments.queries.find_segments import in_segment


@admin.register(Customer)
class CustomerAdmin(RoleModelAdmin):
    section, about = Section.CUSTOMERS, "Everyone a code was or can be given to"
    list_display = ["__str__", "email", "source_id", "created_at"]
    search_fields = ["name"]  # shows the box; `get_search_results` does the search
    search_help_text = "The start of a name, last name, e-mail or source ID, or a cust_… ID"
    fields = ["name", "email", "phone", "birthdate", "description", "source_id", "address", "metadata", "created_at"]
    readonly_fields = ["source_id", "address", "metadata", "created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).live()

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        return search(queryset, search_term), False

    def view_on_site(self, customer: Customer) -> str:
        return customer.get_absolute_url()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: BaseForm, change: bool) -> None:
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        try:
            edit_customer(obj, changes, by=Actor.user(request.user))
        except CustomerChanged as changed:
            messages.error(request, str(changed))


@admin.register(CustomerImport)
class CustomerImportAdmin(ReadOnlyAdmin):
    section, about = Section.FILES, "CSV files of customers"
    list_display = [
        "original_name",
        "status",
        "rows_read",
        "rows_imported",
        "rows_updated",
        "rows_refused",
        "created_at",
    ]
    list_filter = ["status"]
    exclude = ["file", "workbook", "error_file"]  # uploads are downloaded through views that check and record it


@admin.register(RefusedCustomer)
class RefusedCustomerAdmin(ReadOnlyAdmin):
    section, about = Section.FILES, "Rows of customer files that were not imported, and why"
    ability_to_view = PUBLISH  # as the imports themselves
    list_display = ["csv_import", "row", "key", "error"]
    list_select_related = ["csv_import"]
    ordering = ["-csv_import_id", "-row"]


@admin.register(Segment)
class SegmentAdmin(ReadOnlyAdmin):
    """For looking up; segments are created and deleted in the dashboard and through the API."""

    section, about = Section.CUSTOMERS, "Groups of customers you can send codes to"
    list_display = ["name", "type", "created_at"]
    list_filter = ["type"]
    search_fields = ["name__startswith"]
    fields = [*list_display, "filter", "customers"]
    readonly_fields = ["customers"]

    @admin.display(description="Customers")
    def customers(self, segment: Segment) -> str:
        members = Customer.objects.live().filter(in_segment(segment)).order_by()[: COUNT_UP_TO + 1].count()
        return f"{min(members, COUNT_UP_TO):,}{'+' if members > COUNT_UP_TO else ''}"


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    section, about = Section.CUSTOMERS, "What customers did, as shops reported it through the API"
    list_display = ["created_at", "name", "customer", "actor_label"]
    list_select_related = ["customer"]
    ordering = ["-id"]  # as they came, by the key's own index
    search_fields = ["name__exact"]
    search_help_text = "The full name of the event"
    fields = [*list_display, "metadata"]


@admin.register(MarketingRefusal)
class MarketingRefusalAdmin(ReadOnlyAdmin):
    section, about = Section.CUSTOMERS, "Customers who refused marketing, according to an imported file"
    list_display = ["created_at", "customer", "actor_label"]
    list_select_related = ["customer"]
    ordering = ["-id"]


@admin.register(SegmentMember)
class SegmentMemberAdmin(ReadOnlyAdmin):
    section, about = Section.CUSTOMERS, "Who was added to a static segment by hand"
    list_display = ["segment", "customer"]
    list_select_related = ["segment", "customer"]
    ordering = ["-id"]


@admin.register(WatchedSegment)
class WatchedSegmentAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "Segments of which entering and leaving is reported"
    list_display = ["segment", "looked_at", "took_ms"]
    list_select_related = ["segment"]
    ordering = ["-segment_id"]


@admin.register(FirstMembers)
class FirstMembersAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "Watched segments whose first members are still being noted"
    list_display = ["watched", "noted", "created_at"]
    list_select_related = ["segment__segment"]
    ordering = ["-segment_id"]
    fields = list_display
    readonly_fields = ["watched"]

    @admin.display(description="Segment")
    def watched(self, first: FirstMembers) -> str:
        return str(first.segment.segment)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("customers")  # it may be a million keys


@admin.register(WatchedMember)
class WatchedMemberAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "Who was in a watched segment at the last look"
    list_display = ["watched", "customer", "since"]
    list_select_related = ["segment__segment", "customer"]
    ordering = ["-id"]
    fields = list_display
    readonly_fields = ["watched"]

    @admin.display(description="Segment")
    def watched(self, member: WatchedMember) -> str:
        return str(member.segment.segment)


@admin.register(SegmentChange)
class SegmentChangeAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "Who entered or left a segment, until it has been passed on"
    list_display = ["created_at", "customer", "entered", "segment"]
    list_select_related = ["segment", "customer"]
    ordering = ["-id"]
