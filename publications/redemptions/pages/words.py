"""A verdict in the words of the pages: a headline of few words, one sentence, and a colour."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.utils import timezone
from django.utils.formats import date_format, number_format

from campaigns.codes.state import Reason
from publications.redemptions.verdict import Verdict


class Words(NamedTuple):
    headline: str
    sentence: str
    tone: str  # of a banner: good, warn, bad
    icon: str


BECAUSE = {
    Reason.DELETED: "The code was deleted.",
    Reason.CAMPAIGN_DELETED: "Its campaign was deleted.",
    Reason.NOT_PUBLISHED: "It has not been published to anybody, and its campaign accepts published codes only.",
    Reason.DISABLED: "The code is disabled.",
    Reason.CAMPAIGN_DISABLED: "Its campaign is disabled, so none of its codes can be redeemed.",
    Reason.NOT_HOLDER: "It was published to someone else.",
    Reason.OWN_REFERRAL: "It is the customer’s own referral code.",
    Reason.UNKNOWN: "There is no such code. Check each character.",
}


def in_words(verdict: Verdict) -> Words:
    match verdict.reason:
        case None:
            return Words("Redeemable", _good(verdict), "good", "circle-check")
        case Reason.UNKNOWN:
            return Words("Unknown code", BECAUSE[Reason.UNKNOWN], "bad", "circle-question-mark")
        case Reason.NOT_STARTED if verdict.starts:
            return Words("Not valid yet", f"It can be redeemed from {_day(verdict.starts)}.", "warn", "clock")
        case Reason.EXPIRED if verdict.ends:
            return Words("Expired", f"It expired on {_day(verdict.ends)}.", "bad", "calendar-x")
        case Reason.USED_UP if verdict.balance == 0 and (verdict.limit is None or verdict.uses < verdict.limit):
            return Words("Used up", "Nothing is left of its balance.", "bad", "circle-x")
        case Reason.USED_UP:
            limit = verdict.limit or verdict.uses
            times = "once, and may be used once" if limit == 1 else f"{limit:,} times, as often as it may be"
            return Words("Used up", f"It has been used {times}.", "bad", "circle-x")
        case Reason.BALANCE_TOO_LOW if verdict.balance is not None:
            return Words(
                "Balance too low", f"{number_format(verdict.balance, 2)} is left of it.", "warn", "circle-alert"
            )
    return Words(str(verdict.reason.label), BECAUSE[verdict.reason], "bad", "circle-x")


def _good(verdict: Verdict) -> str:
    if verdict.limit is None:
        uses = "It can be used any number of times"
    elif verdict.limit == 1:
        uses = "It has not been used"
    else:
        left = verdict.limit - verdict.uses
        uses = f"{left:,} of {verdict.limit:,} uses {'is' if left == 1 else 'are'} left"
    valid = f", and it is valid until {_day(verdict.ends)}" if verdict.ends else ""
    nobody = verdict.voucher is not None and verdict.voucher.published_at is None
    return f"{uses}{valid}." + (" Nobody holds it." if nobody else "")


def _day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j M Y, H:i")
