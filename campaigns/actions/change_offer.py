"""Changes a campaign's offer for codes given out from now on. Codes already given out keep what they are worth."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, cast

from django.db import InterfaceError, OperationalError, models, transaction
from django.db.models.functions import Coalesce, Now
from procrastinate.contrib.django import app

from campaigns.actions.change_campaign import CampaignGone, Held, change_campaign
from campaigns.actions.create_campaign import NameTaken
from campaigns.actions.keep_offer import OFFER, count_inheriting, keep_in_chunks
from campaigns.check_value import InvalidFields
from campaigns.models import Campaign, OfferChange
from config.actor import Actor

MOST_AT_ONCE = 20_000  # codes that keep their value while whoever saves waits; more are for the worker
TRIES, PAUSE = 20, 0.2

Status = OfferChange.Status


class ChangeUnderWay(Exception):
    """An earlier change of the campaign's offer is still running."""

    def __init__(self) -> None:
        super().__init__(
            "An earlier change to the offer is still in progress. Wait until it finishes, then save again."
        )


class CampaignBusy(Exception):
    """Codes were being given out or used the whole time, so the change found no free moment."""

    def __init__(self) -> None:
        super().__init__("The database is too busy right now, so nothing was changed. Try again in a minute.")


def change_for_new_ones(campaign: Campaign, changes: Mapping[str, Any], *, by: Actor) -> OfferChange | None:
    """Like `change_campaign`, but codes already given out keep the value and limit they have from the campaign.

    If there are many such codes, a worker does everything and this returns its order; the campaign stays as it is until
    the order has ended. For a code given out at the same moment, the database decides: whoever gets a response before
    the change keeps the old value, whoever gets one after it has the new value. Raises what `change_campaign` raises,
    ChangeUnderWay and CampaignBusy.
    """
    if OfferChange.objects.filter(campaign=campaign, status__in=[Status.QUEUED, Status.RUNNING]).exists():
        raise ChangeUnderWay
    count = count_inheriting(campaign, changes.keys() & OFFER)
    if count <= MOST_AT_ONCE:
        keep_in_chunks(campaign, changes.keys() & OFFER)
        change_patiently(campaign, changes, held=Held.NEW, by=by)
        return None
    with transaction.atomic():
        order = OfferChange.objects.create(
            campaign=campaign, changes=dict(changes), total=count,
            actor_kind=by.kind, actor_id=by.id, actor_label=by.label,
        )  # fmt: skip
        app.configure_task("campaigns.carry_out_offer_change").defer(order_id=order.pk)
    return order


def carry_out(order_id: int) -> None:
    """Carries out the order. Safe to run at any time, repeatedly and concurrently: nothing is done twice.

    Raises OperationalError and InterfaceError; call it again then.
    """
    open_ = OfferChange.objects.filter(pk=order_id, status__in=[Status.QUEUED, Status.RUNNING])
    order = open_.select_related("campaign").first()
    if order is None:
        return
    open_.update(status=Status.RUNNING, started_at=Coalesce("started_at", Now()))
    error = ""
    try:
        changes = {
            name: None if value is None else cast("models.Field", Campaign._meta.get_field(name)).to_python(value)
            for name, value in order.changes.items()
        }
        keep_in_chunks(order.campaign, changes.keys() & OFFER)
        by = Actor(order.actor_kind, order.actor_id, order.actor_label)
        change_patiently(order.campaign, changes, held=Held.NEW, by=by)
    except (InvalidFields, NameTaken, CampaignGone, CampaignBusy) as refused:
        error = str(refused)
    except (OperationalError, InterfaceError):
        raise  # the database is away: the task is retried
    except Exception:
        open_.update(status=Status.FAILED, error="It stopped because of an unexpected error.", finished_at=Now())
        raise
    open_.update(
        status=Status.FAILED if error else Status.DONE, error=error, done=0 if error else order.total, finished_at=Now()
    )


def change_patiently(campaign: Campaign, changes: Mapping[str, Any], *, held: Held | None, by: Actor) -> None:
    """Retries `change_campaign` while codes are being given out or used. Raises what it raises, and CampaignBusy."""
    for _ in range(TRIES):
        try:
            change_campaign(campaign, changes, held=held, by=by)
        except OperationalError as problem:
            if "lock timeout" not in str(problem):
                raise
            time.sleep(PAUSE)
        else:
            return
    raise CampaignBusy
