"""Recalls: codes chosen, a dry run looked at, the act started, watched, stopped and continued. For Managers."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.codes.models import CodeImport
from config.actor import Actor
from config.imports.csv.files import csv_file
from config.imports.xlsx.files import xlsx_file
from config.public_ids import CUSTOMER, DISTRIBUTION, PUBLICATION, action_of, key_of
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import list_page
from config.staff.models import AuditEntry, ProjectSettings
from config.staff.roles import MANAGE, requires
from publications.exports.models import Format
from publications.exports.pages.downloads import TYPES
from publications.recalls.actions.draft_recall import NothingChosen, TooManyChosen, draft_recall
from publications.recalls.actions.start_recall import (
    CannotStart,
    NoDraft,
    continue_recall,
    discard_recall,
    start_recall,
    stop_recall,
)
from publications.recalls.actions.tell_holders import CannotTell, tell_holders
from publications.recalls.columns import COLUMNS
from publications.recalls.models import Act, Recall, RecalledCode
from publications.recalls.pages.chosen import read_choice, way_back
from publications.recalls.pages.forms import VALUE, PasteForm, RecallForm, counted_for
from publications.recalls.pages.tables import OutcomeFilter, RecalledCodeTable, RecallTable
from publications.recalls.queries import choose
from publications.recalls.queries.choose_rows import Of, codes_of
from publications.recalls.queries.dry_run import dry_run

Source, Status = Recall.Source, Recall.Status
PART, NUMBERS = "recall", "dry-run"  # parts of a recall's page that are asked for by themselves
LATEST = 20
EXCEL = 100_000  # codes that a workbook is made of while a person waits
WHOLE = (Source.HAND_OUT, Source.DISTRIBUTION, Source.IMPORT, Source.CUSTOMER)  # of which all codes are chosen
PREFIXES = {Source.HAND_OUT: PUBLICATION, Source.DISTRIBUTION: DISTRIBUTION, Source.CUSTOMER: CUSTOMER}
HELD_BY: dict[str, Recall.Source] = {Of.CUSTOMERS: Source.CUSTOMERS, Of.PUBLICATIONS: Source.PUBLICATIONS}


@require_safe
@requires(MANAGE)
def recalls(request: HtmxHttpRequest) -> HttpResponse:
    table = RecallTable(Recall.objects.select_related("new_from"))
    return list_page(request, "recalls/list.html", table, {"title": "Recalls"})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def create(request: HtmxHttpRequest) -> HttpResponse:
    """A draft for the codes that a list, a button or a pasted text names."""
    if request.method == "POST" and "codes" not in request.POST:
        return _create_from_a_page(request)
    form = PasteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            vouchers = choose.pasted(form.cleaned_data["codes"])
        except choose.UnknownCodes as unknown:
            named = ", ".join(unknown.codes[:10]) + (", …" if len(unknown.codes) > 10 else "")
            form.add_error("codes", f"Correct or remove these first; they are not codes of this project: {named}")
        except choose.TooManyPasted as many:
            form.add_error("codes", str(many))
        else:
            draft = draft_recall(vouchers, source=Source.LISTED, by=Actor.user(request.user))
            return redirect("recalls:recall", recall_id=draft.pk)
    return render(request, "recalls/create.html", {"title": "Recall codes", "form": form})


def _create_from_a_page(request: HtmxHttpRequest) -> HttpResponse:
    act = request.POST.get("act", "")
    try:
        source, key, vouchers = _chosen(request)
        draft = draft_recall(
            vouchers, source=source, source_key=key, act=act if act in Act.values else "", by=Actor.user(request.user)
        )
    except NothingChosen:
        of = request.POST.get("of")
        if of in HELD_BY and ("all" in request.POST or "chosen" in request.POST):
            messages.error(request, f"No code is held by the {of} that were chosen.")
        else:
            messages.error(request, f"No {of if of in HELD_BY else 'codes'} were chosen. Tick them first.")
        return redirect(way_back(request))
    except (TooManyChosen, choose.FilterUnclear) as refused:
        messages.error(request, str(refused))
        return redirect(way_back(request))
    return redirect("recalls:recall", recall_id=draft.pk)


def _chosen(request: HtmxHttpRequest) -> tuple[Recall.Source, int | None, Iterable[int]]:
    """How the codes were chosen, by what, and their keys. Raises FilterUnclear."""
    sent = request.POST
    if sent.get("source") in WHOLE:
        source = Source(sent["source"])
        key = _key_of(source, sent.get("key", ""))
        return source, key, choose.all_of(source, key)
    chosen = read_choice(sent, request.user)
    in_a_list = Source.FILTER if chosen.everything else Source.CHOSEN
    return HELD_BY.get(chosen.of, in_a_list), None, codes_of(chosen)


def _key_of(source: Recall.Source, text: str) -> int:
    """Of a public id; 0 where it is none of these."""
    if source == Source.IMPORT:
        kind, key = action_of(text) or (0, 0)
        return key if kind == CodeImport.action_kind else 0
    return key_of(PREFIXES[source], text) or 0


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def recall(request: HtmxHttpRequest, recall_id: int) -> HttpResponse:
    found = get_object_or_404(Recall.objects.select_related("new_from"), pk=recall_id)
    if found.status == Status.DRAFT:
        return _draft(request, found)
    if request.method == "POST":
        messages.info(request, "This recall has been started already.")
        return redirect(found)
    context = {
        "title": str(found),
        "recall": found,
        "as_workbook": found.done <= EXCEL,
        "told": found.messages.order_by("pk") if found.told_at else [],
        "entries": AuditEntry.objects.filter(object_id=found.public_id).order_by("-pk")[:LATEST],
    }
    if request.htmx.target == PART:
        response = render(request, "recalls/_run.html", context)
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        return response
    outcomes = OutcomeFilter(request.GET, RecalledCode.objects.filter(recall=found).order_by("recall", "pk"))
    table = RecalledCodeTable(outcomes.qs, user=request.user, replaces=found.act == Act.REPLACE)
    return list_page(request, "recalls/recall.html", table, context, filterset=outcomes)


def _draft(request: HtmxHttpRequest, draft: Recall) -> HttpResponse:
    sent = request.POST if request.method == "POST" else (request.GET if "act" in request.GET else None)
    form = RecallForm(sent, recall=draft)
    enough = form.fill_in(draft)
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["counted"] != counted_for(draft):
            form.add_error(None, "These numbers are for what you have chosen now. Check them, then start.")
        elif _start(request, draft, form):
            return redirect("recalls:recall", recall_id=draft.pk)
    context = {
        "title": str(draft),
        "recall": draft,
        "form": form if request.method == "POST" or sent is None else _without_complaints(form, draft),
        "counted": dry_run(draft) if enough else None,
        "counted_for": counted_for(draft),
    }
    template = "recalls/_dry_run.html" if request.htmx.target == NUMBERS else "recalls/draft.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _without_complaints(form: RecallForm, draft: Recall) -> RecallForm:
    """As filled in so far: only who starts it is told what is missing."""
    fresh = RecallForm(recall=draft)
    fresh.initial = {name: form.data.get(name, "") for name in form.fields if name != "counted"}
    return fresh


def _start(request: HtmxHttpRequest, draft: Recall, form: RecallForm) -> bool:
    chosen = {name: form.cleaned_data[name] for name in ("act", "reason", "expiration_date", "new_from", *VALUE)}
    try:
        start_recall(draft, by=Actor.user(request.user), **chosen)
    except CannotStart as refused:
        form.add_error(None, str(refused))
        return False
    except NoDraft:
        messages.info(request, "This recall has been started already.")
    return True


@require_POST
@requires(MANAGE)
def tell(request: HtmxHttpRequest, recall_id: int) -> HttpResponse:
    """Drafts the message to the holders; it is sent from the page of the draft."""
    found = get_object_or_404(Recall, pk=recall_id)
    try:
        drafts = tell_holders(found, by=Actor.user(request.user))
    except CannotTell as refused:
        messages.error(request, str(refused))
        return redirect(found)
    if len(drafts) == 1:
        messages.success(request, "Drafted. Nothing has been sent yet: check the message, then start it.")
        return redirect(drafts[0])
    messages.success(request, f"{len(drafts)} messages drafted, one for each campaign. Nothing has been sent yet.")
    return redirect(found)


@require_safe
@requires(MANAGE)
def file(request: HtmxHttpRequest, recall_id: int) -> FileResponse:
    """What became of each code, as a file: a workbook where `format=xlsx` is asked for."""
    found = get_object_or_404(Recall, pk=recall_id)
    codes = OutcomeFilter(request.GET, RecalledCode.objects.filter(recall=found).order_by("recall", "pk")).qs
    kind = Format.XLSX if request.GET.get("format") == Format.XLSX and found.done <= EXCEL else Format.CSV
    zone = ProjectSettings.current().time_zone
    file = xlsx_file(COLUMNS, [codes], zone=zone, name="Recall") if kind == Format.XLSX else csv_file(COLUMNS, [codes])
    with file as written:
        content = open(str(written.content.name), "rb")  # noqa: SIM115 - the answer closes it; its name is gone by then
    return FileResponse(content, as_attachment=True, filename=f"recall-{found.pk}.{kind}", content_type=TYPES[kind])


@require_POST
@requires(MANAGE)
def stop(request: HtmxHttpRequest, recall_id: int) -> HttpResponse:
    found = get_object_or_404(Recall, pk=recall_id)
    if not stop_recall(found, by=Actor.user(request.user)):
        messages.info(request, "This recall had already ended.")
    return redirect(found)


@require_POST
@requires(MANAGE)
def resume(request: HtmxHttpRequest, recall_id: int) -> HttpResponse:
    found = get_object_or_404(Recall, pk=recall_id)
    if not continue_recall(found, by=Actor.user(request.user)):
        messages.info(request, "This recall is neither stopped nor failed, so there is nothing to continue.")
    return redirect(found)


@require_POST
@requires(MANAGE)
def discard(request: HtmxHttpRequest, recall_id: int) -> HttpResponse:
    try:
        discard_recall(get_object_or_404(Recall, pk=recall_id))
    except NoDraft:
        messages.error(request, "This recall has been started, so it cannot be discarded.")
        return redirect("recalls:recall", recall_id=recall_id)
    messages.success(request, "Discarded. No code was changed.")
    return redirect("recalls:list")
