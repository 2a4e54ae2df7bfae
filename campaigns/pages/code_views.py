"""The list of all codes, and what a Manager can do to one. A code's page is in publications."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.check_value import InvalidFields
from campaigns.codes.actions.change_code import CodeGone, change_code
from campaigns.codes.actions.create_codes import CodeTaken, create_code, create_codes
from campaigns.codes.actions.make_codes import CodeSpaceExhausted
from campaigns.codes.actions.switch_code import disable_code, enable_code
from campaigns.codes.code_space import CodeSpaceTooSmall, InvalidCodeConfiguration, code_space
from campaigns.codes.mask import mask
from campaigns.codes.models import Voucher
from campaigns.codes.queries.find import vouchers_to_see
from campaigns.pages.code_forms import CodeForm, NewCodesForm
from campaigns.pages.filters import CodeFilter
from campaigns.pages.forms import CONFIGURATION
from campaigns.pages.tables import CodeTable
from campaigns.pages.views import preview_of
from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import list_page
from config.staff.roles import MANAGE, READ, may, requires, reveals_codes

HEAVY = ("metadata", *Voucher.TEXTS, "campaign__metadata", "campaign__description")  # what a list does not show


@require_safe
@requires(READ)
def codes(request: HtmxHttpRequest) -> HttpResponse:
    reveals = reveals_codes(request.user)
    codes = CodeFilter(request.GET, vouchers_to_see().defer(*HEAVY), reveals=reveals)
    table = CodeTable(codes.qs, reveals=reveals, may_manage=may(request.user, MANAGE))
    table.looked = codes.looked
    return list_page(request, "campaigns/codes.html", table, {"title": "Codes"}, filterset=codes)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def create(request: HtmxHttpRequest) -> HttpResponse:
    form = NewCodesForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and "preview" not in request.POST:
        by = Actor.user(request.user)
        try:
            url = _create_one(form, by) if form.cleaned_data["how"] == "named" else _create_many(form, by)
        except InvalidFields as refused:
            form.refuse(refused.errors)
        except InvalidCodeConfiguration as refused:
            form.refuse({f"code_{refused.field}": refused.message})
        except CodeTaken as taken:
            form.add_error("code", str(taken))
        except (CodeSpaceTooSmall, CodeSpaceExhausted) as refused:
            form.add_error("count", str(refused))
        else:
            messages.success(request, "Created.")
            return redirect(url)
    context = {"title": "New codes", "form": form, **preview_of(form.values)}
    return render(request, "campaigns/create_codes.html", context)


def _create_one(form: NewCodesForm, by: Actor) -> str:
    voucher = create_code(form.cleaned_data["code"], form.columns(), by=by)
    return voucher.get_absolute_url()


def _create_many(form: NewCodesForm, by: Actor) -> str:
    space = code_space(**{name.removeprefix("code_"): form.cleaned_data[name] for name in CONFIGURATION})
    create_codes(space, form.columns(), count=form.cleaned_data["count"], by=by)
    return reverse("campaigns:codes") + "?belongs=standalone"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def edit(request: HtmxHttpRequest, voucher_id: int) -> HttpResponse:
    voucher = get_object_or_404(vouchers_to_see(), pk=voucher_id)
    form = CodeForm(request.POST if request.method == "POST" else None, voucher=voucher)
    if request.method == "POST" and form.is_valid():
        try:
            change_code(voucher, form.changes(), by=Actor.user(request.user))
        except InvalidFields as refused:
            form.refuse(refused.errors)
        except CodeGone as gone:
            messages.error(request, str(gone))
            return redirect("campaigns:codes")
        else:
            messages.success(request, "Saved.")
            return redirect(voucher)
    shown = voucher.code if voucher.published_at else mask(voucher.code)
    context = {"title": "Edit code", "form": form, "voucher": voucher, "shown": shown}
    return render(request, "campaigns/edit_code.html", context)


@require_POST
@requires(MANAGE)
def enable(request: HtmxHttpRequest, voucher_id: int) -> HttpResponse:
    return _switch(request, voucher_id, enable_code, "The code has been enabled.")


@require_POST
@requires(MANAGE)
def disable(request: HtmxHttpRequest, voucher_id: int) -> HttpResponse:
    return _switch(request, voucher_id, disable_code, "The code has been disabled.")


def _switch(request: HtmxHttpRequest, voucher_id: int, verb: Callable[..., Any], done: str) -> HttpResponseRedirect:
    voucher: Voucher = get_object_or_404(vouchers_to_see(), pk=voucher_id)
    verb(voucher, by=Actor.user(request.user))
    messages.success(request, done)
    return redirect(voucher)
