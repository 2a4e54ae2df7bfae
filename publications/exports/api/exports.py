"""The API of exports: CSV files of vouchers, publications, customers, redemptions or transactions, ordered, watched, taken away,
deleted.

Those that the API ordered, that is. What staff order in the dashboard (reports, hand-outs) stays there.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest
from ninja import Query, Router
from pydantic import Field

from campaigns.api.voucher_requests import GiftVoucherRef
from campaigns.codes.queries.find import find_campaign, find_voucher
from config.actor import Actor
from config.api.auth import MAY_ALL, MAY_READ, Key, KeyWith, caller
from config.api.bodies import Sent, array_of
from config.api.conditions import InvalidCondition
from config.api.door import ApiError, invalid_payload, not_found, refusals
from config.api.examples import Example
from config.api.lists import Listing, ListQuery
from config.api.openapi import operation, path_parameter
from config.api.schemas import MAYBE, Answer, CampaignId, Moment, id_of
from config.public_ids import EXPORT, key_of
from publications.exports import models
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
from publications.exports.sign_download import sign_download, who_was_given

router = Router(tags=["Exports"])
of_vouchers = Router(tags=["Exports"])  # below vouchers/, before what takes any path as a code

MOST_FIELDS = 200
BLOCK = 256 * 1024
Status = models.Export.Status
STATUSES = {
    Status.QUEUED: "SCHEDULED",
    Status.RUNNING: "IN_PROGRESS",
    Status.DONE: "DONE",
    Status.FAILED: "ERROR",
    Status.STOPPED: "ERROR",
}
ORDERS: dict[str, tuple[Any, ...]] = {
    "-created_at": ("-created_at", "-pk"),
    "created_at": ("created_at", "pk"),
    "status": ("status", "pk"),
    "-status": ("-status", "-pk"),
}


class KeyOrToken(KeyWith):
    """A key, as everywhere, or instead the token from a download address. The view checks the token."""

    def __call__(self, request: HttpRequest) -> Key | str:  # type: ignore[override]  # ninja takes anything true
        return request.GET.get("token") or super().__call__(request)


MAY_READ_OR_TAKE = KeyOrToken(*MAY_READ.scopes)


class ExportSelection(Answer):
    """The values as sent, and the defaults for what was not."""

    fields: list[str] = Field(examples=[["code", "campaign", "customer_source_id"]])
    filters: dict[str, Any] = Field(examples=[{}])
    order: str = Field(examples=["-created_at"])
    campaign_id: CampaignId = MAYBE


class ExportResult(Answer):
    url: str = Field(examples=["https://handout.example.com/v1/exports/export_Hw4PzKb7Qd1RsT9f?token=eyJ…"])
    """Download address, valid for a day without a key."""


class Export(Answer):
    """A CSV file."""

    id: id_of("export", "export_Hw4PzKb7Qd1RsT9f")
    object: Literal["export"]
    created_at: Moment
    status: Literal["DONE", "SCHEDULED", "IN_PROGRESS", "ERROR"]
    channel: Literal["API"]
    exported_object: Literal["voucher", "publication", "customer", "redemption", "voucher_transactions"]
    parameters: ExportSelection
    result: ExportResult | None
    """null until it is done, and after its file is deleted."""
    user_id: None


class ExportParameters(Sent):
    fields: array_of(str, most=MOST_FIELDS) | None = None
    filters: dict[str, Any] | None = None
    order: str | None = None
    campaign_id: str | None = None


class ExportSent(Sent):
    """The body of POST /v1/exports."""

    exported_object: str
    parameters: ExportParameters | None = None


class TransactionParameters(Sent):
    fields: array_of(str, most=MOST_FIELDS) | None = None
    order: str | None = None


class TransactionExportSent(Sent):
    """The body of POST /v1/vouchers/{code}/transactions/export."""

    parameters: TransactionParameters | None = None


LISTING = Listing(Export, "exports", EXPORT, ORDERS)
ExportRef = path_parameter("An export's id.", "export_Hw4PzKb7Qd1RsT9f")
CODES = {
    "exported_object": "voucher",
    "parameters": {
        "fields": ["code", "campaign", "customer_source_id"],
        "filters": {"campaign": {"conditions": {"$is": ["Autumn coffee"]}}},
    },
}


@operation(
    router, "POST", "", MAY_ALL, "Create an export", answer=Export, refuses="invalid_export_fields not_found",
    examples=[Example("The codes of a campaign", CODES), Example("All customers", {"exported_object": "customer"})],
)  # fmt: skip
def create_export(request: HttpRequest, sent: ExportSent) -> dict[str, Any]:
    """Orders the file, which is made in the background."""
    return _ordered(request, sent.exported_object, sent.parameters or ExportParameters())


@operation(
    of_vouchers, "POST", "/{code}/transactions/export", MAY_ALL, "Export the transactions of a gift voucher", answer=Export,
    refuses="invalid_export_fields not_found",
    examples=[Example("The newest first", {"parameters": {"fields": ["id", "type", "amount", "balance"], "order": "-created_at"}})],
)  # fmt: skip
def export_voucher_transactions(
    request: HttpRequest, code: GiftVoucherRef, sent: TransactionExportSent | None = None
) -> dict[str, Any]:
    """Orders the file, which is made in the background and downloaded like other exports."""
    chosen = (sent and sent.parameters) or TransactionParameters()
    only = {"voucher_id": {"conditions": {"$in": [find_voucher(code).public_id]}}}
    return _ordered(
        request, "voucher_transactions", ExportParameters(fields=chosen.fields, order=chosen.order, filters=only)
    )


def _ordered(request: HttpRequest, exported_object: str, chosen: ExportParameters) -> dict[str, Any]:
    try:
        export = order_selection(
            exported_object,
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


@operation(router, "GET", "", MAY_READ, "List exports", lists=LISTING)
def list_exports(request: HttpRequest, query: Annotated[ListQuery, Query()]) -> dict[str, Any]:
    rows = _seen_by(request.auth).filter(LISTING.asked(request))
    return LISTING.answer(rows, query, request, lambda found: [export_answer(request, export) for export in found])


@operation(
    router, "GET", "/{export_id}", MAY_READ_OR_TAKE, "Get an export, or its file", answer=Export,
    files=["text/plain", "text/csv"], words={"token": "The token in `result.url`; no key is needed then."},
)  # fmt: skip
def get_export(request: HttpRequest, export_id: ExportRef, token: str | None = None) -> dict[str, Any] | FileResponse:
    """The export's progress; or its file, with the token of `result.url` or for `Accept: text/plain` alone."""
    # That a file was taken is written down, although this is a GET: Voucherify's clients take files so.
    if token:
        export = models.Export.objects.filter(pk=key_of(EXPORT, export_id) or 0, parameters__isnull=False).first()
        if not export or not (taker := who_was_given(token, export)):
            raise ApiError(
                401, "unauthorized", "Unauthorized", "The token does not match this export, or is more than a day old. Get the export again for a new one."
            )  # fmt: skip
        request.key_id = taker.id  # it stands in the log of that key
        return _file(request, export, taker)
    export = _find(request.auth, export_id)
    if _accepts(request, "text/plain", "text/csv") and not _accepts(request, "json"):
        return _file(request, export, caller(request))
    return export_answer(request, export)


