"""What the answers of the API are made of: for its OpenAPI document, and to build them. Tests hold real answers against it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field

from config.api.door import iso

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
    """An answer's fields, in order. Values are never loaded into it: an answer is a plain dict (ADR 0007)."""

    # Only the document needs the validators; they are not built at the start.
    model_config = ConfigDict(use_attribute_docstrings=True, defer_build=True)

    @classmethod
    def of(cls, row: Any = None, /, **told: Any) -> dict[str, Any]:
        """The answer about a row. A field that is not told is the row's column of the same name (`id` its public id), or
        what it always is; one that some answers do not have (MAYBE, SHOWN) is left out unless it is told."""
        always, columns = _plan(cls, tuple(told))
        answer = always | told
        for name, read in columns:
            answer[name] = read(row)
        return answer


@cache
def _plan(answer: type[Answer], told: tuple[str, ...]) -> tuple[dict[str, Any], list[tuple[str, Callable[[Any], Any]]]]:
    """All fields in their order, with what they always are; and those to be read. Made once for each set of told fields."""
    if unknown := set(told) - answer.model_fields.keys():
        raise TypeError(f"{answer.__name__} has no {', '.join(sorted(unknown))}")
    kinds = get_type_hints(answer, include_extras=True)
    names = [name for name, field in answer.model_fields.items() if field.is_required() or name in told]
    always = {name: _always(kinds[name]) for name in names}
    columns = [(name, _reader(name, kinds[name])) for name in names if always[name] is VARIES and name not in told]
    return always, columns


def _reader(name: str, kind: Any) -> Callable[[Any], Any]:
    if name == "id":
        return attrgetter("public_id")
    column = attrgetter(name)
    return (lambda row: iso(column(row))) if kind is Moment or Moment in get_args(kind) else column


VARIES = object()


def _always(kind: Any) -> Any:
    """The value that all answers have there: `Literal["list"]`, Nothing, NeverSet, or an object of such fields alone."""
    if kind is Nothing:
        return None
    if kind is NeverSet:
        return []
    if get_origin(kind) is Literal and len(get_args(kind)) == 1:
        return get_args(kind)[0]
    if isinstance(kind, type) and issubclass(kind, Answer):
        parts = {
            name: _always(part)
            for name, part in get_type_hints(kind, include_extras=True).items()
            if name in kind.model_fields
        }
        return VARIES if VARIES in parts.values() else parts
    return VARIES


class Hint(Answer):
    message: str


class Error(Answer):
    """Every error of the API, whatever its status."""

    code: int = Field(examples=[400])
    """The HTTP status."""
    key: str = Field(examples=["invalid_payload"])
    message: str = Field(examples=["Invalid payload"])
    details: str = Field(examples=["campaign.count: must be at most 50"])
    """What was wrong and how to fix it."""
    request_id: str = Field(examples=["v-1f0c2a9be4d7518362"])
    """The same as the header X-Request-Id."""
    resource_id: str | None = MAYBE
    resource_type: str | None = MAYBE
    error: Hint = MAYBE
    """For redemptions: what was wrong, if `details` only names the voucher."""
    errors: list[dict[str, Any]] = MAYBE
    """For a batch that was refused: the error of each item that could not be published, with its `index`."""


class Listed(Answer):
    """What all lists have."""

    object: Literal["list"]
    total: int = Field(ge=0, le=100_001, examples=[1])
    """Exact up to 100,000; 100001 means there are more."""
    has_more: bool = Field(examples=[False])
    """Whether there are more rows; pass the id of the last one as `starting_after`."""


class Rules(Answer):
    object: Literal["list"]
    data_ref: Literal["data"]
    data: NeverSet
    total: Literal[0]
