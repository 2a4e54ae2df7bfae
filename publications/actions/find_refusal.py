"""Why nothing was given, read after the writing statement declined: as things were when it did, or are since."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from campaigns.codes.models import Voucher
from campaigns.codes.queries.reserved import reserved_in
from campaigns.codes.state import is_used_up
from campaigns.models import Campaign
from config.staff.quarantine import IS_OPEN
from publications.actions.quarantine_guard import refuse_if_quarantined
from publications.ledger.requests import Declined
from publications.refusals import (
    CampaignDisabled,
    CampaignExpired,
    CampaignGone,
    CampaignLimitReached,
    ChannelLimitReached,
    CodesExhausted,
    CodesReserved,
    CustomerLimitReached,
    KeyLimitReached,
    NoVoucherSuitable,
    PublishRefused,
    VoucherAlreadyPublished,
    VoucherExpired,
    VoucherInactive,
    VoucherReserved,
    VoucherUsedUp,
    VoucherWithdrawn,
)

STATE = f"""
SELECT deleted_at IS NOT NULL, coalesce(expiration_date <= now(), false),
       NOT active AND EXISTS (SELECT FROM staff_projectsettings WHERE refuse_disabled_campaigns),
       pool_version, auto_update, {IS_OPEN}, reserved_from
  FROM campaigns_campaign WHERE id = %s
"""  # noqa: S608 - our own constant


LIMITS: dict[Declined, type[PublishRefused]] = {
    Declined.CUSTOMER_LIMIT: CustomerLimitReached,
    Declined.CAMPAIGN_LIMIT: CampaignLimitReached,
    Declined.KEY_LIMIT: KeyLimitReached,
    Declined.CHANNEL_LIMIT: ChannelLimitReached,
}


class CampaignState(NamedTuple):
    """The campaign's row as it is now, by the database's clock."""

    deleted: bool
    expired: bool
    refused: bool  # disabled, in a project that refuses those
    pool_version: int
    auto_update: bool
    quarantined: bool
    reserved_from: int | None


def must_give(campaign: Campaign) -> CampaignState:
    """Raises PublishRefused where the campaign gives nothing, whatever is in its pool."""
    state = _state_of(campaign)
    if state.quarantined:
        refuse_if_quarantined()
    if state.deleted:
        raise CampaignGone(campaign)
    if state.expired:
        raise CampaignExpired()
    if state.refused:
        raise CampaignDisabled()
    return state


def refusal_of_pool(campaign: Campaign, state: CampaignState) -> NoVoucherSuitable:
    """Of a campaign that gives codes, but has too few of them."""
    if state.auto_update:
        return CodesExhausted()
    kept = reserved_in(campaign).in_words() if state.reserved_from is not None else ""
    return CodesReserved(kept) if kept else NoVoucherSuitable()


def refusal_of_code(asked: Voucher) -> PublishRefused:
    """Of a code that was asked for by name. Raises Quarantined."""
    refuse_if_quarantined()
    voucher = Voucher.objects.select_related("campaign").filter(pk=asked.pk).first()
    if voucher is None:  # erased between having been found and now
        return VoucherInactive(asked)
    if voucher.published_at:
        return VoucherAlreadyPublished(voucher)
    if not voucher.active or voucher.deleted_at:
        return VoucherInactive(voucher)
    if voucher.campaign and voucher.campaign.deleted_at:
        return CampaignGone(voucher.campaign)
    if voucher.withdrawn_why and voucher.withdrawn_why != Voucher.Withdrawn.USED:
        return VoucherWithdrawn(voucher)
    if is_used_up(voucher):
        return VoucherUsedUp(voucher)
    state = _state_of(voucher.campaign) if voucher.campaign else None
    if state and voucher.campaign and _is_reserved(voucher, state):
        return VoucherReserved(voucher, reserved_in(voucher.campaign).in_words())
    if state and state.refused:
        return CampaignDisabled()
    if state and state.expired:
        return VoucherExpired("The voucher's campaign has expired", of_campaign=True)
    return VoucherExpired(f"Voucher '{voucher.public_id}' has expired")


def _is_reserved(voucher: Voucher, state: CampaignState) -> bool:
    over = voucher.expiration_date is not None and voucher.expiration_date <= timezone.now()
    kept = state.reserved_from is not None and voucher.pk >= state.reserved_from and not voucher.withdrawn_at
    return kept and not (over or state.expired or state.refused)


def _state_of(campaign: Campaign) -> CampaignState:
    with connection.cursor() as cursor:
        cursor.execute(STATE, [campaign.pk])
        return CampaignState(*cursor.fetchone())
