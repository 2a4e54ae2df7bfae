"""How many codes one call may use: the first five of up to 30, Voucherify's default."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from config.api.schemas import Answer, Metadata, NeverSet

MOST_APPLIED = 5


class LimitExceeded(Answer):
    key: Literal["applicable_redeemables_limit_exceeded"]
    message: Literal["Applicable redeemables limit exceeded"]


class Skipped(Answer):
    details: LimitExceeded


class SkippedRedeemable(Answer):
    """A code that was not used, because there were five before it. It was not looked at."""

    status: Literal["SKIPPED"]
    id: str = Field(examples=["AUTUMN-7GK2"])
    """As it was sent."""
    object: Literal["voucher"]
    result: Skipped
    metadata: Metadata
    categories: NeverSet


def over_the_limit(reference: str) -> dict[str, Any]:
    return SkippedRedeemable.of(id=reference, result=Skipped.of(details=LimitExceeded.of()), metadata={})
