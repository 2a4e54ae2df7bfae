"""The API of publications: publish, list, get (docs/api.md, "Publish")."""

from __future__ import annotations

from typing import Annotated, Any

import pydantic
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, QueryDict
from ninja import Query, Router
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from campaigns.codes.queries.find import find_voucher
from config.api import conditions as by
from config.api.auth import MAY_PUBLISH, MAY_PUBLISH_BY_GET, MAY_PUBLISH_OR_READ, MAY_READ, Key, caller, publishing_held
from config.api.door import ApiError, as_api_error, in_words, invalid_payload, invalid_query, key_or_404, not_found
from config.api.filters import are_asked, what_is_asked
from config.api.lists import ListQuery, answer_list
from config.api.queries import Flag, read_flag, read_object
from config.public_ids import CUSTOMER, PUBLICATION, key_of
from customers.actions.upsert import InvalidCustomer
from customers.api.customers import CustomerSent
from publications.actions.publish import publish, publish_code
from publications.answers.answers import listed_answer, publication_answer, published_answer
from publications.answers.masked_codes import visible
from publications.channels import API
from publications.models import Publication, PublishedVoucher
from publications.pages.filters import history
from publications.queries.attach_codes import attach_codes
from publications.queries.called import campaigns_called, customers_called
from publications.queries.conditions import PUBLICATIONS, REFERRAL, of_type, of_vouchers
from publications.queries.find_campaign_and_customer import find_both
from publications.refusals import PublishRefused, Quarantined

router = Router(tags=["Publications"])


class CampaignSelector(BaseModel):
    model_config = ConfigDict(strict=True, use_attribute_docstrings=True)

    name: str = Field(min_length=1)
    """A name or id."""
    count: int | None = Field(None, ge=1, le=50)
    """How many codes; 1 unless told."""


def _campaign_selector(value: Any) -> Any:
    if isinstance(value, str):
        return {"name": value} if value else None
    if value is not None and not isinstance(value, dict):
        raise ValueError("must be a string (a name or an id) or an object with name and count")
    return value


def _customer(value: Any) -> Any:
    """A string is an id of ours, else a source_id: also a `cust_…` of another system, from which customers came."""
    if isinstance(value, str):
        return {"id" if key_of(CUSTOMER, value) else "source_id": value} if value else None
    if value is not None and not isinstance(value, dict):
        raise ValueError("must be a string (an id or a source_id) or an object")
    return value


class PublicationSent(BaseModel):
    """The body of POST /v1/publications. Where both `voucher` and `campaign` are given, the campaign is skipped."""

    model_config = ConfigDict(strict=True, use_attribute_docstrings=True)

    voucher: str | None = None
    """A code."""
    campaign: Annotated[
        CampaignSelector | None,
        BeforeValidator(_campaign_selector, json_schema_input_type=str | CampaignSelector | None),
    ] = None
    """A name or id, or how many codes of it."""
    customer: Annotated[
        CustomerSent | None, BeforeValidator(_customer, json_schema_input_type=str | CustomerSent | None)
    ] = None
    """An id or source_id, or who it is."""
    channel: str | None = Field(None, min_length=1, max_length=100)
    """Where it was given, in your words; `API` unless told."""
    source_id: str | None = Field(None, min_length=1, max_length=255)
    """Your own id of the publication: repeating the call with it gives the same code again."""
    metadata: dict[str, Any] | None = None
    join_once: bool | None = None
    """A customer who has a code of the campaign is given the same one again."""


class PublicationsQuery(ListQuery):
    campaign: str | None = None
    customer: str | None = None
    voucher: str | None = None
    result: str | None = None
    voucher_type: str | None = None
    is_referral_code: Flag | None = None
    source_id: str | None = None


@router.post("", auth=MAY_PUBLISH)
def create_publication(request: HttpRequest, sent: PublicationSent, join_once: Flag = False):
    """Publishes a named code, or the next of a campaign's pool, to the customer."""
    return published_answer(publish_as_sent(request, sent, join_once=join_once))


@router.get("/create", auth=MAY_PUBLISH_BY_GET)
def create_publication_by_get(request: HttpRequest):
    """The same from a query string, one code only. For integrations that can do nothing but open an address."""
    sent = publication_in(request.GET)
    if sent.customer is None:
        raise invalid_query("Query should have required property 'customer'")
    if not sent.voucher and sent.campaign and (sent.campaign.count or 1) > 1:
        raise ApiError(
            400, "too_many_vouchers_requested", "Too many vouchers requested", "Only up to 1 can be published"
        )
    return published_answer(publish_as_sent(request, sent))


def publication_in(sent: QueryDict) -> PublicationSent:
    """What a query string says of a publication."""
    query = read_object(sent, PublicationSent.model_fields)
    campaign = query.get("campaign")
    if isinstance(campaign, dict) and str(campaign.get("count", "")).isdecimal():
        campaign["count"] = int(campaign["count"][:20])
    if isinstance(text := query.get("join_once"), str):
        query["join_once"] = read_flag(text)
    try:
        return PublicationSent.model_validate(query)
    except pydantic.ValidationError as problem:
        raise invalid_query(
            in_words([{**error, "loc": ("query", *error["loc"])} for error in problem.errors()])
        ) from None


