"""Keeps codes of a pool for those that will take them later: distributions that are scheduled or under way (ADR 0050).

A reservation is a number. At the pool's far end as many codes are left as all of them need together: the border stands on
the campaign, and every claim of anybody else looks below it. The taker has a border of its own, that leaves what the others
need. All take the pool's first codes, so that codes still leave a pool in one order (a quarantine relies on that).

Locks, in this order: the pool's, the reservations, vouchers, the campaign.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import accumulate

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest, Now

from campaigns.codes.models import Reservation
from campaigns.codes.pool import BEYOND_ALL, IN_POOL
from campaigns.models import Campaign
from config.advisory_locks import Lock

# The id from which on the pool holds so many codes, for each of several numbers; one walk over its index, from the end.
BORDERS = f"""
SELECT n, id FROM (SELECT v.id, row_number() OVER (ORDER BY v.id + 0 DESC) AS n FROM codes_voucher v
                    WHERE v.campaign_id = %(campaign)s AND {IN_POOL} ORDER BY v.id + 0 DESC LIMIT %(most)s) AS walked
 WHERE n = ANY (%(numbers)s::bigint[])
"""  # noqa: S608 - our own constant
COUNT = f"""
SELECT count(*) FROM (SELECT FROM codes_voucher v
                       WHERE v.campaign_id = %(campaign)s AND {IN_POOL} ORDER BY v.id + 0 DESC LIMIT %(most)s) AS walked
"""  # noqa: S608 - our own constant


def reserve(campaign: Campaign, *, taker: int, label: str, due_at: datetime, needed: int, seconds: float = 0) -> None:
    """Reserves this many codes for the taker from now on, as far as the pool holds them. `seconds`: how long counting
    them took.

    Codes that someone else is taking right now may be counted too; the next look corrects that.
    """
    with transaction.atomic():
        Lock.POOL.hold(campaign.pk)
        Reservation.objects.filter(taker=taker).exclude(campaign=campaign).delete()
        values = {"label": label, "due_at": due_at, "needed": needed, "counted_at": Now(), "seconds": seconds}
        changed = Reservation.objects.filter(taker=taker).update(**values, covered=0)
        if not changed and needed:
            Reservation.objects.create(campaign=campaign, taker=taker, **values)
        move_border(campaign.pk)


def give_back(takers: Iterable[int]) -> int:
    """Ends the takers' reservations; returns how many had one."""
    keys = set(takers)
    campaigns = Reservation.objects.filter(taker__in=keys).order_by("campaign").values_list("campaign", flat=True)
    given_back = 0
    for campaign in campaigns.distinct():
        with transaction.atomic():
            Lock.POOL.hold(campaign)
            given_back += Reservation.objects.filter(campaign=campaign, taker__in=keys).delete()[0]
            move_border(campaign)
    return given_back


def lock_border_of(taker: int) -> int | None:
    """The id below which the taker may take codes, and its reservation, locked until the transaction ends.

    None: it has no reservation and takes what anyone may.
    """
    rows = Reservation.objects.filter(taker=taker).select_for_update(no_key=True).values_list("below", flat=True)
    below = list(rows)
    return (BEYOND_ALL if below[0] is None else below[0]) if below else None


def note_taken(taker: int, codes: int) -> None:
    """Records that the taker, whose reservation is locked, took this many of its codes in this transaction."""
    Reservation.objects.filter(taker=taker).update(
        needed=Greatest(F("needed") - codes, 0), covered=Greatest(F("covered") - codes, 0)
    )


def move_border(campaign_id: int) -> bool:
    """Puts the borders where the current needs and pool require; returns whether that frees codes for everyone.

    Walks over as many entries of the pool's index as are reserved.
    """
    with transaction.atomic():
        Lock.POOL.hold(campaign_id)
        rows = list(Reservation.objects.filter(campaign=campaign_id).select_for_update(no_key=True))
        (before,) = Campaign.objects.filter(pk=campaign_id).values_list("reserved_from", flat=True)
        needed = sum(row.needed for row in rows)
        if not needed and before is None:
            _keep(rows, [0] * len(rows), [None] * len(rows))
            return False
        with connection.cursor() as cursor:
            cursor.execute(COUNT, {"campaign": campaign_id, "most": needed})
            (held,) = cursor.fetchone()
            covered = _shared_out(held, [row.needed for row in rows])
            # Each leaves what is kept for the others.
            left = [held - own for own in covered]
            cursor.execute(BORDERS, {"campaign": campaign_id, "most": held, "numbers": sorted({*left, held})})
            borders = dict(cursor.fetchall())
        _keep(rows, covered, [borders.get(number, 0) if number else None for number in left])
        # With fewer codes than are needed everything is kept, what comes next as well.
        border = None if not needed else borders.get(held, 0) if held >= needed else 0
        return _write(campaign_id, before, border)


def frees_more(campaign_id: int, *, than: int | None) -> bool:
    """Moves the border; whether it is now beyond `than`, where the caller saw it before finding too few codes. (Someone
    else may have moved it in the meantime.)
    """
    if than is None:
        return False
    move_border(campaign_id)
    (now,) = Campaign.objects.filter(pk=campaign_id).values_list("reserved_from", flat=True)
    return now is None or now > than


def _shared_out(held: int, needed: list[int]) -> list[int]:
    """How much of the pool each taker gets, earlier ones first."""
    ends = [min(held, end) for end in accumulate(needed)]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def _keep(rows: list[Reservation], covered: list[int], borders: list[int | None]) -> None:
    for row, codes, below in zip(rows, covered, borders, strict=True):
        if (row.covered, row.below) != (codes, below):
            Reservation.objects.filter(pk=row.pk).update(covered=codes, below=below)


def _write(campaign_id: int, before: int | None, border: int | None) -> bool:
    """Whether more codes are free for everyone. If so, the pool's version is raised, so that whoever found it empty
    looks again.
    """
    if border == before:
        return False
    frees = before is not None and (border is None or border > before)
    version = F("pool_version") + 1 if frees else F("pool_version")
    Campaign.objects.filter(pk=campaign_id).update(reserved_from=border, pool_version=version)
    return frees
