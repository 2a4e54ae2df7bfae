"""The pages of segments."""

from __future__ import annotations

from typing import NamedTuple

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import list_page
from config.staff.pages.dialogs import confirm, leave
from config.staff.roles import PUBLISH, READ, requires
from customers.models import Customer
from customers.pages.filters import CustomerFilter
from customers.pages.views import HEAVY, SUGGESTIONS, option_of
from customers.queries.search import search
from customers.segments.actions.change_segment import change_segment
from customers.segments.actions.create_segment import (
    InvalidSegment,
    SegmentNameTaken,
    create_filter_segment,
    create_static_segment,
)
from customers.segments.actions.delete_segment import SegmentInUse, delete_segment
from customers.segments.actions.fill_segment import Filled, UnknownLines, fill_segment, take_out
from customers.segments.models import Segment
from customers.segments.pages.condition_forms import Conditions, in_words
from customers.segments.pages.filters import SegmentFilter
from customers.segments.pages.forms import ListForm, NewListForm, PickForm, SegmentForm
from customers.segments.pages.tables import MemberTable, PickedTable, SegmentTable
from customers.segments.queries.find_segments import in_segment
from customers.segments.segment_filter import read_segment_filter

COUNT_UP_TO = 100_000  # of those in a segment; beyond, "more than" is told
SAMPLE = 5
form_page = require_http_methods(["GET", "HEAD", "POST"])


class Audience(NamedTuple):
    count: int  # type: ignore[assignment]  # at most COUNT_UP_TO + 1; it hides a tuple's own count()
    sample: list[Customer]

    @property
    def capped(self) -> bool:
        return self.count > COUNT_UP_TO

    @property
    def told(self) -> int:
        return min(self.count, COUNT_UP_TO)


@require_safe
@requires(READ)
def segments(request: HtmxHttpRequest) -> HttpResponse:
    found = SegmentFilter(request.GET, Segment.objects.all())
    return list_page(request, "segments/list.html", SegmentTable(found.qs), {"title": "Segments"}, filterset=found)


@require_safe
@requires(READ)
def segment(request: HtmxHttpRequest, segment_id: int) -> HttpResponse:
    segment = _segment(segment_id)
    members = Customer.objects.live().filter(in_segment(segment))
    found = CustomerFilter(request.GET, members.defer(*HEAVY))
    table = MemberTable(found.qs) if segment.filter is not None else PickedTable(found.qs)
    table.segment = segment
    return list_page(
        request,
        "segments/segment.html",
        table,
        lambda: {
            "title": segment,
            "segment": segment,
            "conditions": in_words(segment.filter),
            "audience": Audience(_count(members), []),
            "pick": PickForm(),
        },
        filterset=found,
    )


@form_page
@requires(PUBLISH)
def create_segment(request: HtmxHttpRequest) -> HttpResponse:
    """With a filter."""
    return _filter_page(request, None)


@form_page
@requires(PUBLISH)
def edit_segment(request: HtmxHttpRequest, segment_id: int) -> HttpResponse:
    segment = _segment(segment_id)
    if segment.filter is not None:
        return _filter_page(request, segment)
    form = SegmentForm(request.POST or None, initial={"name": segment.name})
    if request.method == "POST" and form.is_valid() and _saved(form, segment, by=Actor.user(request.user)):
        return leave(request, _page(segment))
    return render(request, "segments/rename.html", {"form": form, "segment": segment, "title": "Rename segment"})


def _filter_page(request: HtmxHttpRequest, segment: Segment | None) -> HttpResponse:
    """Name and conditions. The buttons that add or remove a row also submit the form, but save nothing."""
    sent = request.POST if request.method == "POST" else None
    form = SegmentForm(sent, initial={"name": segment.name if segment else ""})
    conditions = Conditions(sent, stored=segment.filter if segment else None)
    if sent is None and not conditions.rows:
        conditions.add()
    audience = None
    if sent is not None:
        if "add" in sent:
            conditions.add()
        elif "remove" in sent:
            conditions.remove(sent["remove"])
        elif "count" in sent:
            audience = _audience(conditions)
        elif (
            "redraw" not in sent
            and all([form.is_valid(), conditions.is_valid()])
            and (saved := _saved_filter(form, conditions, segment, by=Actor.user(request.user)))
        ):
            messages.success(request, f"“{saved}” has been saved.")
            return redirect(_page(saved))
        if not {"add", "remove", "redraw", "count"}.isdisjoint(sent):
            form = SegmentForm(initial={"name": sent.get("name", "")})  # nothing is complained of yet
    is_part = request.htmx.target == "conditions"
    response = render(
        request,
        "segments/_conditions.html" if is_part else "segments/filter.html",
        {
            "form": form,
            "conditions": conditions,
            "audience": audience,
            "counted_at": reverse("segments:count-segment"),
            "segment": segment,
            "title": "Edit segment" if segment else "New segment",
        },
    )
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _saved_filter(form: SegmentForm, conditions: Conditions, segment: Segment | None, *, by: Actor) -> Segment | None:
    """None if it was refused; then the form or the conditions say why."""
    try:
        if segment is None:
            return create_filter_segment(form.cleaned_data["name"], conditions.filter, by=by)
        change_segment(segment, name=form.cleaned_data["name"], conditions=conditions.filter, by=by)
    except SegmentNameTaken as taken:
        form.add_error("name", str(taken))
    except (InvalidSegment, SegmentInUse) as refused:
        conditions.error = str(refused)
    else:
        return segment
    return None