@operation(router, "DELETE", "/{export_id}", MAY_ALL, "Delete an export", answer={204: None})
def remove_export(request: HttpRequest, export_id: ExportRef) -> None:
    """Deletes the export and its file."""
    if not delete_export(_find(request.auth, export_id), by=caller(request)):
        raise not_found("export", export_id)


def export_answer(request: HttpRequest, export: models.Export) -> dict[str, Any]:
    result = None
    if export.status == Status.DONE and not export.file_deleted_at:
        token = sign_download(export, key=request.auth)
        result = {"url": request.build_absolute_uri(f"/v1/exports/{export.public_id}?token={token}")}
    return Export.of(
        export,
        status=STATUSES[Status(export.status)],
        exported_object=OF_KIND[models.Export.Kind(export.kind)],
        result=result,
        user_id=None,
    )


def _seen_by(key: Key) -> QuerySet[models.Export]:
    """One that holds unpublished codes in clear, or was ordered of codes by their text, is not for keys to which those
    are masked."""
    exports = models.Export.objects.filter(parameters__isnull=False)
    if key.may_all:
        return exports
    return exports.filter(reveals_codes=False).exclude(parameters__filters__has_any_keys=NAMING_CODES)


def _find(key: Key, export_id: str) -> models.Export:
    export = _seen_by(key).filter(pk=key_of(EXPORT, export_id) or 0).first()
    if not export:
        raise not_found("export", export_id)
    return export


def _accepts(request: HttpRequest, *kinds: str) -> bool:
    return any(kind in request.headers.get("Accept", "") for kind in kinds)


def _file(request: HttpRequest, export: models.Export, taker: Actor) -> FileResponse:
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


refusals(
    {
        NoFile: lambda problem: ApiError(404, "not_found", "Resource not found", str(problem)),
        UnknownFields: lambda problem: ApiError(400, "invalid_export_fields", "Invalid Export", str(problem)),
        UnknownExport: lambda problem: invalid_payload(f"exported_object: {problem}"),
        NotOfCampaigns: lambda problem: invalid_payload(f"parameters.campaign_id: {problem}"),
        UnknownOrder: lambda problem: invalid_payload(f"parameters.order: {problem}"),
    }
)
