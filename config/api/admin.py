"""API keys and their calls in the administration."""

from __future__ import annotations

import procrastinate.contrib.django.admin  # noqa: F401 - registers its model, which is replaced below
from django.contrib import admin

from config.api.models import ApiCall, ApiKey, BearerToken, IdempotentCall
from config.staff.admin import InternalAdmin, ReadOnlyAdmin
from config.staff.admin_site import Section
from config.staff.roles import MANAGE


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """For looking up; keys are created and revoked on the page API keys."""

    section, about = Section.API, "Who may call the API, with which permissions"
    ability_to_view = MANAGE
    list_display = [
        "name",
        "app_id",
        "scope",
        "for_integrations",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    ]
    list_filter = ["scope", "for_integrations", ("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["name"]
    fields = [
        *list_display,
        "networks",
        "rotations",
        "old_token_until",
        "created_by",
    ]  # the hash of the token stays where it is


@admin.register(BearerToken)
class BearerTokenAdmin(ReadOnlyAdmin):
    section, about = Section.API, "Who is signed in to the API by OAuth 2.0"
    ability_to_view = MANAGE
    list_display = fields = ["key", "scope", "created_at", "expires_at"]
    list_select_related = ["key"]


@admin.register(ApiCall)
class ApiCallAdmin(ReadOnlyAdmin):
    """The newest calls of all keys. The page API keys has the log of each key."""

    section, about = Section.API, "The newest calls of all keys"
    ability_to_view = MANAGE
    list_display = ["at", "key", "method", "path", "status", "duration_ms", "request_id"]
    list_select_related = ["key"]
    ordering = ["-id"]  # as they came, by the key's own index


@admin.register(IdempotentCall)
class IdempotentCallAdmin(InternalAdmin):
    section, about = Section.INTERNALS, "Calls of the last 24 hours that may be repeated, by their key"
    list_display = ["key", "name", "row_id", "created_at"]
    list_select_related = ["key"]
    ordering = ["-id"]
