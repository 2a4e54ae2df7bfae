"""The API of async actions: how far the work is that a call was answered 202 to (docs/adr/0013).

Nothing is stored for it: an action is the row of the work itself, whoever ordered it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal, NamedTuple

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field

from campaigns.codes.mask import mask
from campaigns.codes.models import CodeImport, CodeOrder, MetadataUpdate
from campaigns.models import CampaignDeletion
from config import work
from config.api.auth import MAY_READ, Key
from config.api.door import iso, not_found
from config.api.examples import Example
from config.api.filters import what_is_asked
from config.api.openapi import operation, path_parameter
from config.api.queries import read_time
from config.api.schemas import Answer, Moment
from config.api.started import ActionId
from config.imports.models import CsvImport
from config.public_ids import action_of
from config.staff.models import ProjectSettings
from customers.models import CustomerImport
from publications.models import PublicationImport

router = Router(tags=["Async actions"])

Status = work.AsyncAction.Status
STATUSES = {
    Status.QUEUED: "IN_PROGRESS",  # rather than ENQUEUED, at which clients that look while it is in progress give up
    Status.RUNNING: "IN_PROGRESS",
    Status.DONE: "DONE",
    Status.FAILED: "FAILED",
    Status.STOPPED: "FAILED",  # Voucherify knows no other word for what did not come to its end
}


class Kind(NamedTuple):
    type: Callable[[Any], str]
    result: Callable[[Any, Key], dict[str, Any]]


class AsyncAction(Answer):
    """Work that goes on in the background."""

    id: ActionId
    type: Literal[
        "CAMPAIGN.VOUCHERS_GENERATE",
        "CAMPAIGN.VOUCHERS_IMPORT",
        "CAMPAIGN.VOUCHERS_IMPORT_CSV",
        "CAMPAIGN.VOUCHERS_DELETE",
        "VOUCHERS.IMPORT",
        "VOUCHERS.IMPORT_CSV",
        "VOUCHERS.BULK_UPDATE",
        "VOUCHERS.METADATA_UPDATE",
        "CUSTOMERS.IMPORT_CSV",
        "CUSTOMERS.BULK_UPDATE",
        "PUBLICATIONS.IMPORT_CSV",
        "PUBLICATIONS.SETTLE",
    ]
    status: Literal["DONE", "IN_PROGRESS", "FAILED"]
    operation_status: Literal["SUCCESS", "FAILED", "UNKNOWN"]
    """Also FAILED if the work finished without a single success."""
    created_at: Moment
    updated_at: Moment
    processing_time: int = Field(ge=0, examples=[740])
    """Milliseconds."""
    progress: int = Field(ge=0, le=100, examples=[100])
    """Percent."""
    object: Literal["async_action"]


class ActionResult(Answer):
    """What came of it: counts, and for each row that was not good the reason."""

    model_config = {"extra": "allow"}

    message: str = Field(examples=["2 voucher(s) imported successfully, 0 failed."])
    done_count: int = Field(examples=[2])
    failed_count: int = Field(default=None, examples=[0], json_schema_extra={"x-shown": True})
    failed: list[dict[str, Any]] = Field(default=None, examples=[[]], json_schema_extra={"x-shown": True})


class FinishedAction(AsyncAction):
    result: ActionResult | None
    """null while it runs."""


class AsyncActionList(Answer):
    object: Literal["list"]
    data_ref: Literal["async_actions"]
    async_actions: list[AsyncAction]
    has_more: bool = Field(examples=[False])


class ActionsQuery(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    limit: int = Field(10, ge=1, le=100)
    """Rows per page."""
    end_date: str | None = None
    """To continue: the `created_at` of the last row of the previous page."""


@operation(
    router, "GET", "", MAY_READ, "List async actions", answer=AsyncActionList,
    examples=[Example("The newest twenty", query={"limit": 20})],
)  # fmt: skip
def list_async_actions(request: HttpRequest, query: Annotated[ActionsQuery, Query()]) -> dict[str, Any]:
    """Newest first. To read on: `end_date` with the `created_at` of the last one."""
    what_is_asked(request.GET, ActionsQuery)
    asked = {"created_at__lt": read_time(query.end_date, "end_date")} if query.end_date else {}
    actions: list[work.AsyncAction] = []
    for model in KINDS:
        # Keys are drawn as rows are made, and have an index. What the server orders for itself (reserves) is left out.
        rows = model._default_manager.filter(**asked).exclude(status=Status.DRAFT).exclude(actor_kind="system")
        actions += rows.order_by("-pk")[: query.limit + 1]
    actions.sort(key=lambda action: action.created_at, reverse=True)
    found = [action_answer(action) for action in actions[: query.limit]]
    return AsyncActionList.of(async_actions=found, has_more=len(actions) > query.limit)


ActionRef = path_parameter("The `async_action_id` returned by an earlier call.", "aa_N6QsVx0Jd3YhLm9p")


@operation(router, "GET", "/{action_id}", MAY_READ, "Get an async action", answer=FinishedAction)
def get_async_action(request: HttpRequest, action_id: ActionRef) -> dict[str, Any]:
    kind, key = action_of(action_id) or (0, 0)
    model = next((model for model in KINDS if model.action_kind == kind), None)
    action = model and model._default_manager.filter(pk=key).exclude(status=Status.DRAFT).first()
    if not model or not action:
        raise not_found("async_action", action_id)
    result = None if action.is_running else KINDS[model].result(action, request.auth)
    return action_answer(action) | {"result": result}


def action_answer(action: work.AsyncAction) -> dict[str, Any]:
    started, finished = action.started_at, action.finished_at
    return AsyncAction.of(
        action,
        type=KINDS[type(action)].type(action),
        status=STATUSES[Status(action.status)],
        operation_status=_operation_status(action),
        updated_at=iso(finished or started or action.created_at),
        processing_time=round((finished - started) / timedelta(milliseconds=1)) if started and finished else 0,
        progress=100 if action.status == Status.DONE else action.percent or 0,
    )


def _operation_status(action: work.AsyncAction) -> str:
    """An import of which no row was good ran to its end, and failed all the same."""
    if action.is_running:
        return "UNKNOWN"
    all_bad = isinstance(action, CsvImport) and action.rows_refused and not _done(action)
    if isinstance(action, MetadataUpdate):
        all_bad = len(action.refused) == action.total
    return "FAILED" if all_bad or action.status in (Status.FAILED, Status.STOPPED) else "SUCCESS"


def _done(done: CsvImport) -> int:
    return done.rows_imported + done.rows_updated


def _import_type(done: CodeImport | CustomerImport) -> str:
    by_file = done.sent_as == CsvImport.SentAs.FILE
    if isinstance(done, CustomerImport):
        return "CUSTOMERS.IMPORT_CSV" if by_file else "CUSTOMERS.BULK_UPDATE"
    return ("CAMPAIGN.VOUCHERS_IMPORT" if done.campaign_id else "VOUCHERS.IMPORT") + ("_CSV" if by_file else "")


def _message(action: work.AsyncAction, said: str) -> str:
    return f"{said} {action.error}".rstrip()


def _import_result(done: CsvImport, what: str) -> dict[str, Any]:
    said = f"{_done(done)} {what}(s) imported successfully, {done.rows_refused} failed."
    return {"message": _message(done, said), "done_count": _done(done), "failed_count": done.rows_refused}


def _codes_imported(done: CodeImport, key: Key) -> dict[str, Any]:
    """A code that is refused since it exists may be an unpublished one."""
    failed = [
        {"code": row.key if key.may_all else mask(row.key), "row": row.row - 1, "reason": row.error}
        for row in done.refused.order_by("row")
    ]
    return _import_result(done, "voucher") | {"failed": failed}


def _customers_imported(done: CustomerImport, key: Key) -> dict[str, Any]:
    rows = done.refused.order_by("row")
    if done.sent_as == CsvImport.SentAs.FILE:
        failed = [{"source_id": row.key, "row": row.row - 1, "reason": row.error} for row in rows]
        return _import_result(done, "customer") | {"failed": failed}
    errors = [
        {"source_id": row.key, "key": "invalid_customer", "message": "Invalid Customer", "details": row.error}
        for row in rows
    ]
    kept = timedelta(days=ProjectSettings.current().keep_files_days)
    until = iso((done.finished_at or done.created_at) + kept)
    return _import_result(done, "customer") | {"errors": errors, "reports": [], "reports_available_till": until}


def _publications_imported(done: PublicationImport, key: Key) -> dict[str, Any]:
    """Or settled: the codes of a hand-out."""
    failed = [{"row": row.row - 1, "reason": row.error} for row in done.refused.order_by("row")]
    return _import_result(done, "publication" if done.hand_out_id is None else "code") | {"failed": failed}


def _codes_made(order: CodeOrder, key: Key) -> dict[str, Any]:
    return {"message": _message(order, f"{order.done} voucher(s) created successfully."), "done_count": order.done}


def _campaign_deleted(deletion: CampaignDeletion, key: Key) -> dict[str, Any]:
    said = f"Campaign deleted; {deletion.done} voucher(s) erased."
    return {"message": _message(deletion, said), "done_count": deletion.done}


def _metadata_updated(update: MetadataUpdate, key: Key) -> dict[str, Any]:
    errors = [
        {
            "code": row["code"] if key.may_all else mask(row["code"]),
            "key": "invalid_voucher",
            "message": "Invalid Voucher",
            "details": row["reason"],
        }
        for row in update.refused[:1000]
    ]
    done = update.done - len(update.refused)
    said = f"{done} voucher(s) updated successfully, {len(update.refused)} failed."
    until = iso(update.finished_at or update.created_at)
    return {
        "message": _message(update, said),
        "done_count": done,
        "failed_count": len(update.refused),
        "errors": errors,
        "reports": [],
        "reports_available_till": until,
    }


KINDS: dict[type[work.AsyncAction], Kind] = {
    CodeOrder: Kind(lambda order: "CAMPAIGN.VOUCHERS_GENERATE", _codes_made),
    CodeImport: Kind(_import_type, _codes_imported),
    CustomerImport: Kind(_import_type, _customers_imported),
    PublicationImport: Kind(
        lambda done: "PUBLICATIONS.SETTLE" if done.hand_out_id else "PUBLICATIONS.IMPORT_CSV", _publications_imported
    ),
    MetadataUpdate: Kind(
        lambda update: "VOUCHERS.METADATA_UPDATE" if update.same_for_all else "VOUCHERS.BULK_UPDATE", _metadata_updated
    ),
    CampaignDeletion: Kind(lambda deletion: "CAMPAIGN.VOUCHERS_DELETE", _campaign_deleted),
}
