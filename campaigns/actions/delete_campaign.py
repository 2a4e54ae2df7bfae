"""Deletes a campaign: hides it and its codes and frees its name. Their publications stay on record."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from procrastinate.contrib.django import app

from campaigns.codes.models import CodeOrder, Voucher
from campaigns.models import Campaign, CampaignDeletion
from config.actor import Actor
from config.staff.audit import record

CHUNK = 10_000
Status = CampaignDeletion.Status


def delete_campaign(campaign: Campaign, *, force: bool = False, by: Actor) -> CampaignDeletion | None:
    """Deletes the campaign; None if it was deleted already.

    `force` also erases its unpublished codes in the background; the deletion's row shows the progress. Nobody can
    publish from the campaign once this has returned: publishing checks the campaign in its writing statement.
    """
    with transaction.atomic():
        live = Campaign.objects.live().filter(pk=campaign.pk)
        if not live.update(deleted_at=Now(), updated_at=Now(), pool_version=F("pool_version") + 1):
            return None
        record(
            "campaign.deleted",
            by=by,
            object_id=campaign.public_id,
            object_label=campaign.name,
            campaign_id=campaign.pk,
            codes_erased=force,
        )
        deletion = CampaignDeletion.objects.create(
            campaign=campaign,
            force=force,
            actor_kind=by.kind,
            actor_id=by.id,
            actor_label=by.label,
            **({} if force else {"status": Status.DONE, "total": 0, "started_at": Now(), "finished_at": Now()}),
        )
        if force:
            app.configure_task("campaigns.erase_codes").defer(campaign_id=campaign.pk)
    return deletion


def erase_unpublished_codes(campaign_id: int) -> int:
    """Erases, in chunks, the codes of a deleted campaign that nobody ever got; returns how many. Safe to run again.

    A code that was ever published or redeemed keeps its row, even if that was undone: it stays reserved forever.
    """
    try:
        return _erase(campaign_id)
    except (OperationalError, InterfaceError):
        raise  # the database is away or busy: the task is retried
    except Exception:
        _end(campaign_id, Status.FAILED, "It stopped because of an unexpected error. See the server’s log for details.")
        raise


def _erase(campaign_id: int) -> int:
    with transaction.atomic():
        # Waits for a chunk of codes that is being generated; the next chunk finds the campaign deleted and stops.
        list(CodeOrder.objects.select_for_update().filter(campaign_id=campaign_id))
    erased = 0
    codes = Voucher.objects.filter(
        campaign_id=campaign_id, campaign__deleted_at__isnull=False, published_at=None, ledger=None, redemptions=None
    ).order_by("-pk")
    deletion = CampaignDeletion.objects.filter(campaign=campaign_id)
    deletion.filter(total=None).update(status=Status.RUNNING, started_at=Now(), total=codes.count())
    below = 2**63 - 1
    while keys := list(codes.filter(pk__lt=below).values_list("pk", flat=True)[:CHUNK]):
        with transaction.atomic(), connection.cursor() as cursor:
            # Looked at again under the row's lock: a publication or redemption that began before the deletion may just
            # have ended.
            cursor.execute(
                "DELETE FROM codes_voucher WHERE id = ANY(%s) AND published_at IS NULL AND redeemed_quantity = 0",
                [keys],
            )
            deletion.update(done=F("done") + cursor.rowcount)
            erased += cursor.rowcount
        below = keys[-1]
    _end(campaign_id, Status.DONE)
    return erased


def _end(campaign_id: int, status: str, error: str = "") -> None:
    """If an earlier run has ended the deletion, its outcome stands."""
    open_ = CampaignDeletion.objects.filter(campaign=campaign_id, status__in=[Status.QUEUED, Status.RUNNING])
    open_.update(status=status, error=error, started_at=Coalesce("started_at", Now()), finished_at=Now())
