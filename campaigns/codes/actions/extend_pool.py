"""Generates more codes for a campaign: a few at once in the caller's transaction, or any number in the background."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from procrastinate.contrib.django import app

from campaigns.check_value import InvalidFields
from campaigns.codes.actions.create_codes import check_code, columns_of
from campaigns.codes.actions.make_codes import CodeSpaceExhausted, codes_taken, make_code, make_codes
from campaigns.codes.actions.reserve_codes import move_border
from campaigns.codes.code_space import CodeSpace, CodeSpaceTooSmall, code_space
from campaigns.codes.models import CodeOrder
from campaigns.codes.pool import raise_pool_version
from campaigns.models import Campaign
from config.actor import SYSTEM, Actor
from config.events.note import note_event
from config.staff.audit import record

__all__ = [
    "CodeSpaceExhausted",
    "OneCodeOnly",
    "extend_pool",
    "fulfil_order",
    "make_code_to_take",
    "order_codes",
    "retry_order",
    "space_of",
    "stop_order",
]

CHUNK = 20_000  # codes in one transaction: a third of a second
MOST_IN_ONE_ORDER = 10_000_000


class OneCodeOnly(CodeSpaceTooSmall):
    """A campaign of a single code has no pool to extend."""

    def __init__(self, campaign: Campaign) -> None:
        super().__init__(f"“{campaign.name}” is a single-code campaign. Create another campaign for more.")
        self.campaign = campaign


def space_of(campaign: Campaign) -> CodeSpace:
    """The codes that the campaign's configuration can give."""
    return code_space(
        charset=campaign.code_charset,
        length=campaign.code_length,
        prefix=campaign.code_prefix,
        postfix=campaign.code_postfix,
        pattern=campaign.code_pattern,
    )


def extend_pool(campaign: Campaign, *, count: int) -> int:
    """Generates `count` unpublished codes now, in the caller's transaction, and raises the pool's version; returns
    `count`.

    Raises `CodeSpaceExhausted`; the caller must then roll back. For many codes use `order_codes`.
    """
    made = make_codes(space_of(campaign), count=count, campaign_id=campaign.pk, type=campaign.voucher_type)
    raise_pool_version(campaign.pk)
    _free_new_codes(campaign.pk)
    return made


def make_code_to_take(campaign: Campaign) -> int:
    """Generates one code, which the caller takes in the same transaction or rolls back; returns the voucher's key.

    Nobody else ever sees it in the pool, so the pool's version stays and the campaign's row is not locked. Raises
    `CodeSpaceExhausted`; the caller must then roll back.
    """
    return make_code(space_of(campaign), campaign_id=campaign.pk, type=campaign.voucher_type)


def order_codes(
    campaign: Campaign,
    *,
    count: int,
    by: Actor,
    fields: Mapping[str, Any] | None = None,
    configuration: Mapping[str, Any] | None = None,
) -> CodeOrder:
    """Orders `count` more codes, generated in the background; the order's row shows the progress.

    `fields` are columns in which these codes differ from the campaign (`create_codes.FIELDS`); `configuration` replaces
    the campaign's: arguments of `code_space()`, which raises `InvalidCodeConfiguration`. Raises `OneCodeOnly`,
    `InvalidFields`, and `CodeSpaceTooSmall` with the arithmetic if the configuration cannot give that many codes.
    """
    if campaign.standalone:
        raise OneCodeOnly(campaign)
    if not 1 <= count <= MOST_IN_ONE_ORDER:
        raise InvalidFields({"count": f"Generate 1 to {MOST_IN_ONE_ORDER:,} codes at a time; you can add more later."})
    check_code(fields or {}, campaign)
    space = code_space(**configuration) if configuration else space_of(campaign)
    taken, about = codes_taken(space)
    space.must_hold(count, taken=taken, about=about)
    with transaction.atomic():
        order = CodeOrder.objects.create(
            campaign=campaign,
            total=count,
            fields=dict(fields or {}),
            configuration=dict(configuration or {}),
            actor_kind=by.kind,
            actor_id=by.id,
            actor_label=by.label,
        )
        _defer(order)
        if by != SYSTEM:  # the reserve's own orders stand on their rows; they would drown what people did
            record(
                "campaign.codes_ordered",
                by=by,
                object_id=campaign.public_id,
                object_label=campaign.name,
                campaign_id=campaign.pk,
                count=count,
            )
    return order


