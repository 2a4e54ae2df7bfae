"""Customers in the admin: to look up and to correct. Adding and erasing them is done in the dashboard."""

from __future__ import annotations

from django.contrib import admin, messages
from django.urls import reverse

from config.actor import Actor
from config.admin import ReadOnlyAdmin, RoleModelAdmin
from customers.edit_customer import CustomerChanged, edit_customer
from customers.models import Customer, CustomerImport
from customers.search import search


@admin.register(Customer)
class CustomerAdmin(RoleModelAdmin):
    list_display = ["__str__", "email", "source_id", "created_at"]
    search_fields = ["name"]  # shows the box; `get_search_results` does the search
    search_help_text = "The beginning of a name, last name, e-mail or source ID, or the cust_… id"
    fields = ["name", "email", "phone", "birthdate", "description", "source_id", "address", "metadata", "created_at"]
    readonly_fields = ["source_id", "address", "metadata", "created_at"]

    def get_queryset(self, request):
        return super().get_queryset(request).live()

    def get_search_results(self, request, queryset, search_term):
        return search(queryset, search_term), False

    def view_on_site(self, customer) -> str:
        return reverse("publications:customer", kwargs={"customer_id": customer.pk})

    def has_add_permission(self, request) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False

    def save_model(self, request, obj, form, change) -> None:
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        try:
            edit_customer(obj, changes, by=Actor.user(request.user))
        except CustomerChanged as changed:
            messages.error(request, str(changed))


@admin.register(CustomerImport)
class CustomerImportAdmin(ReadOnlyAdmin):
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
    exclude = ["file", "error_file"]  # uploads are downloaded through views that check and record it
