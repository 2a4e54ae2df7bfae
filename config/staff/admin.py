"""The base of every app's admin, and the admin of what all apps share: settings, audit log, jobs.

The roles decide who may see and change what, not Django's per-model permissions.
"""

from __future__ import annotations

from typing import Any

import procrastinate.contrib.django.admin  # noqa: F401 - registers its model, which is replaced below
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import QuerySet
from django.forms import BaseForm
from django.forms.fields import Field
from django.http import HttpRequest
from django.http.response import HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob

from config.actor import Actor
from config.events.models import Listener, Outbox
from config.staff.admin_lists import PagedChangeList, PlainDecimalField, shown_plain
from config.staff.admin_site import Section
from config.staff.audit import record
from config.staff.models import AuditEntry, Limit, ProjectSettings, Quarantine, StaffSession
from config.staff.roles import MANAGE, READ, may


class RoleModelAdmin(admin.ModelAdmin):
    """Whoever reads the dashboard may look; a Manager may add, change and delete.

    Saving writes only the columns that were changed in the form: a form that was opened an hour ago must not put back
    what a publication or another colleague has written since. For that the form carries what it was shown with.
    An admin whose model has a verb calls it in `save_model` and `delete_model`, and the verb writes the audit entry.
    """

    section: Section  # of the index, where it stands with what `about` says of its rows
    about: str
    called = ""  # where the model's own plural is not the word that people use
    ability_to_view = READ
    show_full_result_count = False  # a second count(*) over the whole table on every search
    list_per_page = 50
    view_on_site = False
    formfield_overrides = {models.DecimalField: {"form_class": PlainDecimalField}}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[PagedChangeList]:
        return PagedChangeList

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request.user, self.ability_to_view)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, self.ability_to_view)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request.user, MANAGE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, MANAGE)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, MANAGE)

    def get_list_display(self, request: HttpRequest) -> Any:
        return [shown_plain(self.model, name) for name in super().get_list_display(request)]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if self.has_change_permission(request, obj):
            return fieldsets
        return [
            (title, {**options, "fields": [shown_plain(self.model, name) for name in options["fields"]]})
            for title, options in fieldsets
        ]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """What the list's own filters ask, and no more. Django lets an address ask any column of the model, and with
        `?code__startswith=` one could feel one's way along a code that is shown masked."""
        offered = {
            getattr(each, "parameter_name", None) or (each[0] if isinstance(each, tuple) else each)
            for each in self.get_list_filter(request)
        }
        field = next((name for name in offered if lookup == name or lookup.startswith(f"{name}__")), "id")
        return lookup.removeprefix(field).removeprefix("__") in {
            "", "exact", "id__exact", "pk__exact", "isnull", "isempty", "gte", "lt",
        } and lookup.startswith(field)  # fmt: skip

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Field | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field:
            field.show_hidden_initial = True
        return field

    def save_model(self, request: HttpRequest, obj: Any, form: BaseForm, change: bool) -> None:
        if not change:
            obj.save()
            self.record(request, obj, "created")
        elif changed := save_changed_columns(obj, form):
            self.record(request, obj, "edited", fields=changed)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.record(request, obj, "deleted")
        obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        with transaction.atomic():
            for obj in queryset:
                self.delete_model(request, obj)

    def record(self, request: HttpRequest, obj: Any, what: str, **details: Any) -> None:
        object_id = getattr(obj, "public_id", f"{obj._meta.model_name}_{obj.pk}")
        record(f"{obj._meta.model_name}.{what}", by=Actor.user(request.user), object_id=object_id, **details)

    # The audit log is the one record. The admin's own would keep the names of customers in words, erased or not.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        pass

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        pass

    def log_deletions(self, request: HttpRequest, queryset: QuerySet) -> None:
        pass

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseRedirect:
        if not self.has_view_permission(request):
            raise PermissionDenied
        obj = self.get_object(request, object_id)
        public_id = getattr(obj, "public_id", f"{self.opts.model_name}_{object_id}")
        return redirect(reverse("staff:audit-log", query={"q": public_id}))


