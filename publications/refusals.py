"""Why a publication was refused: one exception a case, with the key and words of docs/api.md's table."""

from __future__ import annotations

from django.db.models import TextChoices

from campaigns.codes.models import Voucher
from campaigns.models import Campaign


class FailureReason(TextChoices):
    """Why a well-formed attempt failed: finer than the API's key for it, and in the words of the pages."""

    POOL_EMPTY = "pool_empty", "Pool empty"
    RESERVED = "reserved", "Reserved"
    NO_NEW_CODES = "no_new_codes", "No new codes"
    CAMPAIGN_EXPIRED = "campaign_expired", "Campaign expired"
    CAMPAIGN_DISABLED = "campaign_disabled", "Campaign disabled"
    ALREADY_PUBLISHED = "already_published", "Already published"
    ALREADY_JOINED = "already_joined", "Already joined"
    CODE_EXPIRED = "code_expired", "Code expired"
    CODE_DISABLED = "code_disabled", "Code disabled"
    RETIRED = "retired", "Retired"
    HELD_BACK = "held_back", "Held back"
    USED_UP = "used_up", "Used up"
    CUSTOMER_LIMIT = "customer_limit", "Customer’s limit reached"
    CAMPAIGN_LIMIT = "campaign_limit", "Campaign’s limit for the day reached"
    KEY_LIMIT = "key_limit", "API key’s limit for the day reached"
    CHANNEL_LIMIT = "channel_limit", "Channel’s limit for the day reached"
    OTHER = "other", "Other"  # from before reasons were stored, where the message did not tell


class PublishRefused(Exception):
    """Nothing was handed out. `is_attempt`: well-formed, so it is kept in the history as a failure, with its `reason`."""

    key = ""
    reason = FailureReason.OTHER
    message = ""
    details = ""
    is_attempt = True
    resource_id: str | None = None
    resource_type: str | None = None

    def __init__(self, details: str | None = None) -> None:
        if details is not None:
            self.details = details
        super().__init__(f"{self.message}: {self.details}" if self.details else self.message)


class NoVoucherSuitable(PublishRefused):
    key = "no_voucher_suitable_for_publication"
    reason = FailureReason.POOL_EMPTY
    message = "Couldn't find any voucher suitable for publication"
    details = (
        "The campaign has too few codes left in its pool. Add codes, or let the campaign extend its pool (AUTO_UPDATE)."
    )


class CodesReserved(NoVoucherSuitable):
    """What is left is kept for distributions."""

    reason = FailureReason.RESERVED

    def __init__(self, kept: str) -> None:
        super().__init__(
            f"The campaign has too few codes left that are not reserved: {kept}. Add codes, or cancel or stop what they are reserved for."
        )


class CodesExhausted(NoVoucherSuitable):
    """AUTO_UPDATE, but the campaign's code space has no room for as many as are missing."""

    reason = FailureReason.NO_NEW_CODES
    details = "Couldn't create new vouchers for publication"


class CampaignExpired(NoVoucherSuitable):
    reason = FailureReason.CAMPAIGN_EXPIRED
    details = "The campaign has expired. Change its expiration date to publish from it again."


class CampaignDisabled(PublishRefused):
    """Only where the project's settings refuse it: a disabled campaign publishes otherwise, as with Voucherify."""

    key = "voucher_cannot_be_published"
    reason = FailureReason.CAMPAIGN_DISABLED
    message = "Voucher cannot be published"
    details = "The campaign is disabled. Enable it to publish from it."


class VoucherAlreadyPublished(PublishRefused):
    key = "voucher_already_published"
    reason = FailureReason.ALREADY_PUBLISHED
    message = "Voucher already published"

    def __init__(self, voucher: Voucher) -> None:
        self.resource_id, self.resource_type = voucher.public_id, "voucher"
        super().__init__(f"Voucher '{voucher.public_id}' has already been published")


class VoucherCannotBePublished(PublishRefused):
    key = "voucher_cannot_be_published"
    message = "Voucher cannot be published"


class VoucherInactive(VoucherCannotBePublished):
    reason = FailureReason.CODE_DISABLED

    def __init__(self, voucher: Voucher) -> None:
        self.resource_id, self.resource_type = voucher.public_id, "voucher"
        super().__init__(f"Voucher '{voucher.public_id}' is disabled")


