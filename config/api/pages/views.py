"""The pages of API keys, and of their calls. For Managers."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from config.actor import Actor
from config.api.actions.change_api_key import change_api_key
from config.api.actions.create_api_key import KeyMadeBefore, create_api_key
from config.api.actions.revoke_api_key import revoke_api_key
from config.api.actions.rotate_api_key import KeyRevoked, RotatedMeanwhile, rotate_api_key
from config.api.models import ApiKey
from config.api.pages.filters import CallFilter
from config.api.pages.forms import ApiKeyForm, EditKeyForm, RotateForm
from config.api.pages.tables import ApiKeyTable, CallTable
from config.staff.day_limits import Kind, use_today
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import Looked, list_page
from config.staff.pages.dialogs import leave
from config.staff.pages.views import form_page
from config.staff.roles import MANAGE, requires
from config.staff.sign_in.client_address import client_address

OVERLAP = timedelta(days=7)  # offered for a rotation


@require_safe
@requires(MANAGE)
def api_keys(request: HtmxHttpRequest) -> HttpResponse:
    return list_page(request, "api/api_keys.html", ApiKeyTable(ApiKey.objects.all()), {"title": "API keys"})


@form_page
@requires(MANAGE)
def create_key(request: HtmxHttpRequest) -> HttpResponse:
    form = ApiKeyForm(request.POST or None, caller=client_address(request))
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                key, token = create_api_key(**form.cleaned_data, by=Actor.user(request.user))
                _keep_for_one_look(request.session, key, token)
        except KeyMadeBefore as made:
            key = made.key
        return redirect("api:api-key-made", key.pk)
    return render(request, "api/create_api_key.html", {"form": form, "title": "New API key"})


@require_GET
@never_cache
@requires(MANAGE)
def key_made(request: HtmxHttpRequest, key_id: int) -> HttpResponse:
    """The only page that ever shows a token, and it does so once: after a look the token is nowhere any more."""
    key = get_object_or_404(ApiKey, pk=key_id)
    if token := request.session.pop(_kept_as(key), None):
        example = first_call(key, token, site=settings.SITE_URL or request.build_absolute_uri("/"))
        title = "New token" if key.rotations else "API key created"
        context = {"key": key, "token": token, "example": example, "title": title}
        return render(request, "api/api_key_created.html", context)
    return render(request, "api/api_key_shown.html", {"key": key, "title": key.name})


def _keep_for_one_look(session: SessionBase, key: ApiKey, token: str) -> None:
    """Saved with the key and not after it: a second click, which finds the key made, must find the token there."""
    session[_kept_as(key)] = token
    session.save()


def _kept_as(key: ApiKey) -> str:
    return f"token_of_key_{key.pk}"


def first_call(key: ApiKey, token: str, *, site: str) -> str:
    """A call by curl that works as it stands, once the campaign is named."""
    path = "validations" if key.scope == ApiKey.Scope.REDEEM else "publications"
    call = f'curl {site.rstrip("/")}/v1/{path} \\\n  -H "X-App-Id: {key.app_id}" \\\n  -H "X-App-Token: {token}"'
    if key.scope == ApiKey.Scope.READ:
        return call
    body = '{"campaign": "YOUR CAMPAIGN", "customer": {"source_id": "mara", "email": "mara@example.com"}}'
    if key.scope == ApiKey.Scope.REDEEM:
        body = '{"redeemables": [{"object": "voucher", "id": "A PUBLISHED CODE"}], "order": {"amount": 2000}}'
    return f"{call} \\\n  -H \"Content-Type: application/json\" \\\n  -d '{body}'"


@require_safe
@requires(MANAGE)
def key_log(request: HtmxHttpRequest, key_id: int) -> HttpResponse:
    key = get_object_or_404(ApiKey, pk=key_id)
    calls = CallFilter(request.GET, key.calls.all())
    table = CallTable(calls.qs)
    if calls.edge or calls.beyond is not None:
        edge = calls.edge
        table.looked = Looked(
            "calls", calls.looked_at, edge and edge.at, str(edge.key) if edge else None, calls.beyond is not None
        )
    context = {
        "key": key,
        "title": key.name,
        "day_use": use_today(Kind.API_KEY, key.pk) if key.codes_per_day else None,
    }
    return list_page(request, "api/api_key_log.html", table, context, filterset=calls)


@form_page
@requires(MANAGE)
def edit_key(request: HtmxHttpRequest, key_id: int) -> HttpResponse:
    key = get_object_or_404(ApiKey, pk=key_id, revoked_at=None)
    back = reverse("api:api-keys")
    names = ("name", "expires_at", "networks", "codes_per_day")
    initial = {name: getattr(key, name) for name in names}
    form = EditKeyForm(request.POST or None, initial=initial, caller=client_address(request))
    if request.method == "POST" and form.is_valid():
        changed = change_api_key(key, **form.cleaned_data, by=Actor.user(request.user))
        messages.success(request, f"The key {key.name} has been changed." if changed else "Nothing was changed.")
        return leave(request, back)
    return render(request, "api/edit_api_key.html", {"key": key, "form": form, "title": f"Edit {key.name}"})


@form_page
@requires(MANAGE)
def rotate_key(request: HtmxHttpRequest, key_id: int) -> HttpResponse:
    key = get_object_or_404(ApiKey, pk=key_id)
    initial = {"seen": key.rotations, "until": timezone.now() + OVERLAP}
    form = RotateForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            with transaction.atomic():
                token = rotate_api_key(key, until=asked["until"], seen=asked["seen"], by=Actor.user(request.user))
                _keep_for_one_look(request.session, key, token)
        except RotatedMeanwhile:
            pass  # a second click is shown what the first one drew
        except KeyRevoked:
            messages.error(request, f"The key {key.name} has been revoked. Create a new one.")
            return leave(request, reverse("api:api-keys"))
        return leave(request, reverse("api:api-key-made", args=[key.pk]))
    return render(request, "api/rotate_api_key.html", {"key": key, "form": form, "title": f"Rotate {key.name}"})


@form_page
@requires(MANAGE)
def revoke_key(request: HtmxHttpRequest, key_id: int) -> HttpResponse:
    key = get_object_or_404(ApiKey, pk=key_id)
    back = reverse("api:api-keys")
    if request.method == "POST":
        if revoke_api_key(key, by=Actor.user(request.user)):
            messages.success(request, f"The key {key.name} has been revoked.")
        else:
            messages.info(request, f"The key {key.name} was already revoked.")
        return leave(request, back)
    return render(request, "api/revoke_api_key.html", {"key": key, "back": back, "title": f"Revoke {key.name}"})
