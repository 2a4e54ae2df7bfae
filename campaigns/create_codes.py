"""Makes standalone codes, or one code with a name of its own in a campaign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from psycopg.types.json import Jsonb

from campaigns.check_value import InvalidFields, check_columns, check_dates, check_value
from campaigns.code_space import LONGEST_CODE, CodeSpace
from campaigns.make_codes import codes_taken, make_codes
from campaigns.models import Campaign, Voucher
from campaigns.pool import raise_pool_version
from config.actor import Actor
from config.audit import record

MOST_AT_ONCE = 10_000  # standalone codes, made while the caller waits: a campaign is the place for more
FIELDS = [
    *("type", "discount_type", "discount_value", "unit_type", "gift_amount", "start_date", "expiration_date"),
    *("active", "category", "additional_info", "metadata", "redemption_limit"),
]


class CodeTaken(Exception):
    """The code exists already, in this campaign or elsewhere; or it existed, and stays reserved."""

    def __init__(self, code: str):
        super().__init__(f"The code “{code}” exists already. Codes are unique over the whole server.")
        self.code = code


def create_code(code: str, fields: Mapping[str, Any], *, campaign: Campaign | None = None, by: Actor) -> Voucher:
    """One code with the given text. Raises `InvalidFields` and `CodeTaken`; the database decides who was first."""
    code = code.strip()
    voucher = _checked(fields, campaign)
    if not code or not code.isprintable() or len(code) > LONGEST_CODE:
        raise InvalidFields({"code": f"Enter 1 to {LONGEST_CODE} visible characters."})
    voucher.code = code
    try:
        with transaction.atomic():
            voucher.save(force_insert=True)
            record("code.created", by=by, object_id=voucher.public_id, campaign_id=voucher.campaign_id)
            raise_pool_version(voucher.campaign_id)
    except IntegrityError as refused:
        if "voucher_code_unique" in str(refused):
            raise CodeTaken(code) from None
        raise
    return voucher


def create_codes(space: CodeSpace, fields: Mapping[str, Any], *, count: int, by: Actor) -> int:
    """`count` standalone codes at random. Raises `InvalidFields`, `CodeSpaceTooSmall` and `CodeSpaceExhausted`."""
    if not 1 <= count <= MOST_AT_ONCE:
        raise InvalidFields({"count": f"Make 1 to {MOST_AT_ONCE:,} codes at once; for more, make a campaign."})
    voucher = _checked(fields, None)
    taken, about = codes_taken(space)
    space.must_hold(count, taken=taken, about=about)
    columns = {name: getattr(voucher, name) for name in FIELDS}
    columns["metadata"] = Jsonb(voucher.metadata) if voucher.metadata else None
    with transaction.atomic():
        make_codes(space, count=count, **columns)
        record("code.created", by=by, object_label=f"{count:,} standalone codes", count=count)
    return count


def _checked(fields: Mapping[str, Any], campaign: Campaign | None) -> Voucher:
    if unknown := fields.keys() - set(FIELDS):
        raise InvalidFields(dict.fromkeys(unknown, "This cannot be set."))
    voucher = Voucher(**fields, campaign=campaign)
    if campaign:
        voucher.type = campaign.voucher_type
    errors = check_columns(voucher, FIELDS)
    if not errors:
        gift = voucher.type == Voucher.Type.GIFT
        errors = check_value(voucher, gift=gift, needed=campaign is None)
        errors |= check_dates(voucher.start_date, voucher.expiration_date)
    if voucher.redemption_limit == 0:
        errors["redemption_limit"] = "Enter 1 or more; leave it empty for no limit."
    if errors:
        raise InvalidFields(errors)
    voucher.category = voucher.category or None
    voucher.additional_info = voucher.additional_info or None
    return voucher