def retry_order(order: CodeOrder, *, by: Actor) -> bool:
    """Resumes a failed or stopped order where it ended. False if it is neither, or someone else just did this."""
    ended = [CodeOrder.Status.FAILED, CodeOrder.Status.STOPPED]
    with transaction.atomic():
        failed = CodeOrder.objects.filter(pk=order.pk, status__in=ended, campaign__deleted_at=None)
        if not failed.update(status=CodeOrder.Status.QUEUED, error="", finished_at=None):
            return False
        _defer(order)
        record(
            "campaign.codes_retried",
            by=by,
            object_id=order.campaign.public_id,
            object_label=order.campaign.name,
            campaign_id=order.campaign_id,
            missing=_missing(order),
        )
    return True


def stop_order(order: CodeOrder, *, by: Actor) -> bool:
    """Stops a queued or running order, after the chunk being generated. Codes generated so far stay in the pool.

    False if it had already ended.
    """
    with transaction.atomic():
        now = CodeOrder.objects.select_for_update().filter(pk=order.pk).first()
        if now is None or not now.is_running:
            return False
        CodeOrder.objects.filter(pk=now.pk).update(status=CodeOrder.Status.STOPPED, finished_at=Now())
        record(
            "campaign.codes_stopped",
            by=by,
            object_id=order.campaign.public_id,
            object_label=order.campaign.name,
            campaign_id=order.campaign_id,
            missing=_missing(now),
        )
    return True


def fulfil_order(order_id: int) -> None:
    """Generates an order's missing codes chunk by chunk. Safe to run again and concurrently.

    `done` is written in the transaction of the codes it counts, under a lock on the order's row, so an order ends with
    exactly its `total`, whatever is killed. An order that cannot be fulfilled records the reason; codes generated until
    then stay in the pool.
    """
    try:
        while _make_a_chunk(order_id):
            pass
        for campaign_id in CodeOrder.objects.filter(pk=order_id).values_list("campaign", flat=True):
            _free_new_codes(campaign_id)
    except (CodeSpaceExhausted, ValueError) as impossible:  # InvalidFields and InvalidCodeConfiguration are of these
        _fail(order_id, str(impossible))
    except (OperationalError, InterfaceError):
        raise  # the database is away or busy: the task is retried
    except Exception as problem:
        _fail(order_id, f"It stopped because of an unexpected error: {problem}")
        raise


def _make_a_chunk(order_id: int) -> bool:
    """One transaction; returns whether there is more to do."""
    Status = CodeOrder.Status
    with transaction.atomic():
        order = CodeOrder.objects.select_for_update().filter(pk=order_id).first()
        if order is None or not order.is_running:
            return False
        campaign = Campaign.objects.get(pk=order.campaign_id)
        if campaign.deleted_at:
            _fail(order_id, "The campaign was deleted.")
            return False
        count = min(CHUNK, _missing(order))
        if count:
            space = code_space(**order.configuration) if order.configuration else space_of(campaign)
            different = columns_of(check_code(order.fields, campaign), order.fields)
            make_codes(space, count=count, **{**different, "campaign_id": campaign.pk, "type": campaign.voucher_type})
        ended = count == _missing(order)
        CodeOrder.objects.filter(pk=order_id).update(
            done=F("done") + count,
            status=Status.DONE if ended else Status.RUNNING,
            started_at=Coalesce("started_at", Now()),
            finished_at=Now() if ended else None,
        )
        raise_pool_version(campaign.pk)
        if ended:
            note_event("campaign.vouchers.generation.completed", order_id)
        return not ended


def _free_new_codes(campaign_id: int) -> None:
    """They stand beyond the border of what is reserved."""
    if Campaign.objects.filter(pk=campaign_id, reserved_from__isnull=False).exists():
        move_border(campaign_id)


def _missing(order: CodeOrder) -> int:
    return (order.total or 0) - order.done


def _fail(order_id: int, reason: str) -> None:
    CodeOrder.objects.filter(pk=order_id).update(
        status=CodeOrder.Status.FAILED, error=reason, started_at=Coalesce("started_at", Now()), finished_at=Now()
    )


def _defer(order: CodeOrder) -> None:
    """The job is written in the order's own transaction, so neither exists without the other."""
    app.configure_task("codes.fulfil_code_order").defer(order_id=order.pk)
