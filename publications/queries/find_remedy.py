"""For each reason why publishing failed: what to do about it, and where."""

from __future__ import annotations

from typing import NamedTuple

from django.urls import reverse

from campaigns.codes.state import CodeState
from campaigns.models import Campaign
from publications.refusals import FailureReason


class Remedy(NamedTuple):
    text: str  # why it happens and what helps, in one or two sentences
    action: str  # what the link says
    url: str


# By reason: the text, what the link says, and the campaign's page (a state: the campaign's codes in it).
REMEDIES: dict[FailureReason, tuple[str, str, str | CodeState]] = {
    FailureReason.POOL_EMPTY: (
        "The pool had fewer codes left than were asked for. Add codes, or let the pool extend itself.",
        "Add codes",
        "extend",
    ),
    FailureReason.RESERVED: (
        "The codes left in the pool are reserved for distributions. Add codes, or cancel or stop a distribution.",
        "Add codes",
        "extend",
    ),
    FailureReason.NO_NEW_CODES: (
        "The pool extends itself, but no new code fits the campaign’s pattern. Make its codes longer.",
        "Change the pattern",
        "settings",
    ),
    FailureReason.CAMPAIGN_EXPIRED: (
        "The campaign is over, and something still asks it for codes. Move its end, or stop whoever asks.",
        "Move its end",
        "settings",
    ),
    FailureReason.CAMPAIGN_DISABLED: (
        "The campaign is disabled, and the project settings refuse to publish from disabled ones.",
        "Enable it",
        "settings",
    ),
    FailureReason.ALREADY_PUBLISHED: (
        "A code was requested that somebody already has. Request a code of the campaign instead: it gives the next free one.",
        "See published codes",
        CodeState.REDEEMABLE,
    ),
    FailureReason.ALREADY_JOINED: (
        "The customer already has a code, and the campaign gives each customer only one.",
        "Change “Join once”",
        "settings",
    ),
    FailureReason.CODE_EXPIRED: (
        "The code had expired before anybody got it. Change the dates of such codes.",
        "See expired codes",
        CodeState.EXPIRED,
    ),
    FailureReason.CODE_DISABLED: (
        "The code is disabled. Enable it, or ask for the campaign instead of a code.",
        "See disabled codes",
        CodeState.DISABLED,
    ),
    FailureReason.RETIRED: (
        "The code was released, and whoever had it may still know it. Ask for the campaign instead.",
        "See retired codes",
        CodeState.RETIRED,
    ),
    FailureReason.HELD_BACK: (
        "A Manager took the code out of the pool. Return it to the pool, or ask for the campaign instead.",
        "See held-back codes",
        CodeState.HELD_BACK,
    ),
    FailureReason.USED_UP: (
        "Nothing is left on the code. Ask for the campaign instead: it gives a fresh one.",
        "See used-up codes",
        CodeState.USED_UP,
    ),
    FailureReason.CUSTOMER_LIMIT: (
        "The customer holds as many codes of the campaign as one customer may. Release one of them, or raise the limit.",
        "Change the limit",
        "settings",
    ),
    FailureReason.CAMPAIGN_LIMIT: (
        "The campaign had given out as many codes that day as it may. It goes on the next day, or once the limit is raised.",
        "Change the limit",
        "settings",
    ),
}
# Limits that are set elsewhere than in a campaign.
SET_ELSEWHERE: dict[FailureReason, tuple[str, str, str]] = {
    FailureReason.KEY_LIMIT: (
        "The API key had published as many codes that day as it may. It goes on the next day, or once the limit is raised.",
        "See API keys",
        "api:api-keys",
    ),
    FailureReason.CHANNEL_LIMIT: (
        "As many codes as may had gone out through the channel that day. It goes on the next day, or once the limit is raised.",
        "See the limits of channels",
        "staff:settings",
    ),
}
OTHER = "The reason was not stored in a form that can be counted. Each attempt tells it in words."


def find_remedy(reason: FailureReason, campaign: Campaign | None = None) -> Remedy:
    """In the campaign; or, without one, where all campaigns are listed."""
    if reason in SET_ELSEWHERE:
        text, action, page = SET_ELSEWHERE[reason]
        return Remedy(text, action, reverse(page))
    if reason not in REMEDIES:
        return Remedy(OTHER, "Read the attempts", f"{reverse('publications:history')}?result={reason}")
    text, action, page = REMEDIES[reason]
    if isinstance(page, CodeState):
        of_campaign = f"&campaign={campaign.public_id}" if campaign else ""
        return Remedy(text, action, f"{reverse('campaigns:codes')}?status={page}{of_campaign}")
    if campaign is None:
        return Remedy(text, "See campaigns", reverse("campaigns:list"))
    return Remedy(text, action, reverse(f"campaigns:{page}", args=[campaign.pk]))
