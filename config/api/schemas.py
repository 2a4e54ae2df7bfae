"""What the answers of the API are made of, for its OpenAPI document. Tests hold real answers against these models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

# Fields that some answers do not have at all; the examples show the one and leave out the other.
MAYBE: Any = Field(default=None)
SHOWN: Any = Field(default=None, json_schema_extra={"x-shown": True})

Moment = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        examples=["2026-10-24T08:15:30.017Z"],
        json_schema_extra={"format": "date-time"},
    ),
]
Hundredths = Annotated[int | float, Field(description="Money, in hundredths: 1000 is 10.00.", examples=[1000])]
Metadata = Annotated[dict[str, Any], Field(examples=[{"provider": "Shop Admin"}])]
Nothing = Annotated[None, Field(description="Always null: Voucherify's clients need the field.", examples=[None])]
NeverSet = Annotated[list[Any], Field(max_length=0, description="Always empty.", examples=[[]])]


def id_of(prefix: str, example: str) -> Any:
    """An id of ours, as `id_of("camp", "camp_…")`; several prefixes are joined by |."""
    return Annotated[str, Field(pattern=f"^({prefix})_[0-9A-Za-z]+$", examples=[example])]


CampaignId = id_of("camp", "camp_b7TzQw3EXs9vLk2M")
VoucherId = id_of("v", "v_k4GmRz81sXqTeB7u")
CustomerId = id_of("cust", "cust_W2nVd9LpYc6HsJ3a")
PublicationId = id_of("pub", "pub_J8LmWq0ZtK2nB4xE")


class Answer(BaseModel):
    # Only the document uses these models, so their validators are not built at the start.
    model_config = ConfigDict(use_attribute_docstrings=True, defer_build=True)


class Hint(Answer):
    message: str


class Error(Answer):
    """Every error of the API, whatever its status."""

    code: int = Field(examples=[400])
    """The HTTP status."""
    key: str = Field(examples=["invalid_payload"])
    message: str = Field(examples=["Invalid payload"])
    details: str = Field(examples=["campaign.count: must be at most 50"])
    """What was wrong, and how to mend it."""
    request_id: str = Field(examples=["v-1f0c2a9be4d7518362"])
    """As the header X-Request-Id."""
    resource_id: str | None = MAYBE
    resource_type: str | None = MAYBE
    error: Hint = MAYBE
    """Of redemptions: what was wrong, where `details` only names the voucher."""


class Listed(Answer):
    """What all lists have."""

    object: Literal["list"]
    total: int = Field(ge=0, le=100_001, examples=[1])
    """Exact up to 100,000; 100001 means more."""
    has_more: bool = Field(examples=[False])
    """Whether `starting_after`, with the id of the last row, leads to more."""


class MetadataSchemas(Answer):
    object: Literal["list"]
    data_ref: Literal["schemas"]
    schemas: NeverSet
    total: Literal[0]
    has_more: Literal[False]


class Rules(Answer):
    object: Literal["list"]
    data_ref: Literal["data"]
    data: NeverSet
    total: Literal[0]
