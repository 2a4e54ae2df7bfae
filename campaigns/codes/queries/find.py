"""Finds the campaign or code that a caller means. Deleted ones count as absent."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.columns import Columns
from config.public_ids import CAMPAIGN, VOUCHER, key_of

# By hand, since every call that publishes looks for one: the same through the ORM took four times as long.
COLUMNS = Columns(Campaign, "c")
BY_NAMES = f"SELECT {COLUMNS} FROM campaigns_campaign c WHERE c.name = ANY(%s) AND c.deleted_at IS NULL"  # noqa: S608
BY_NAME = f"SELECT {COLUMNS} FROM campaigns_campaign c WHERE c.name = %s AND c.deleted_at IS NULL"  # noqa: S608


class CampaignNotFound(LookupError):
    """No campaign has that name or id."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"Cannot find campaign with id {reference}")
        self.reference = reference


class VoucherNotFound(LookupError):
    """No voucher has that code or id."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"Cannot find voucher with id {reference}")
        self.reference = reference


def find_campaign(reference: str) -> Campaign:
    """By `camp_…` id, otherwise by name. Raises CampaignNotFound."""
    found = None
    if key := key_of(CAMPAIGN, reference):
        found = Campaign.objects.live().filter(pk=key).first()
    found = found or COLUMNS.first(BY_NAME, [reference])
    if not found:
        raise CampaignNotFound(reference)
    return found


def find_campaigns(references: Collection[str]) -> dict[str, Campaign]:
    """Like `find_campaign` for each reference; those that match nothing are left out."""
    found = {campaign.name: campaign for campaign in COLUMNS.all(BY_NAMES, [list(references)])}
    if keys := {key: reference for reference in references if (key := key_of(CAMPAIGN, reference))}:
        found |= {keys[campaign.pk]: campaign for campaign in Campaign.objects.live().filter(pk__in=keys)}
    return found


def find_voucher(reference: str, *, published: bool = False) -> Voucher:
    """By code (`published`: only a published one), otherwise by `v_…` id, with `campaign` set. Raises VoucherNotFound."""
    named = vouchers_to_see().filter(code=reference)
    found = (named.filter(published_at__isnull=False) if published else named).first()
    if not found and (key := key_of(VOUCHER, reference)):
        found = vouchers_to_see().filter(pk=key).first()
    if not found:
        raise VoucherNotFound(reference)
    return found


def vouchers_to_see() -> QuerySet[Voucher]:
    """Codes that are not deleted, and whose campaign is not, with `campaign` joined; standalone ones too."""
    return Voucher.objects.filter(deleted_at=None, campaign__deleted_at=None).select_related("campaign")
