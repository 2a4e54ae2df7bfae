"""Hands codes out into a CSV file: publishes them, to no customer, in one publication that the file is made from.

The codes are taken ten thousand at a time, each chunk in a transaction of its own: publishers of the same campaign
never wait long, and whatever dies midway goes on where it was. What has been taken stands on the publication and on
the export's row, in the same transaction, so a chunk is never taken twice. docs/adr/0009 has the reasons and figures.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from campaigns.codes.actions.reserve_codes import frees_more, move_border
from campaigns.codes.pool import lock_pool
from campaigns.codes.queries.pool_size import pool_size
from campaigns.codes.queries.reserved import reserved_in
from campaigns.models import Campaign
from config.actor import Actor
from config.events.kinds import PUBLICATION_SUCCEEDED
from config.events.note import note_event
from config.staff.day_limits import Use
from config.staff.models import ProjectSettings
from config.staff.quarantine import current, reason
from publications.actions.quarantine_guard import keep_quarantine_away
from publications.channels import CSV
from publications.exports.actions.order_export import earlier_order, order_export
from publications.exports.models import LONGEST_FOR_WHOM, PLAIN_CSV, Export, FileLayout
from publications.ledger.give import give
from publications.ledger.limits import hold_first
from publications.ledger.requests import Codes, Given, PublishRequest
from publications.models import Publication
from publications.queries.day_use import day_use, day_use_of_channel

CHUNK = 10_000


class HandOutRefused(Exception):
    """Nothing was published. The message says what was wrong and how to fix it."""


class PoolTooSmall(HandOutRefused):
    def __init__(self, asked: int, in_pool: int, kept: str = "") -> None:
        self.asked, self.in_pool = asked, in_pool
        free = f" that {'is' if in_pool == 1 else 'are'} not reserved: {kept}" if kept else ""
        super().__init__(
            f"You requested {asked:,} codes, but the pool has {in_pool:,}{free}. Request fewer, or add codes to the campaign first."
        )


class PoolEmpty(HandOutRefused):
    def __init__(self, kept: str = "") -> None:
        empty = f"The pool has no codes that are not reserved: {kept}." if kept else "The pool is empty."
        super().__init__(f"{empty} Add codes to the campaign first.")


class DayFull(HandOutRefused):
    def __init__(self, use: Use, *, of: str) -> None:
        raise_it = "Request fewer, try again tomorrow, or raise the limit."
        left = f"{use.left:,} are left" if use.left else "none are left"
        super().__init__(f"The {of} gives out at most {use.most:,} codes a day, and {left} today. {raise_it}")


class CampaignOver(HandOutRefused):
    pass


class NothingGiven(Exception):
    """Others took every code, or the campaign ended, between the order and the first chunk."""

    def __init__(self, asked: int) -> None:
        super().__init__(
            f"None of the {asked:,} codes were published: others took the last codes in the pool or had them reserved, the limit of codes for "
            "today was reached, or the campaign expired or was deleted in the meantime. Add codes to the campaign, then retry."
        )


def order_hand_out(
    campaign: Campaign,
    *,
    count: int | None,
    for_whom: str,
    by: Actor,
    layout: FileLayout = PLAIN_CSV,
    form_token: UUID | None = None,
) -> Export:
    """Orders a file of `count` codes of the pool, or of all that are in it now (None). The worker publishes them.
    `for_whom` says in words who gets the file: "Baker & Sons, print run 7".

    An AUTO_UPDATE campaign makes no codes for a file: its pool would have no end. `form_token`: see `order_export`.
    Raises PoolTooSmall, PoolEmpty, DayFull and CampaignOver (each a HandOutRefused).
    """
    if earlier := earlier_order(form_token):
        return earlier
    if quarantine := current():
        raise HandOutRefused(reason(quarantine))
    if count is not None and count < 1:
        raise HandOutRefused("Request at least 1 code.")
    if not (for_whom := " ".join(for_whom.split())):
        raise HandOutRefused("Say who gets the codes: a shop, a printer, an agency.")
    if over := why_over(campaign):
        raise CampaignOver(over)
    move_border(campaign.pk)
    in_pool, kept = pool_size(campaign), reserved_in(campaign).in_words()
    if not in_pool:
        raise PoolEmpty(kept)
    if count is not None and count > in_pool:
        raise PoolTooSmall(count, in_pool, kept)
    limits = {
        "campaign": day_use(campaign),
        f"channel {CSV}": day_use_of_channel(CSV),
    }
    for of, use in limits.items():
        if use and (count or in_pool) > use.left:
            raise DayFull(use, of=of)
    return order_export(
        Export.Kind.HAND_OUT,
        campaign=campaign,
        by=by,
        form_token=form_token,
        total=count or in_pool,
        everything=count is None,
        for_whom=for_whom[:LONGEST_FOR_WHOM],
        layout=layout,
    )


def why_over(campaign: Campaign) -> str:
    """Why nothing can be handed out from this campaign, by the database's clock; "" if it can."""
    now = Campaign.objects.filter(pk=campaign.pk)
    if not now.live().exists():
        return "This campaign has been deleted."
    if now.filter(expiration_date__lte=Now()).exists():
        return "This campaign has expired. Move its expiration date first, then hand out its codes."
    refuses = ProjectSettings.objects.filter(refuse_disabled_campaigns=True)
    if now.filter(active=False).exists() and refuses.exists():
        return "This campaign is disabled. Enable it first, then hand out its codes."
    return ""


