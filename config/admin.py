"""The ground that every app's admin stands on: who may see and change what is decided by the roles, not by Django's
per-model permissions.
"""

from __future__ import annotations

from django.contrib import admin
from django.utils import timezone

from config.actor import Actor
from config.audit import record
from config.roles import MANAGE, READ, may


class RoleModelAdmin(admin.ModelAdmin):
    """Whoever reads the dashboard may look; a Manager may add, change and delete.

    Saving writes only the columns that were changed in the form: a form that was opened an hour ago must not put back
    what a publication or another colleague has written since. An admin whose model has a verb calls it in `save_model`.
    """

    show_full_result_count = False  # a second count(*) over the whole table on every search
    list_per_page = 50
    view_on_site = False

    def has_module_permission(self, request) -> bool:
        return may(request.user, READ)

    def has_view_permission(self, request, obj=None) -> bool:
        return may(request.user, READ)

    def has_add_permission(self, request) -> bool:
        return may(request.user, MANAGE)

    def has_change_permission(self, request, obj=None) -> bool:
        return may(request.user, MANAGE)

    def has_delete_permission(self, request, obj=None) -> bool:
        return may(request.user, MANAGE)

    def save_model(self, request, obj, form, change) -> None:
        if not change:
            obj.save()
            self._record(request, obj, "created")
            return
        columns = {field.name for field in obj._meta.concrete_fields}
        changed = [name for name in form.changed_data if name in columns]
        if not changed:
            return
        if "updated_at" in columns:
            obj.updated_at = timezone.now()
        obj.save(update_fields=[*changed, *(["updated_at"] if "updated_at" in columns else [])])
        self._record(request, obj, "edited", fields=changed)

    def delete_model(self, request, obj) -> None:
        self._record(request, obj, "deleted")
        obj.delete()

    def delete_queryset(self, request, queryset) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    def _record(self, request, obj, what: str, **details) -> None:
        record(
            f"{obj._meta.model_name}.{what}",
            by=Actor.user(request.user),
            object_id=getattr(obj, "public_id", str(obj.pk)),
            **details,
        )


class ReadOnlyAdmin(RoleModelAdmin):
    """History and records: to be looked at by whoever reads the dashboard, never added to, changed or deleted here."""

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False
