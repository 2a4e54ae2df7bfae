"""Creates a campaign and orders its first codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from campaigns.check_value import InvalidFields, check_columns, check_dates, check_limit, check_value
from campaigns.codes.actions.create_codes import create_code, create_random_code
from campaigns.codes.actions.extend_pool import MOST_IN_ONE_ORDER, order_codes, space_of
from campaigns.codes.actions.keep_reserve import LARGEST_RESERVE
from campaigns.codes.code_space import InvalidCodeConfiguration
from campaigns.durations import InvalidDuration, parse_duration
from campaigns.models import Campaign
from config.actor import Actor
from config.staff.audit import record

# What can be set now and changed later. Only the kind is fixed from the start, because it is the type of the codes.
CHANGEABLE = [
    *("name", "auto_update", "reserve", "start_date", "expiration_date"),
    *("discount_type", "discount_value", "unit_type", "gift_amount"),
    *("code_length", "code_charset", "code_prefix", "code_postfix", "code_pattern"),
    *("join_once", "activity_duration", "redemption_limit", "category", "description", "metadata", "active"),
    *("only_holder", "only_published", "codes_per_customer", "codes_per_day"),
]
FIELDS = ["kind", "standalone", *CHANGEABLE]


class NameTaken(Exception):
    """Another campaign that is not deleted has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is already a campaign called “{name}”. Choose another name.")
        self.name = name


def create_campaign(fields: Mapping[str, Any], *, count: int = 0, code: str = "", by: Actor) -> Campaign:
    """`fields` are columns of Campaign (`FIELDS`); `count` codes are ordered and generated in the background.

    A standalone campaign has its one code when this returns: `code`, or a random one if that is "". By default a code
    may be redeemed once, a gift voucher until its balance is used up, and a referral code by any number of referees.
    Raises `InvalidFields`, `NameTaken`, `CodeTaken`, and `CodeSpaceTooSmall` or `CodeSpaceExhausted` if the code
    configuration cannot give that many codes; then nothing is created.
    """
    campaign = Campaign(**_known(fields, FIELDS), actor_kind=by.kind, actor_id=by.id, actor_label=by.label)
    # After one use the rest of a gift's balance would be lost, and a referral code is for many.
    if campaign.kind != Campaign.Kind.DISCOUNT_COUPONS and "redemption_limit" not in fields:
        campaign.redemption_limit = None
    check_campaign(campaign)
    if campaign.standalone and count > 1:
        raise InvalidFields({"count": "This type of campaign has a single code."})
    if not 0 <= count <= MOST_IN_ONE_ORDER:
        raise InvalidFields(
            {"count": f"Generate at most {MOST_IN_ONE_ORDER:,} codes at a time; you can add more later."}
        )
    try:
        with transaction.atomic():
            campaign.save(force_insert=True)
            record(
                "campaign.created",
                by=by,
                object_id=campaign.public_id,
                object_label=campaign.name,
                campaign_id=campaign.pk,
                kind=campaign.kind,
            )
            if campaign.standalone and code:
                create_code(code, {}, campaign=campaign, by=by)
            elif campaign.standalone:
                create_random_code(space_of(campaign), {}, campaign=campaign, by=by)
            elif count:
                order_codes(campaign, count=count, by=by)
    except IntegrityError as refused:
        raise_if_taken(refused, campaign.name)
        raise
    return campaign


def check_campaign(campaign: Campaign) -> None:
    """The rules that a campaign must meet by itself; sets what follows from them. Raises `InvalidFields` with every
    problem.
    """
    errors = check_columns(campaign, FIELDS)
    if not errors.keys() & {"discount_type", "discount_value", "unit_type", "gift_amount", "kind"}:
        gift = campaign.kind == Campaign.Kind.GIFT_VOUCHERS
        errors |= check_value(campaign, gift=gift, needed=gift)
    if not errors.keys() & {"start_date", "expiration_date"}:
        errors |= check_dates(campaign.start_date, campaign.expiration_date)
    errors |= check_limit(campaign.redemption_limit) | _check_kind(campaign)
    if not campaign.auto_update:
        campaign.reserve = 0
    elif "reserve" not in errors and campaign.reserve > LARGEST_RESERVE:
        errors["reserve"] = f"Keep at most {LARGEST_RESERVE:,} codes in reserve."
    try:
        campaign.activity_duration = parse_duration(campaign.activity_duration)
    except InvalidDuration as refused:
        errors["activity_duration"] = str(refused)
    if not any(name.startswith("code_") for name in errors):
        try:
            space_of(campaign)
        except InvalidCodeConfiguration as refused:
            errors[f"code_{refused.field}"] = refused.message
    if errors:
        raise InvalidFields(errors)


def _check_kind(campaign: Campaign) -> dict[str, str]:
    errors = {}
    if campaign.standalone and campaign.auto_update:
        errors["auto_update"] = "A single-code campaign cannot extend its pool."
    if campaign.standalone and campaign.kind == Campaign.Kind.REFERRAL_PROGRAM:
        errors["kind"] = "A referral program needs one code per customer."
    if campaign.kind == Campaign.Kind.REFERRAL_PROGRAM:
        campaign.join_once = True  # a referrer has one code, by which their referees are told from those of others
    return errors


def raise_if_taken(refused: IntegrityError, name: str) -> None:
    """Raises `NameTaken` if that is why the database refused. Only the database can tell while others write."""
    if "campaign_name_unique" in str(refused):
        raise NameTaken(name) from None


def _known(fields: Mapping[str, Any], names: list[str]) -> Mapping[str, Any]:
    if unknown := fields.keys() - set(names):
        raise InvalidFields(dict.fromkeys(unknown, "This cannot be set."))
    return fields