def save_changed_columns(obj: Any, form: BaseForm) -> list[str]:
    """Writes the columns that the form changed, and `updated_at` where there is one; answers with their names."""
    columns = {field.name for field in obj._meta.concrete_fields}
    changed = [name for name in form.changed_data if name in columns]
    if changed and "updated_at" in columns:
        obj.updated_at = timezone.now()
        obj.save(update_fields=[*changed, "updated_at"])
    elif changed:
        obj.save(update_fields=changed)
    return changed


class ReadOnlyAdmin(RoleModelAdmin):
    """History and records: everyone who reads the dashboard can view them; nobody adds, changes or deletes them here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class InternalAdmin(ReadOnlyAdmin):
    """What only the code reads: counts, queues and work in progress. Nobody needs it for daily work (ADR 0031)."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)


@admin.register(Outbox)
class OutboxAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "Events not passed on yet; a row stays for seconds"
    list_display = ["created_at", "kind", "object_key"]
    ordering = ["-id"]


@admin.register(Listener)
class ListenerAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "Who waits for which kind of event"
    list_display = ["kind", "owner"]
    ordering = ["kind", "owner"]


@admin.register(ProjectSettings)
class ProjectSettingsAdmin(ReadOnlyAdmin):
    """For viewing; the settings are changed on the page Project settings."""

    section, about = Section.STAFF, "Name, time zone, currency and rules of this installation"
    ability_to_view = MANAGE
    list_display = ["name", "time_zone", "currency", "reveal_unpublished_codes"]


@admin.register(StaffSession)
class StaffSessionAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "Who is signed in to the dashboard, and where"
    list_display = fields = ["user", "created_at", "last_used_at", "expire_date", "address", "agent"]
    list_select_related = ["user"]
    ordering = ["-id"]


@admin.register(Quarantine)
class QuarantineAdmin(ReadOnlyAdmin):
    section, about = Section.STAFF, "When publishing was stopped after a restored backup or a failover"
    ability_to_view = MANAGE
    list_display = ["opened_at", "cause", "lost_since", "ended_at", "ended_by"]


@admin.register(Limit)
class LimitAdmin(ReadOnlyAdmin):
    section, about = Section.STAFF, "Limits of codes, and how many of a day’s were used"
    ability_to_view = MANAGE
    list_display = ["subject", "most", "day", "used"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    section, about = Section.STAFF, "Who did what, when"
    ability_to_view = MANAGE
    list_display = ["created_at", "actor_label", "action", "object_id", "object_label"]
    list_filter = ["actor_kind"]
    search_fields = ["object_id__exact"]
    search_help_text = "The ID of the object, such as camp_…"


class JobEvents(admin.TabularInline):
    """When a job was started, failed and so on."""

    model = ProcrastinateEvent
    template = "admin/rows_to_read.html"
    fields = ["type", "at"]
    ordering = ["id"]
    verbose_name_plural = "events"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, MANAGE)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


# Procrastinate's own admin offers to cancel jobs, to everybody, and draws with inline styles, which the CSP refuses.
admin.site.unregister(ProcrastinateJob)


@admin.register(ProcrastinateJob)
class JobAdmin(ReadOnlyAdmin):
    """Background jobs, to see what is waiting and what failed. Progress is shown on the rows they work for."""

    section, about = Section.WORK, "The worker’s queue: what waits, runs and failed"
    called = "Background jobs"
    ability_to_view = MANAGE
    list_display = ["id", "task_name", "queue_name", "status", "attempts", "scheduled_at"]
    list_filter = ["status"]
    fields = ["id", "task_name", "args", "status", "queue_name", "lock", "queueing_lock", "attempts", "scheduled_at"]
    ordering = ["-id"]
    inlines = [JobEvents]