def publish_as_sent(request: HttpRequest, sent: PublicationSent, *, join_once: bool = False) -> Publication:
    if sent.customer is None and (sent.voucher or sent.campaign):
        raise ApiError(
            400, "missing_customer", "Missing customer", "customer: is required (an id, source_id or object)"
        )
    how: dict[str, Any] = {
        "channel": sent.channel or API,
        "origin": Publication.Origin.API,
        "by": caller(request),
        "source_id": sent.source_id,
        "metadata": sent.metadata,
        "join_once": join_once or bool(sent.join_once),
    }
    customer = sent.customer.given() if sent.customer else {}
    try:
        if sent.voucher:
            publication = publish_code(find_voucher(sent.voucher), customer, **how)
        elif sent.campaign:
            campaign, known = find_both(sent.campaign.name, source_id=_source_id(customer))
            publication = publish(campaign, customer, count=sent.campaign.count or 1, known=known, **how)
        else:
            raise ApiError(400, "missing_vouchers", "Missing vouchers", "Either Campaign or Voucher is required")
    except InvalidCustomer as problem:
        refuse = invalid_query if request.method == "GET" else invalid_payload
        raise refuse(f"customer.{problem}") from None
    return publication


def _source_id(customer: dict[str, Any]) -> str | None:
    """Which an id goes before."""
    return None if customer.get("id") else customer.get("source_id") or None


def _code(of: Q) -> Subquery:
    """The publication's code; of several the first. `of`: of which vouchers only."""
    held = PublishedVoucher.objects.filter(of, publication=OuterRef("pk")).order_by("voucher_id")
    return Subquery(held.values("voucher__code")[:1])


def _by_code(of: Q) -> dict[str, tuple[Any, ...]]:
    return {
        "voucher_code": (_code(of).asc(nulls_last=True), "pk"),
        "-voucher_code": (_code(of).desc(nulls_last=True), "-pk"),
    }


ORDERS: dict[str, tuple[Any, ...]] = {
    "-created_at": ("-created_at", "-pk"),
    "created_at": ("created_at", "pk"),
    "id": ("pk",),
    "-id": ("-pk",),
    "channel": ("channel", "pk"),
    "-channel": ("-channel", "-pk"),
    "customer_id": (F("customer_id").asc(nulls_last=True), "pk"),
    "-customer_id": (F("customer_id").desc(nulls_last=True), "-pk"),
    "tracking_id": (F("customer__source_id").asc(nulls_last=True), "pk"),
    "-tracking_id": (F("customer__source_id").desc(nulls_last=True), "-pk"),
    **_by_code(Q()),
}


def orders_for(key: Key) -> dict[str, tuple[Any, ...]]:
    """By code: those that are masked to the key (they were released) stand last, whatever they are."""
    return ORDERS if key.may_all else ORDERS | _by_code(visible(key, "voucher__"))


def filters_for(key: Key) -> dict[str, by.Field]:
    seen = of_vouchers(visible(key))
    return PUBLICATIONS | {"related_object_id": seen, "voucher_code": seen}


@router.get("", auth=MAY_READ)
def list_publications(request: HttpRequest, query: Annotated[PublicationsQuery, Query()]):
    """Successful and failed ones, newest first. Beyond Voucherify: filters by `channel` and `created_at`."""
    fields = filters_for(request.auth)
    rows = history().qs.filter(what_is_asked(request.GET, PublicationsQuery, fields))
    if query.campaign:
        rows = rows.filter(campaign__in=campaigns_called(query.campaign))
    if query.customer:
        rows = rows.filter(customer__in=customers_called(query.customer))
    if query.voucher:
        rows = rows.filter(fields["voucher_code"].q(by.Condition("voucher", "$is", [query.voucher])))
    if query.result:
        rows = rows.filter(result=query.result.upper())
    if query.voucher_type:
        rows = rows.filter(of_type([query.voucher_type]))
    if query.is_referral_code:
        rows = rows.filter(REFERRAL)
    if query.source_id:
        rows = rows.filter(fields["source_id"].q(by.Condition("source_id", "$is", [query.source_id])))
    return answer_publications(rows, query, request.auth, filtered=are_asked(request.GET))


@router.get("/{publication_id}", auth=MAY_PUBLISH_OR_READ)
def get_publication(request: HttpRequest, publication_id: str):
    key = key_or_404(PUBLICATION, "publication", publication_id)
    publication = history().qs.filter(pk=key).first()
    if not publication:
        raise not_found("publication", publication_id)
    attach_codes([publication])
    return publication_answer(publication, request.auth)


def answer_publications(rows: QuerySet, query: ListQuery, key: Key, *, filtered: bool = False) -> dict[str, Any]:
    """A page of publications, with `campaign` and `customer` joined."""

    def answer(found: list[Publication]) -> list[dict[str, Any]]:
        attach_codes(found)
        return [listed_answer(publication, key) for publication in found]

    return answer_list(
        rows,
        query,
        name="publications",
        prefix=PUBLICATION,
        orders=orders_for(key),
        answer=answer,
        filtered=filtered,
    )


@as_api_error.register
def _(problem: Quarantined) -> ApiError:
    return publishing_held(problem.details)


@as_api_error.register
def _(problem: PublishRefused) -> ApiError:
    return ApiError(
        404 if problem.key == "not_found" else 400,
        problem.key,
        problem.message,
        problem.details,
        resource_id=problem.resource_id,
        resource_type=problem.resource_type,
    )
