"""Creates standalone codes, or one code in a campaign, with a given text or a random one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from psycopg.types.json import Jsonb

from campaigns.check_value import InvalidFields, check_columns, check_dates, check_limit, check_value
from campaigns.codes.actions.make_codes import codes_taken, make_code, make_codes
from campaigns.codes.code_space import LONGEST_CODE, RESERVED, CodeSpace
from campaigns.codes.models import Voucher
from campaigns.codes.pool import raise_pool_version
from campaigns.models import Campaign
from config.actor import Actor
from config.staff.audit import record

MOST_AT_ONCE = 10_000  # standalone codes, made while the caller waits: a campaign is the place for more
FIELDS = [
    *("type", "discount_type", "discount_value", "unit_type", "gift_amount", "start_date", "expiration_date"),
    *("active", "category", *Voucher.TEXTS, "metadata", "redemption_limit"),
]


class CodeTaken(Exception):
    """The code exists already, in this campaign or elsewhere; or it existed once and stays reserved."""

    def __init__(self, code: str) -> None:
        super().__init__(f"The code “{code}” already exists. Codes must be unique across all campaigns.")
        self.code = code


class HasItsCode(Exception):
    """The campaign consists of one code and already has it. `reference` is the campaign's id."""

    def __init__(self, campaign: Campaign) -> None:
        super().__init__(
            f"“{campaign.name}” is a single-code campaign and already has its code. Create another campaign for more."
        )
        self.reference = campaign.public_id


def create_code(code: str, fields: Mapping[str, Any], *, campaign: Campaign | None = None, by: Actor) -> Voucher:
    """One code with the given text. Raises `InvalidFields`, `CodeTaken` (the database decides who was first) and
    `HasItsCode`."""
    code = code.strip()
    voucher = check_code(fields, campaign)
    if not code or not code.isprintable() or len(code) > LONGEST_CODE:
        raise InvalidFields({"code": f"Enter 1 to {LONGEST_CODE} visible characters."})
    if code in RESERVED:
        raise InvalidFields({"code": f"“{code}” is reserved by the API. Choose another code."})
    voucher.code = code
    try:
        with transaction.atomic():
            _must_have_room(campaign)
            voucher.save(force_insert=True)
            record("code.created", by=by, object_id=voucher.public_id, campaign_id=voucher.campaign_id)
            raise_pool_version(voucher.campaign_id)
    except IntegrityError as refused:
        if "voucher_code_unique" in str(refused):
            raise CodeTaken(code) from None
        raise
    return voucher


def create_random_code(
    space: CodeSpace, fields: Mapping[str, Any], *, campaign: Campaign | None = None, by: Actor
) -> Voucher:
    """Creates one random code. Raises `InvalidFields`, `CodeSpaceExhausted` and `HasItsCode`."""
    columns = columns_of(check_code(fields, campaign), FIELDS)
    with transaction.atomic():
        _must_have_room(campaign)
        key = make_code(space, campaign_id=campaign and campaign.pk, **columns)
        voucher = Voucher.objects.select_related("campaign").get(pk=key)
        record("code.created", by=by, object_id=voucher.public_id, campaign_id=voucher.campaign_id)
        raise_pool_version(voucher.campaign_id)
    return voucher


def create_codes(space: CodeSpace, fields: Mapping[str, Any], *, count: int, by: Actor) -> int:
    """Creates `count` random standalone codes. Raises `InvalidFields`, `CodeSpaceTooSmall` and `CodeSpaceExhausted`."""
    if not 1 <= count <= MOST_AT_ONCE:
        raise InvalidFields({"count": f"Create 1 to {MOST_AT_ONCE:,} codes at a time. For more, create a campaign."})
    voucher = check_code(fields, None)
    taken, about = codes_taken(space)
    space.must_hold(count, taken=taken, about=about)
    with transaction.atomic():
        make_codes(space, count=count, **columns_of(voucher, FIELDS))
        record("code.created", by=by, object_label=f"{count:,} standalone code{'' if count == 1 else 's'}", count=count)
    return count


def columns_of(voucher: Voucher, names: Iterable[str]) -> dict[str, Any]:
    """The voucher's columns that make_codes() needs."""
    columns = {name: getattr(voucher, name) for name in names}
    if columns.get("metadata") is not None:
        columns["metadata"] = Jsonb(columns["metadata"]) if columns["metadata"] else None
    return columns


def _must_have_room(campaign: Campaign | None) -> None:
    """If two callers create a campaign's one code at once, the second waits here and then finds it."""
    if campaign and campaign.standalone:
        Campaign.objects.select_for_update().get(pk=campaign.pk)
        if campaign.vouchers.filter(deleted_at=None).exists():
            raise HasItsCode(campaign)


def check_code(fields: Mapping[str, Any], campaign: Campaign | None) -> Voucher:
    """A voucher without a code, built from these columns (`FIELDS`). Raises `InvalidFields` with every problem."""
    if unknown := fields.keys() - set(FIELDS):
        raise InvalidFields(dict.fromkeys(unknown, "This cannot be set."))
    voucher = Voucher(**fields, campaign=campaign)
    if campaign:
        if fields.get("type", campaign.voucher_type) != campaign.voucher_type:
            raise InvalidFields({"type": f"The codes in this campaign have the type {campaign.voucher_type}."})
        voucher.type = campaign.voucher_type
    errors = check_columns(voucher, FIELDS)
    if not errors:
        gift = voucher.type == Voucher.Type.GIFT
        errors = check_value(voucher, gift=gift, needed=campaign is None)
        errors |= check_dates(voucher.start_date, voucher.expiration_date)
    errors |= check_limit(voucher.redemption_limit)
    if errors:
        raise InvalidFields(errors)
    for name in ("category", *Voucher.TEXTS):
        setattr(voucher, name, getattr(voucher, name) or None)
    return voucher
