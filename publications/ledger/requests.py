"""What callers ask of the ledger, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

from campaigns.codes.models import Voucher
from config.actor import Actor


class PublishRequest(NamedTuple):
    """One publication: what it says, and how many codes it gets. Campaign, customer and vouchers are keys."""

    campaign: int | None
    customer: int | None
    channel: str
    origin: str
    by: Actor
    quantity: int = 1
    at_least: int | None = None  # fewer than `quantity` will do, but not fewer than this; None: all or nothing
    vouchers: Sequence[int] = ()  # those asked for by name, as many as `quantity`
    source_id: str | None = None
    request_hash: bytes | None = None
    metadata: Mapping[str, Any] | None = None
    join_once: bool = False
    activity: str | None = None  # how long the codes are good for from now on, as ISO 8601; None: as long as they were
    moment: datetime | None = None  # None: now


class Codes(Enum):
    """Where the codes come from."""

    NEXT = "the pool's next that nobody else is taking"
    NEXT_OF_EACH = "as NEXT, one code for each request, each request of another campaign"
    NEXT_FOR_SURE = "the pool's next, from the start, and waiting for those that others hold: under the pool's lock"
    NAMED = "those asked for by name, if they may be published now"
    MADE = "those asked for by name that the caller has made for it: not what is reserved"
    PAST = "those asked for by name that nobody holds: for what was published elsewhere, in the past"


class Given(NamedTuple):
    publication: int
    created_at: datetime
    quantity: int
    vouchers: list[Voucher]  # ordered by id; empty unless they were asked for


class Declined(Enum):
    NO_CODES = "too few codes in the pool, as far as was looked; or a code asked for by name may not be published"
    QUARANTINED = "a quarantine is open"
    CUSTOMER_GONE = "the customer was erased meanwhile, or is just being erased and the caller would not wait"
    REPEAT = "a unique index: this source_id was given codes before, or this customer, of a join-once campaign"
    LIMITED = "there is a limit to look at, for which the caller would not wait"
    CUSTOMER_LIMIT = "the customer holds as many codes of the campaign as one may"
    CAMPAIGN_LIMIT = "the campaign has given as many codes today as it may"
    KEY_LIMIT = "the API key has published as many codes today as it may"
    CHANNEL_LIMIT = "as many codes went out through the channel today as may"
    BUSY = "somebody else is at this source_id or customer right now, and the caller would not wait"


LIMITS = (Declined.CUSTOMER_LIMIT, Declined.CAMPAIGN_LIMIT, Declined.KEY_LIMIT, Declined.CHANNEL_LIMIT)


class LimitReached(Exception):
    """Nothing was given, because a limit set by staff is reached."""

    def __init__(self, limit: Declined) -> None:
        super().__init__(limit.value)
        self.limit = limit
