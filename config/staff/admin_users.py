"""Users and roles in the administration, and help for people who cannot sign in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django_otp.plugins.otp_static.admin import StaticDevice
from django_otp.plugins.otp_totp.admin import TOTPDevice
from procrastinate.contrib.django import app

from config.actor import Actor
from config.staff.admin import ReadOnlyAdmin, RoleModelAdmin, save_changed_columns
from config.staff.admin_site import Section
from config.staff.audit import record
from config.staff.pages.forms import RolesField
from config.staff.roles import MANAGE
from config.staff.sign_in.link_pages import site_of
from config.staff.sign_in.second_factor import remove_second_factor
from config.staff.sign_in.sessions import end_sessions

admin.site.unregister([TOTPDevice, StaticDevice])  # which would show what only the phone may know
admin.site.unregister([User, Group])


@admin.register(User)
class StaffAdmin(RoleModelAdmin, UserAdmin):
    """Who may sign in, and with which roles. A Manager cannot make, change or become a superuser.

    Django's own permissions are not offered: nothing here asks for them. `is_staff` neither: a role lets one in.
    """

    section, about = Section.STAFF, "Who may sign in, and with which roles"
    ability_to_view = MANAGE
    actions = ["send_password_link", "reset_second_factor"]
    list_display = ["username", "full_name", "email", "roles", "is_active", "last_login"]
    list_filter = ["groups", "is_active"]
    readonly_fields = ["last_login", "date_joined"]
    filter_horizontal = ()
    add_fieldsets = [
        (None, {"fields": ["username", "password1", "password2"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Roles", {"fields": ["groups"]}),
    ]
    fieldsets = [
        (None, {"fields": ["username", "password", "is_active"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Roles", {"fields": ["groups"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]

    @admin.display(description="Name", ordering="first_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name() or "–"

    @admin.display(description="Roles")
    def roles(self, user: User) -> str:
        if user.is_superuser:
            return "Administrator"
        return ", ".join(group.name for group in user.groups.all()) or "–"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj and request.user.is_superuser:
            return [*fieldsets[:2], ("Roles", {"fields": ["groups", "is_superuser"]}), *fieldsets[3:]]
        return fieldsets

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "groups":
            kwargs |= {
                "widget": forms.CheckboxSelectMultiple,
                "form_class": RolesField,
                "label": "Roles",
                "help_text": "",
            }
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (not _is_superuser(obj) or request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody can delete themselves: somebody must remain."""
        return obj != request.user and self.has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: BaseForm, change: bool) -> None:
        roles = sorted(group.name for group in form.cleaned_data.get("groups", []))
        if not change:
            obj.save()
            self.record(request, obj, "created", roles=roles)
            return
        changed = save_changed_columns(obj, form)
        details = {"fields": changed} if changed else {}
        if "groups" in form.changed_data:
            before = sorted(group.name for group in form.initial["groups"])
            details["changes"] = {"roles": {"from": before, "to": roles}}
        if details:
            self.record(request, obj, "edited", **details)

    def save_related(self, request: HttpRequest, form: BaseForm, formsets: Any, change: bool) -> None:
        """The roles are written only where the form changed them, and then as that change: a form that was open while
        a colleague took a role away must not give it back."""
        if not change:
            super().save_related(request, form, formsets, change)
        elif "groups" in form.changed_data:
            before, now = set(form.initial["groups"]), set(form.cleaned_data["groups"])
            form.instance.groups.add(*now - before)
            form.instance.groups.remove(*before - now)

    def record(self, request: HttpRequest, obj: Any, what: str, **details: Any) -> None:
        record(
            f"user.{what}",
            by=Actor.user(request.user),
            object_id=f"user_{obj.pk}",
            object_label=obj.get_username(),
            **details,
        )

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 - as Django calls it by name
        with transaction.atomic():
            return super().user_change_password(request, id, form_url)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Called by the form of a password as well, which saves without `save_model`."""
        if (match := request.resolver_match) and match.url_name == "auth_user_password_change":
            end_sessions(obj, but=request.session.session_key)
            self.record(request, obj, "password_set")

    @admin.action(description="E-mail a link to choose a password", permissions=["change"])
    def send_password_link(self, request: HttpRequest, users: QuerySet) -> None:
        """For someone who was invited and has no password yet, or who cannot request a link."""
        if not settings.EMAIL_IS_SENT:
            messages.error(request, "This Handout cannot send e-mail. Set a password on the user’s page instead.")
            return
        by, sent = Actor.user(request.user), 0
        for user in users:
            if not user.email or not user.is_active or not self.has_change_permission(request, user):
                messages.warning(request, f"{user} was left out: no e-mail address, not active, or an administrator.")
                continue
            task = "staff.send_password_links" if user.has_usable_password() else "staff.send_invitation"
            more = {"user_ids": [user.pk]} if user.has_usable_password() else {"user_id": user.pk, "by": list(by)}
            app.configure_task(task).defer(site=site_of(request), **more)
            sent += 1
        if sent:
            messages.success(request, f"{sent} e-mail{'s are' if sent > 1 else ' is'} on the way.")

    @admin.action(description="Reset the second factor", permissions=["change"])
    def reset_second_factor(self, request: HttpRequest, users: QuerySet) -> None:
        """For someone who has lost both phone and recovery codes. Their sessions end: the phone may be in other hands."""
        reset = 0
        for user in users:
            if user == request.user or not self.has_change_permission(request, user):
                messages.warning(request, f"{user} was left alone: you cannot reset this user’s second factor here.")
                continue
            with transaction.atomic():
                reset += remove_second_factor(user, by=Actor.user(request.user))
                end_sessions(user)
        if reset:
            messages.success(request, f"The second factor of {reset} user{'s' if reset > 1 else ''} has been reset.")


def _is_superuser(user: User | None) -> bool:
    return user is not None and user.is_superuser


@admin.register(Group)
class RoleAdmin(ReadOnlyAdmin):
    """The roles. config/staff/roles.py creates them, and restores them at every `migrate`."""

    section, about = Section.STAFF, "The roles and what each may do"
    called = "Roles"
    ability_to_view = MANAGE
    list_display = fields = ["name", "abilities"]

    @admin.display(description="May")
    def abilities(self, group: Group) -> str:
        return ", ".join(permission.name for permission in group.permissions.all())

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("permissions")