@require_safe
@requires(PUBLISH)
def count_segment(request: HtmxHttpRequest) -> HttpResponse:
    """How many customers the form's conditions match now, and five of them."""
    return render(request, "segments/_audience.html", {"audience": _audience(Conditions(request.GET))})


@form_page
@requires(PUBLISH)
def create_static(request: HtmxHttpRequest) -> HttpResponse:
    """Of a list."""
    form = NewListForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        by = Actor.user(request.user)
        try:
            with transaction.atomic():
                segment = create_static_segment(form.cleaned_data["name"], [], by=by)
                filled = _filled(form, segment, by=by)
        except SegmentNameTaken as taken:
            form.add_error("name", str(taken))
        except (InvalidSegment, UnknownLines) as refused:
            form.add_error("customers", _told(refused))
        else:
            messages.success(request, f"“{segment}” has been created: {_counted(filled.added)}{_and_unknown(filled)}.")
            return redirect(_page(segment))
    return render(request, "segments/static.html", {"form": form, "title": "New segment from a list"})


@form_page
@requires(PUBLISH)
def fill(request: HtmxHttpRequest, segment_id: int) -> HttpResponse:
    segment = get_object_or_404(Segment, pk=segment_id, type=Segment.Type.STATIC)
    form = ListForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            filled = _filled(form, segment, by=Actor.user(request.user))
        except (InvalidSegment, UnknownLines) as refused:
            form.add_error("customers", _told(refused))
        else:
            messages.success(request, f"Added: {_counted(filled.added)}{_and_unknown(filled)}.")
            return leave(request, _page(segment))
    return render(request, "segments/fill.html", {"form": form, "segment": segment, "title": "Add from a list"})


@require_POST
@requires(PUBLISH)
def add_customer(request: HtmxHttpRequest, segment_id: int) -> HttpResponse:
    segment = get_object_or_404(Segment, pk=segment_id, type=Segment.Type.STATIC)
    form = PickForm(request.POST)
    if form.is_valid():
        try:
            filled = fill_segment(segment, [form.cleaned_data["customer"]], by=Actor.user(request.user))
        except UnknownLines:
            messages.error(request, "No customer matches. Choose one from the list that opens as you type.")
        else:
            messages.success(request, "Added." if filled.added else "This customer is already in the segment.")
    return redirect(_page(segment))


@require_POST
@requires(PUBLISH)
def remove_customer(request: HtmxHttpRequest, segment_id: int, customer_id: int) -> HttpResponse:
    segment = get_object_or_404(Segment, pk=segment_id, type=Segment.Type.STATIC)
    customer = get_object_or_404(Customer, pk=customer_id)
    if take_out(segment, customer, by=Actor.user(request.user)):
        messages.success(request, f"{customer} is no longer in this segment.")
    return redirect(_page(segment))


@form_page
@requires(PUBLISH)
def remove_segment(request: HtmxHttpRequest, segment_id: int) -> HttpResponse:
    segment = _segment(segment_id)
    if request.method == "POST":
        try:
            delete_segment(segment, by=Actor.user(request.user))
        except SegmentInUse as used:
            messages.error(request, str(used))
            return leave(request, _page(segment))
        messages.success(request, f"“{segment}” has been deleted.")
        return leave(request, reverse("segments:segments"))
    return confirm(
        request,
        "Delete segment",
        f"“{segment}” will be deleted. Its customers stay.",
        submit="Delete",
        back=_page(segment),
    )


@require_safe
@requires(READ)
def find(request: HtmxHttpRequest) -> HttpResponse:
    """What a type-ahead for known customers is answered with."""
    text = " ".join(request.GET.get("q", "").split())
    found = search(Customer.objects.live().defer(*HEAVY), text)[:SUGGESTIONS] if text else []
    return render(request, "partials/_options.html", {"options": [option_of(customer) for customer in found]})


def _audience(conditions: Conditions) -> Audience | None:
    """None if the conditions are still empty."""
    if not conditions.is_valid():
        return None
    fitting = Customer.objects.live().filter(read_segment_filter(conditions.filter))
    return Audience(_count(fitting), list(fitting.defer(*HEAVY)[:SAMPLE]))


def _count(customers: QuerySet) -> int:
    return customers.order_by()[: COUNT_UP_TO + 1].count()


def _saved(form: SegmentForm, segment: Segment, *, by: Actor) -> bool:
    try:
        change_segment(segment, name=form.cleaned_data["name"], by=by)
    except SegmentNameTaken as taken:
        form.add_error("name", str(taken))
    return form.is_valid()


def _filled(form: ListForm, segment: Segment, *, by: Actor) -> Filled:
    return fill_segment(segment, form.lines(), leave_out_unknown=form.cleaned_data["leave_out_unknown"], by=by)


def _told(refused: Exception) -> str:
    if not isinstance(refused, UnknownLines):
        return str(refused)
    named = ", ".join(f"line {number} “{given[:60]}”" for number, given in refused.lines[:5])
    return f"{refused} The first: {named}. Fix them, or skip them."


def _counted(customers: int) -> str:
    return f"{customers:,} customer{'' if customers == 1 else 's'}"


def _and_unknown(filled: Filled) -> str:
    return f", {filled.unknown:,} skipped" if filled.unknown else ""


def _segment(segment_id: int) -> Segment:
    return get_object_or_404(Segment, pk=segment_id)


def _page(segment: Segment) -> str:
    return reverse("segments:segment", kwargs={"segment_id": segment.pk})
