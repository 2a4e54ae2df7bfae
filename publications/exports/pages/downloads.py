"""Taking a file away: a POST writes it down and leads to an address from which the browser gets it, also in pieces.

The address is signed for this person, this file and a day, and asks for the same sign-in and the same abilities again. So a
download that broke off goes on where it was, and it is one download in the audit log.
"""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import content_disposition_header, urlencode
from django.views.decorators.http import require_POST, require_safe

from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.pages.ranges import file_in_ranges
from config.staff.roles import EXPORT, may, requires
from publications.exports.actions.download_export import NoFile, download_export, for_spreadsheets, open_file
from publications.exports.models import Export, Format
from publications.exports.pages.tables import needed_to_take
from publications.exports.sign_download import read_for_person, sign_for_person

TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@require_POST
@requires(EXPORT)
def download(request: HtmxHttpRequest, export_id: int) -> HttpResponse:
    """What the API ordered was written for programs; whoever takes it away here will open it in a spreadsheet, unless
    they ask for it as it is."""
    export = export_to_take(request, export_id)
    try:
        download_export(export, by=Actor.user(request.user)).close()
    except NoFile as none:
        messages.error(request, str(none))
        return redirect("exports:export", export_id=export.pk)
    token = sign_for_person(export, request.user, as_stored="as_stored" in request.POST)
    return redirect(reverse("exports:file", kwargs={"export_id": export.pk}) + "?" + urlencode({"token": token}))


@require_safe
@requires(EXPORT)
def file(request: HtmxHttpRequest, export_id: int) -> HttpResponseBase:
    export = export_to_take(request, export_id)
    signed = read_for_person(request.GET.get("token", ""), export, request.user)
    if signed is None:
        raise PermissionDenied(
            "This download address is more than a day old, or was created for someone else. Download the file from its page."
        )
    try:
        content = open_file(export)
    except NoFile as none:
        messages.error(request, str(none))
        return redirect("exports:export", export_id=export.pk)
    response: HttpResponseBase
    if export.parameters is not None and not signed.as_stored:
        # Made harmless on the way, so nobody knows where a piece of it would begin.
        response = StreamingHttpResponse(for_spreadsheets(content))
        response["Accept-Ranges"] = "none"
    else:
        response = file_in_ranges(request, content, size=export.size or 0, etag=export.sha256)
    response["Content-Type"] = TYPES[Format(export.format)]
    response["Content-Disposition"] = content_disposition_header(True, export.file_name) or "attachment"
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def export_to_take(request: HtmxHttpRequest, export_id: int) -> Export:
    """Raises PermissionDenied where this person may not carry the file away."""
    export = get_object_or_404(Export, pk=export_id)
    needed = needed_to_take(export)
    if not may(request.user, *needed):
        raise PermissionDenied(f"You need permission to {' and '.join(needed)} to download this file. Ask a Manager.")
    return export
