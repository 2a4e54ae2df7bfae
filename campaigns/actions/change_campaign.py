"""Changes a campaign's settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from campaigns.actions.create_campaign import CHANGEABLE, FIELDS, check_campaign, raise_if_taken
from campaigns.actions.keep_offer import OFFER, count_inheriting, hold_codes, keep_the_last, most_redeemed
from campaigns.check_value import InvalidFields, told_changes
from campaigns.models import Campaign
from config.actor import Actor
from config.staff.audit import record

TEXTS = {"description", "metadata"}
ASK = "Codes with this value have been published. Change it in the campaign’s settings, where you choose what happens to them."
SETTLED = {"kind", "standalone"}  # may be sent again, but only unchanged


class CampaignGone(Exception):
    """The campaign was deleted in the meantime."""


class Held(Enum):
    """What becomes of codes already given out when the offer changes that they take their value or limit from."""

    ALL = "all"  # they change, too
    NEW = "new"  # they keep what they have (change_offer.py)


TOLD = {Held.ALL: "changed too", Held.NEW: "keep what they were worth"}  # in the audit log


def change_campaign(
    campaign: Campaign,
    changes: Mapping[str, Any],
    *,
    held: Held | None = None,
    add_metadata: Mapping[str, Any] | None = None,
    drop_metadata: Collection[str] = (),
    by: Actor,
) -> Campaign:
    """Writes only the columns of `changes` that differ, so that what others changed meanwhile stays.

    A changed code configuration applies to codes generated from now on; a changed value applies to codes without a
    value of their own. If customers hold such codes, `held` must say what becomes of them. A gift amount never drops
    below what a code has already paid. `add_metadata` and `drop_metadata` change single keys of the metadata. Raises
    `InvalidFields`, `NameTaken` and `CampaignGone`.
    """
    if unknown := changes.keys() - set(CHANGEABLE) - SETTLED:
        raise InvalidFields(dict.fromkeys(unknown, "This cannot be changed."))
    try:
        with transaction.atomic():
            if held == Held.NEW or _lowers_gift(campaign, changes):
                hold_codes()
            # Locked because rules tie fields together: two changes that are each valid may be invalid together.
            now = Campaign.objects.live().select_for_update(no_key=True).filter(pk=campaign.pk).first()
            if now is None:
                raise CampaignGone(f"The campaign “{campaign.name}” was deleted.")
            if other := [name for name in changes.keys() & SETTLED if changes[name] != getattr(now, name)]:
                raise InvalidFields(dict.fromkeys(other, "This cannot be changed."))
            before = {name: getattr(now, name) for name in FIELDS}
            _put(now, changes, add_metadata or {}, drop_metadata)
            check_campaign(now)
            changed = {name: getattr(now, name) for name in FIELDS if getattr(now, name) != before[name]}
            offer = changed.keys() & OFFER
            _settle_held_codes(now, offer, held)
            if "gift_amount" in changed and (paid := most_redeemed(now)) > (now.gift_amount or 0):
                raise InvalidFields({"gift_amount": f"One of its codes has already paid {paid}. Enter {paid} or more."})
            if changed:
                # Any of them may give an empty pool something to publish.
                Campaign.objects.filter(pk=now.pk).update(
                    **changed, updated_at=Now(), pool_version=F("pool_version") + 1
                )
                _record(now, before, changed, held if offer else None, by)
    except IntegrityError as refused:
        raise_if_taken(refused, changes.get("name", campaign.name))
        raise
    return now


def _put(
    campaign: Campaign, changes: Mapping[str, Any], add_metadata: Mapping[str, Any], drop_metadata: Collection[str]
) -> None:
    for name, value in changes.items():
        setattr(campaign, name, value)
    if add_metadata or drop_metadata:
        merged = {**campaign.metadata, **add_metadata}
        campaign.metadata = {key: value for key, value in merged.items() if key not in drop_metadata}


def _settle_held_codes(campaign: Campaign, offer: Collection[str], held: Held | None) -> None:
    """What a changed offer means for codes already given out. If there are any, the caller must have said."""
    if offer and held == Held.NEW:
        keep_the_last(campaign, offer)
    if offer and held is None and count_inheriting(campaign, offer):
        raise InvalidFields(dict.fromkeys(offer, ASK))


def _lowers_gift(campaign: Campaign, changes: Mapping[str, Any]) -> bool:
    amount = changes.get("gift_amount")
    return amount is not None and campaign.gift_amount is not None and amount < campaign.gift_amount


def _record(campaign: Campaign, before: dict, changed: dict, held: Held | None, by: Actor) -> None:
    if changed.keys() == {"active"}:
        action, details = ("campaign.enabled" if campaign.active else "campaign.disabled"), {}
    else:
        action, details = "campaign.changed", told_changes(before, changed, texts=TEXTS)
        if held:
            details["codes_given_out_before"] = TOLD[held]
    record(
        action,
        by=by,
        object_id=campaign.public_id,
        object_label=campaign.name,
        campaign_id=campaign.pk,
        **details,
    )
