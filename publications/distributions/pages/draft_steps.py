"""The steps by which a draft is filled in, and which of them lack something."""

from __future__ import annotations

from typing import NamedTuple

from publications.distributions.models import Distribution

Audience, Message = Distribution.Audience, Distribution.Message


class Step(NamedTuple):
    name: str  # also the last word of its address
    label: str
    done: bool


def draft_steps(draft: Distribution) -> list[Step]:
    """In their order. The last, the review, is never done: it is where the run is started."""
    codes = Step("codes", "Codes", draft.campaign_id is not None or bool(draft.body))
    return [
        Step("audience", "Audience", has_audience(draft)),
        *([] if draft.remind else [codes]),  # a reminder's are known with its audience
        Step("message", "Message", has_message(draft)),
        Step("when", "When", has_audience(draft) and has_message(draft)),  # "now" unless somebody says otherwise
        Step("review", "Review", False),
    ]


def has_audience(draft: Distribution) -> bool:
    match draft.audience:
        case Audience.CUSTOMER:
            return draft.customer_id is not None
        case Audience.SEGMENT:
            return draft.segment_id is not None
        case Audience.LIST:
            return draft.listed.exists()
        case Audience.HOLDERS:
            return draft.campaign_id is not None
    return False


def has_message(draft: Distribution) -> bool:
    match draft.message:
        case Message.EMAIL:
            return bool(draft.subject and draft.body)
        case Message.WEBHOOK:
            return draft.webhook_id is not None
    return draft.campaign_id is not None  # publish only