class VoucherReserved(VoucherCannotBePublished):
    """Kept for a distribution, which needs all that is left."""

    reason = FailureReason.RESERVED

    def __init__(self, voucher: Voucher, kept: str) -> None:
        self.resource_id, self.resource_type = voucher.public_id, "voucher"
        super().__init__(f"Voucher '{voucher.public_id}' is needed for a distribution: {kept}, and no others are left")


class VoucherWithdrawn(VoucherCannotBePublished):
    """Out of the pool for another reason than a use."""

    def __init__(self, voucher: Voucher) -> None:
        self.resource_id, self.resource_type = voucher.public_id, "voucher"
        if voucher.withdrawn_why == Voucher.Withdrawn.RETIRED:
            self.reason = FailureReason.RETIRED
            super().__init__(f"Voucher '{voucher.public_id}' was released before, and retired")
        else:
            self.reason = FailureReason.HELD_BACK
            super().__init__(f"Voucher '{voucher.public_id}' is held back")


class VoucherUsedUp(VoucherCannotBePublished):
    reason = FailureReason.USED_UP

    def __init__(self, voucher: Voucher) -> None:
        self.resource_id, self.resource_type = voucher.public_id, "voucher"
        super().__init__(f"Voucher '{voucher.public_id}' is used up")


class VoucherExpired(VoucherCannotBePublished):
    reason = FailureReason.CODE_EXPIRED

    def __init__(self, details: str, *, of_campaign: bool = False) -> None:
        if of_campaign:
            self.reason = FailureReason.CAMPAIGN_EXPIRED
        super().__init__(details)


class AlreadyJoined(VoucherCannotBePublished):
    reason = FailureReason.ALREADY_JOINED
    details = "Customer already joined program"


class DuplicateSourceId(PublishRefused):
    key = "duplicate_source_id"
    message = "Duplicate source_id"
    is_attempt = False

    def __init__(self, source_id: str, *, released: bool = False) -> None:
        super().__init__(
            f"Publication with source_id: '{source_id}' already exists" + (" and was released" if released else "")
        )


class TooManyVouchers(PublishRefused):
    key = "too_many_vouchers_requested"
    message = "Too many vouchers requested"
    details = "Only up to 1 can be published"
    is_attempt = False


class Quarantined(PublishRefused):
    """What was given lately is lost, so nothing is given until a Manager has decided (publications/quarantine)."""

    key = "service_unavailable"
    message = "Publishing is held"
    is_attempt = False


class CampaignGone(PublishRefused):
    """Deleted between being looked up and the statement."""

    key = "not_found"
    message = "Resource not found"
    is_attempt = False

    def __init__(self, campaign: Campaign) -> None:
        self.resource_id, self.resource_type = campaign.public_id, "campaign"
        super().__init__(f"Cannot find campaign with id {campaign.public_id}")


class CustomerLimitReached(PublishRefused):
    key = "customer_limit_reached"
    reason = FailureReason.CUSTOMER_LIMIT
    message = "Limit of codes per customer reached"
    details = (
        "The customer holds as many codes of this campaign as one customer may. A released code makes room for another."
    )


class DayLimitReached(PublishRefused):
    """As many codes were given today, in the project's time zone, as may be."""


class CampaignLimitReached(DayLimitReached):
    key = "campaign_limit_reached"
    reason = FailureReason.CAMPAIGN_LIMIT
    message = "The campaign's limit of codes per day is reached"
    details = "The campaign has given out as many codes today as it may. Try again tomorrow, or raise its limit."


class KeyLimitReached(DayLimitReached):
    key = "api_key_limit_reached"
    reason = FailureReason.KEY_LIMIT
    message = "The API key's limit of codes per day is reached"
    details = "This API key has published as many codes today as it may. Try again tomorrow, or raise its limit."


class ChannelLimitReached(DayLimitReached):
    key = "channel_limit_reached"
    reason = FailureReason.CHANNEL_LIMIT
    message = "The channel's limit of codes per day is reached"
    details = "As many codes went out through this channel today as may. Try again tomorrow, or raise its limit."
