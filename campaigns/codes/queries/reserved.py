"""How many of a pool's codes are reserved for distributions, and how to say so to whoever gets none."""

from __future__ import annotations

from typing import NamedTuple

from django.utils import timezone

from campaigns.codes.models import Reservation
from campaigns.models import Campaign
from config.staff.models import ProjectSettings
from config.staff.time_zone import zone


class Reserved(NamedTuple):
    """A campaign's reservations, earliest first."""

    reservations: list[Reservation]

    @property
    def codes(self) -> int:
        """How many codes of the pool are reserved."""
        return sum(one.covered for one in self.reservations)

    @property
    def short_by(self) -> int:
        return sum(one.short_by for one in self.reservations)

    def in_words(self) -> str:
        """ "412 codes are reserved for the distribution “Advent” on 12 December 2026 and 2 others"; "" of none."""
        kept = [one for one in self.reservations if one.covered]
        if not kept:
            return ""
        codes = "1 code is" if self.codes == 1 else f"{self.codes:,} codes are"
        first, others = kept[0], len(kept) - 1
        more = f" and {others} other{'' if others == 1 else 's'}" if others else ""
        return f"{codes} reserved for the distribution “{first.label}” on {_day(first)}{more}"


def reserved_in(campaign: Campaign, *, but: int = 0) -> Reserved:
    """`but`: leaves out that taker's reservation."""
    return Reserved(list(Reservation.objects.filter(campaign=campaign, needed__gt=0).exclude(taker=but)))


def _day(reservation: Reservation) -> str:
    """In the project's time zone, also in an answer of the API: it is a day for people."""
    name = ProjectSettings.objects.values_list("time_zone", flat=True).first()
    day = timezone.localdate(reservation.due_at, zone(name) if name else None)
    return f"{day.day} {day:%B %Y}"
