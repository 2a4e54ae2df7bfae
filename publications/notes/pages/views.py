"""Adding and deleting a note. The notes themselves stand on the page of the thing (templates/notes/_notes.html)."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from campaigns.codes.models import Voucher
from config.actor import Actor
from config.public_ids import CUSTOMER, PUBLICATION, VOUCHER, key_of
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.pages.dialogs import leave
from config.staff.roles import MANAGE, PUBLISH, may, requires
from customers.models import Customer
from publications.models import Publication
from publications.notes.actions.add_note import CannotAddNote
from publications.notes.actions.add_note import add_note as add
from publications.notes.actions.delete_note import delete_note as delete
from publications.notes.models import Note
from publications.notes.pages.forms import NoteForm

KINDS = {VOUCHER: "code", CUSTOMER: "customer", PUBLICATION: "publication"}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(PUBLISH)
def add_note(request: HtmxHttpRequest, thing: str) -> HttpResponse:
    about, kind = _find(thing)
    back = about.get_absolute_url()
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            add(about, form.cleaned_data["text"], by=Actor.user(request.user))
        except CannotAddNote as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "The note has been added.")
            return leave(request, back)
    return render(
        request, "notes/add.html", {"title": f"Add a note to this {kind}", "kind": kind, "form": form, "back": back}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(PUBLISH)
def delete_note(request: HtmxHttpRequest, note_id: int) -> HttpResponse:
    """One's own; a Manager deletes anybody's."""
    note = get_object_or_404(Note.objects.select_related("voucher", "customer", "publication"), pk=note_id)
    is_theirs = note.actor_kind == "user" and note.actor_id == request.user.pk
    if not (is_theirs or may(request.user, MANAGE)):
        raise PermissionDenied("Only who wrote a note, or a Manager, can delete it.")
    back = note.about.get_absolute_url()
    if request.method == "POST":
        if delete(note, by=Actor.user(request.user)):
            messages.success(request, "The note has been deleted.")
        else:
            messages.info(request, "Someone else has just deleted this note.")
        return leave(request, back)
    return render(request, "notes/delete.html", {"title": "Delete this note?", "note": note, "back": back})


def _find(thing: str) -> tuple[Voucher | Customer | Publication, str]:
    prefix = thing.partition("_")[0]
    key = key_of(prefix, thing) if prefix in KINDS else None
    if key is None:
        raise Http404(thing)
    return get_object_or_404(apps.get_model(settings.THINGS[prefix]), pk=key), KINDS[prefix]
