"""The API of many publications by one call, beyond Voucherify (docs/api.md, "Many publications at once")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from django.http import HttpRequest
from pydantic import Field

from campaigns.codes.queries.find import VoucherNotFound
from config.api.auth import MAY_PUBLISH, caller
from config.api.bodies import Sent, array_of
from config.api.door import ApiError, as_api_error, invalid_payload
from config.api.examples import Example
from config.api.limits.guesses import count_miss, refuse_guessers
from config.api.openapi import operation
from config.api.schemas import MAYBE, Answer
from customers.actions.upsert import InvalidCustomer
from publications.actions.publish_batch import MOST, BatchRefused, Item, publish_batch
from publications.answers.answers import PublicationMade, published_answer
from publications.api.publications import PublicationSent, router
from publications.channels import API
from publications.models import Publication


class BatchItemSent(PublicationSent):
    """As the body of POST /v1/publications; it always has a `source_id`."""

    source_id: str = Field(min_length=1, max_length=255)
    """Your own id for the publication: repeating the batch with it returns the same code."""


class BatchSent(Sent):
    """The body of POST /v1/publications/batch."""

    publications: array_of(BatchItemSent, most=MOST) = Field(min_length=1)
    """Up to 1,000."""
    atomic: bool = False
    """All of them, or none."""


class ItemRefused(Answer):
    """Why an item was not published: the error of a single call."""

    object: Literal["error"]
    index: int = Field(ge=0, examples=[0])
    """The item's place in the call, from 0."""
    source_id: str = Field(examples=["order-1001"])
    code: int = Field(examples=[400])
    """The HTTP status that a single call would have had."""
    key: str = Field(examples=["no_voucher_suitable_for_publication"])
    message: str = Field(examples=["Couldn't find any voucher suitable for publication"])
    details: str = Field(examples=["The campaign has too few codes left in its pool."])
    resource_id: str | None = MAYBE
    resource_type: str | None = MAYBE


class BatchMade(Answer):
    object: Literal["list"]
    data_ref: Literal["publications"]
    publications: list[PublicationMade | ItemRefused]
    """In the order of the items: a publication, or an error."""
    total: int = Field(examples=[1])
    published_count: int = Field(examples=[1])
    failed_count: int = Field(examples=[0])


MISSING = {
    "customer": ("missing_customer", "Missing customer", "customer: is required (an id, source_id or object)"),
    "selector": ("missing_vouchers", "Missing vouchers", "Either Campaign or Voucher is required"),
}
TWO = [
    {"campaign": "Autumn coffee", "customer": "12344", "source_id": "order-1001"},
    {"campaign": "Autumn coffee", "customer": {"source_id": "12345", "name": "Jian-Yang"}, "source_id": "order-1002"},
]


@operation(
    router, "POST", "/batch", MAY_PUBLISH, "Publish many", answer=BatchMade, refuses="batch_refused",
    examples=[
        Example("Two at once", {"publications": TWO}),
        Example("All or none", {"publications": TWO, "atomic": True}),
    ],
)  # fmt: skip
def create_publications(request: HttpRequest, sent: BatchSent) -> dict[str, Any]:
    """Up to 1,000 publications by one call. Each is answered in its place, by the publication or by the error of a single
    call. The call is safe to repeat."""
    refuse_guessers(request.auth)
    problems = {place: problem for place, item in enumerate(sent.publications) if (problem := _missing(item))}
    if problems and sent.atomic:
        raise _all_refused(problems, sent)
    places = [place for place in range(len(sent.publications)) if place not in problems]
    items = [_item(sent.publications[place]) for place in places]
    how = {"channel": API, "origin": Publication.Origin.API, "by": caller(request), "atomic": sent.atomic}
    try:
        answers = dict(zip(places, publish_batch(items, **how), strict=True))
    except BatchRefused as refused:
        count_miss(request.auth, sum(isinstance(problem, VoucherNotFound) for problem in refused.refused.values()))
        raise _all_refused(refused.refused, sent) from None
    count_miss(request.auth, sum(isinstance(answer, VoucherNotFound) for answer in answers.values()))
    told = [
        published_answer(answer) if isinstance(answer, Publication) else _refused(place, item.source_id, answer)
        for place, item in enumerate(sent.publications)
        for answer in [problems.get(place) or answers[place]]
    ]
    failed = sum(answer["object"] == "error" for answer in told)
    return BatchMade.of(publications=told, total=len(told), published_count=len(told) - failed, failed_count=failed)


def _missing(item: BatchItemSent) -> ApiError | None:
    if not item.voucher and not item.campaign:
        return ApiError(400, *MISSING["selector"])
    return None if item.customer else ApiError(400, *MISSING["customer"])


def _item(sent: BatchItemSent) -> Item:
    campaign = sent.campaign
    return Item(
        source_id=sent.source_id,
        customer=sent.customer.given() if sent.customer else {},
        campaign=campaign.name if campaign else "",
        voucher=sent.voucher or "",
        quantity=(campaign.count or 1) if campaign and not sent.voucher else 1,
        channel=sent.channel or "",
        metadata=sent.metadata,
        join_once=bool(sent.join_once),
    )


def _refused(place: int, source_id: str, problem: Exception) -> dict[str, Any]:
    if isinstance(problem, InvalidCustomer):
        problem = invalid_payload(f"customer.{problem}")
    return {"object": "error", "index": place, "source_id": source_id, **as_api_error(problem).content}


def _all_refused(refused: Mapping[int, Exception], sent: BatchSent) -> ApiError:
    """The error of a batch of which nothing was published, with those of its items in `errors`."""
    told = [_refused(place, sent.publications[place].source_id, problem) for place, problem in refused.items()]
    first = told[0]
    error = ApiError(
        400,
        "batch_refused",
        "Nothing was published",
        f"{len(told):,} of {len(sent.publications):,} items cannot be published; the first is publications.{first['index']}: "
        f"{first['details'] or first['message']}",
    )
    error.content["errors"] = told
    return error