def take_codes(export_id: int) -> bool:
    """Publishes the hand-out's codes, up to the number asked for, and notes on the export that this has ended. False
    where somebody has stopped the export before that.

    Run it again after any interruption, also at the same time elsewhere. Raises NothingGiven and Quarantined.
    """
    for_sure = False
    while True:
        campaign, border = Campaign.objects.values_list("pk", "reserved_from").get(exports=export_id)
        short = _take_chunk(export_id, for_sure=for_sure)
        if short is None or (short and for_sure and not frees_more(campaign, than=border)):
            break
        # A chunk that is short, seen past others' locks, may be short only for the moment: they may yet roll back.
        # The next look starts at the front and waits for them.
        for_sure = short
    return _end_taking(export_id)


def _take_chunk(export_id: int, *, for_sure: bool) -> bool | None:
    """One transaction: were there too few codes? None: there is nothing left to take for this export."""
    with transaction.atomic():
        keep_quarantine_away()
        # The lock on the export makes two workers take turns.
        export = Export.objects.select_for_update().get(pk=export_id)
        wanted = min(CHUNK, (export.total or 0) - export.done)
        if export.rows is not None or wanted <= 0 or export.status == Export.Status.STOPPED:
            return None
        campaign = Campaign.objects.get(exports=export)
        request = PublishRequest(
            campaign=campaign.pk, customer=None, channel=CSV, origin=Publication.Origin.CSV, quantity=wanted, at_least=1,
            by=Actor(export.actor_kind, export.actor_id, export.actor_label),
            activity=campaign.activity_duration or None,
        )  # fmt: skip
        if for_sure:
            hold_first([request])
            lock_pool(campaign)
        codes = Codes.NEXT_FOR_SURE if for_sure else Codes.NEXT
        (answer,) = give([request], codes, noted=False, into=export.publication_id)
        if not isinstance(answer, Given):
            return True
        export.publication_id = answer.publication
        export.done += answer.quantity
        export.save(update_fields=["publication", "done"])
        return answer.quantity < wanted


def _end_taking(export_id: int) -> bool:
    with transaction.atomic():
        export = Export.objects.select_for_update().get(pk=export_id)
        if export.status == Export.Status.STOPPED:
            return False
        if export.rows is not None:
            return True
        if export.publication_id is None:
            raise NothingGiven(export.total or 0)
        # From here on `done` counts the rows of the file.
        export.rows, export.done = export.done, 0
        export.save(update_fields=["rows", "done"])
        note_event(PUBLICATION_SUCCEEDED, export.publication_id)
    return True
