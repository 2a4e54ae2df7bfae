"""The API of exports: CSV files of vouchers, publications or customers, ordered, watched, taken away, deleted.

Those that the API ordered, that is. What staff order in the dashboard (reports, hand-outs) stays there.
"""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict

from campaigns.codes.queries.find import find_campaign
from config.actor import Actor
from config.api.auth import MAY_ALL, MAY_READ, Key, KeyWith, caller
from config.api.bodies import array_of
from config.api.conditions import InvalidCondition
from config.api.door import ApiError, as_api_error, invalid_payload, iso, not_found
from config.api.filters import what_is_asked
from config.api.lists import ListQuery, answer_list
from config.public_ids import EXPORT, key_of
from publications.exports.actions.delete_export import delete_export
from publications.exports.actions.download_export import NoFile, download_export
from publications.exports.actions.order_selection import (
    NotOfCampaigns,
    UnknownExport,
    UnknownFields,
    UnknownOrder,
    order_selection,
)
from publications.exports.fields import NAMING_CODES, OF_KIND
from publications.exports.models import Export
from publications.exports.sign_download import sign_download, who_was_given

router = Router(tags=["Exports"])

MOST_FIELDS = 200
BLOCK = 256 * 1024
Status = Export.Status
STATUSES = {
    Status.QUEUED: "SCHEDULED",
    Status.RUNNING: "IN_PROGRESS",
    Status.DONE: "DONE",
    Status.FAILED: "ERROR",
}
ORDERS: dict[str, tuple[Any, ...]] = {
    "-created_at": ("-created_at", "-pk"),
    "created_at": ("created_at", "pk"),
    "status": ("status", "pk"),
    "-status": ("-status", "-pk"),
}


class KeyOrToken(KeyWith):
    """A key, as everywhere; or no key but the token of an address that one was given. The token is the view's to check."""

    def __call__(self, request: HttpRequest) -> Key | str:
        return request.GET.get("token") or super().__call__(request)


MAY_READ_OR_TAKE = KeyOrToken(*MAY_READ.scopes)


class ExportParameters(BaseModel):
    model_config = ConfigDict(strict=True)

    fields: array_of(str, most=MOST_FIELDS) | None = None
    filters: dict[str, Any] | None = None
    order: str | None = None
    campaign_id: str | None = None


class ExportSent(BaseModel):
    """The body of POST /v1/exports."""

    model_config = ConfigDict(strict=True)

    exported_object: str
    parameters: ExportParameters | None = None


@router.post("", auth=MAY_ALL)
def create_export(request: HttpRequest, sent: ExportSent):
    """Orders the file; it is made in the background."""
    chosen = sent.parameters or ExportParameters()
    try:
        export = order_selection(
            sent.exported_object,
            fields=chosen.fields or (),
            filters=chosen.filters,
            order=chosen.order or "",
            campaign=find_campaign(chosen.campaign_id) if chosen.campaign_id else None,
            by=caller(request),
        )
    except InvalidCondition as wrong:
        where = ".".join(filter(None, ["parameters.filters", wrong.field, wrong.op and f"conditions.{wrong.op}"]))
        raise invalid_payload(f"{where}: {wrong.message}") from None
    return export_answer(request, export)


@router.get("", auth=MAY_READ)
def list_exports(request: HttpRequest, query: Annotated[ListQuery, Query()]):
    def answer(found: list[Export]) -> list[dict[str, Any]]:
        return [export_answer(request, export) for export in found]

    what_is_asked(request.GET, ListQuery)
    return answer_list(_seen_by(request.auth), query, name="exports", prefix=EXPORT, orders=ORDERS, answer=answer)


@router.get("/{export_id}", auth=MAY_READ_OR_TAKE)
def get_export(request: HttpRequest, export_id: str, token: str | None = None):
    """How far it is; or its file, with the token of `result.url`, or for `Accept: text/plain` alone."""
    # That a file was taken is written down, although this is a GET: Voucherify's clients take files so.
    if token:
        export = Export.objects.filter(pk=key_of(EXPORT, export_id), parameters__isnull=False).first()
        if not export or not (taker := who_was_given(token, export)):
            raise ApiError(
                401, "unauthorized", "Unauthorized", "The token is not this export's, or older than a day. Get the export for another."
            )  # fmt: skip
        request.key_id = taker.id  # it stands in the log of that key
        return _file(request, export, taker)
    export = _find(request.auth, export_id)
    if _accepts(request, "text/plain", "text/csv") and not _accepts(request, "json"):
        return _file(request, export, caller(request))
    return export_answer(request, export)


@router.delete("/{export_id}", auth=MAY_ALL, response={204: None})
def remove_export(request: HttpRequest, export_id: str):
    """Deletes the file as well."""
    if not delete_export(_find(request.auth, export_id), by=caller(request)):
        raise not_found("export", export_id)


def export_answer(request: HttpRequest, export: Export) -> dict[str, Any]:
    result = None
    if export.status == Status.DONE and not export.file_deleted_at:
        token = sign_download(export, key=request.auth)
        result = {"url": request.build_absolute_uri(f"/v1/exports/{export.public_id}?token={token}")}
    return {
        "id": export.public_id,
        "object": "export",
        "created_at": iso(export.created_at),
        "status": STATUSES[Status(export.status)],
        "channel": "API",
        "exported_object": OF_KIND[Export.Kind(export.kind)],
        "parameters": export.parameters,
        "result": result,
        "user_id": None,
    }


def _seen_by(key: Key) -> QuerySet[Export]:
    """One that holds unpublished codes in clear, or was ordered of codes by their text, is not for keys to which those
    are masked."""
    exports = Export.objects.filter(parameters__isnull=False)
    if key.may_all:
        return exports
    return exports.filter(reveals_codes=False).exclude(parameters__filters__has_any_keys=NAMING_CODES)


def _find(key: Key, export_id: str) -> Export:
    export = _seen_by(key).filter(pk=key_of(EXPORT, export_id)).first()
    if not export:
        raise not_found("export", export_id)
    return export


def _accepts(request: HttpRequest, *kinds: str) -> bool:
    return any(kind in request.headers.get("Accept", "") for kind in kinds)


def _file(request: HttpRequest, export: Export, taker: Actor) -> FileResponse:
    """To a program that asks for text/plain as such; to a browser, as a CSV file to keep."""
    file = download_export(export, by=taker)
    plain = _accepts(request, "text/plain") and not _accepts(request, "text/html")
    response = FileResponse(
        file,
        as_attachment=True,
        filename=export.file_name,
        content_type=f"text/{'plain' if plain else 'csv'}; charset=utf-8",
    )
    response.block_size = BLOCK
    return response


@as_api_error.register
def _(problem: NoFile) -> ApiError:
    return ApiError(404, "not_found", "Resource not found", str(problem))


@as_api_error.register
def _(problem: UnknownFields) -> ApiError:
    return ApiError(400, "invalid_export_fields", "Invalid Export", str(problem))


@as_api_error.register
def _(problem: UnknownExport) -> ApiError:
    return invalid_payload(f"exported_object: {problem}")


@as_api_error.register
def _(problem: NotOfCampaigns) -> ApiError:
    return invalid_payload(f"parameters.campaign_id: {problem}")


@as_api_error.register
def _(problem: UnknownOrder) -> ApiError:
    return invalid_payload(f"parameters.order: {problem}")
