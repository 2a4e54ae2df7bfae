"""Tells staff what would prevent publishing before they try. It is advice only: the writing statement decides."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from campaigns.codes.models import Voucher
from campaigns.codes.pool import left_in_pool
from campaigns.codes.queries.count_codes import CodeCount
from campaigns.codes.queries.reserved import reserved_in
from campaigns.codes.state import is_used_up
from campaigns.models import Campaign
from config.staff.models import ProjectSettings
from publications.queries.day_use import day_use


class Obstacle(NamedTuple):
    state: str  # in the words of the pills: "Expired"
    text: str
    refuses: bool  # nothing can be published; else it can be, but is of no use yet
    remedy: str = ""  # what a Manager does about it, and where; "" where nothing can be done
    url: str = ""


def foresee_refusal(campaign: Campaign, *, codes: CodeCount | None = None) -> list[Obstacle]:
    """For codes from the campaign's pool: [] if all is well; otherwise the biggest obstacle first. `codes`: a fresh
    count.
    """
    if campaign.expiration_date and campaign.expiration_date <= timezone.now():
        text = f"The campaign ended on {_day(campaign.expiration_date)}, so you cannot publish from it."
        return [Obstacle("Expired", text, True, "Move its end", _page("settings", campaign))]
    use = day_use(campaign)
    if use and not use.left:
        most = "1 code" if use.most == 1 else f"{use.most:,} codes"
        text = f"Today’s limit is reached: the campaign gives out at most {most} a day. Publishing goes on tomorrow."
        return [Obstacle("Limit reached", text, True, "Change the limit", _page("settings", campaign))]
    return _for_want_of_codes(campaign, codes) + _of_no_use_yet(campaign)


def _for_want_of_codes(campaign: Campaign, codes: CodeCount | None) -> list[Obstacle]:
    if campaign.auto_update:
        return []
    known = codes if campaign.reserved_from is None else None
    if known.left if known else left_in_pool(campaign, up_to=1):
        return []
    kept = reserved_in(campaign).in_words() if campaign.reserved_from is not None else ""
    return [_reserved(campaign, kept) if kept else _empty(campaign, codes)]


def foresee_refusal_of_code(voucher: Voucher) -> list[Obstacle]:
    """For this code, by name. Returns the same as `foresee_refusal`."""
    now, campaign = timezone.now(), voucher.campaign
    edit = reverse("campaigns:edit-code", args=[voucher.pk])
    if voucher.published_at:
        text = f"The code was published on {_day(voucher.published_at)}. It can go to someone else once it has been released back into the pool."
        return [Obstacle("Published", text, True, "Release it", reverse("publications:release", args=[voucher.pk]))]
    if not voucher.active:
        text = "The code is disabled, so it cannot be published."
        return [Obstacle("Disabled", text, True, "Enable it", edit)]
    if voucher.withdrawn_at and voucher.withdrawn_why != Voucher.Withdrawn.USED:
        return [_withdrawn(voucher, voucher.withdrawn_at)]
    if is_used_up(voucher):
        return [Obstacle("Used up", "Nothing is left on the code, so it cannot be published.", True)]
    if voucher.expiration_date and voucher.expiration_date <= now:
        text = f"The code expired on {_day(voucher.expiration_date)}, so it cannot be published."
        return [Obstacle("Expired", text, True, "Change its dates", edit)]
    if campaign and campaign.expiration_date and campaign.expiration_date <= now:
        text = f"Its campaign ended on {_day(campaign.expiration_date)}, so the code cannot be published."
        return [Obstacle("Expired", text, True, "Move the campaign’s end", _page("settings", campaign))]
    in_reserve = campaign and campaign.reserved_from is not None and voucher.pk >= campaign.reserved_from
    if campaign and in_reserve and not voucher.withdrawn_at and (reserved := _for_want_of_codes(campaign, None)):
        return reserved
    if voucher.start_date and voucher.start_date > now:
        text = f"The code can be published now, but redeemed only from {_day(voucher.start_date)}."
        return [Obstacle("Not started", text, False, "Change its dates", edit)]
    hindered = _of_no_use_yet(campaign) if campaign else []
    if voucher.withdrawn_at:
        text = "The code has been redeemed before. It is out of the pool, but you can still publish it here."
        return [Obstacle("Used", text, False), *hindered]
    return hindered


def _withdrawn(voucher: Voucher, at: datetime) -> Obstacle:
    put_back = ("Return it to the pool", reverse("publications:put-back", args=[voucher.pk]))
    if voucher.withdrawn_why == Voucher.Withdrawn.RETIRED:
        text = (
            f"The code was released on {_day(at)}, and whoever had it may still know it. It is never published again."
        )
        return Obstacle("Retired", text, True, *put_back)
    return Obstacle("Held back", f"The code was taken out of the pool on {_day(at)}.", True, *put_back)


def _empty(campaign: Campaign, codes: CodeCount | None) -> Obstacle:
    remedy = () if campaign.standalone else ("Generate codes", _page("extend", campaign))
    if codes.total if codes else campaign.vouchers.filter(deleted_at=None).exists():
        text = "No codes left: all of them are published, withdrawn, disabled or expired."
        return Obstacle("Pool empty", text, True, *remedy)
    return Obstacle("No codes", "The campaign has no codes yet.", True, *remedy)


def _reserved(campaign: Campaign, kept: str) -> Obstacle:
    text = f"No codes are left that are not reserved: {kept}."
    return Obstacle("Reserved", text, True, "Generate codes", _page("extend", campaign))


def _of_no_use_yet(campaign: Campaign) -> list[Obstacle]:
    """Such a campaign publishes (docs/api.md), but shops do not accept its codes yet."""
    if not campaign.active:
        refuses = ProjectSettings.objects.filter(refuse_disabled_campaigns=True).exists()
        text = "The campaign is disabled: you can publish codes, but they cannot be redeemed until it is enabled."
        if refuses:
            text = "The campaign is disabled, so nothing can be published from it (see the project settings)."
        return [Obstacle("Disabled", text, refuses, "Enable it", _page("settings", campaign))]
    if campaign.start_date and campaign.start_date > timezone.now():
        text = f"The campaign starts on {_day(campaign.start_date)}. You can publish codes now; they can be redeemed from that day."
        return [Obstacle("Not started", text, False, "Move its start", _page("settings", campaign))]
    return []


def _page(name: str, campaign: Campaign) -> str:
    return reverse(f"campaigns:{name}", args=[campaign.pk])


def _day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j M Y, H:i")
