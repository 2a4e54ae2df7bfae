"""The API of publications: publish, list, get (docs/api.md, "Publish")."""

from __future__ import annotations

from typing import Annotated, Any

import pydantic
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, QueryDict
from ninja import Query, Router
from pydantic import BeforeValidator, Field

from campaigns.codes.models import Voucher
from campaigns.codes.queries.find import VoucherNotFound, find_voucher
from config.api import conditions as by
from config.api.auth import MAY_PUBLISH, MAY_PUBLISH_BY_GET, MAY_PUBLISH_OR_READ, MAY_READ, Key, caller, publishing_held
from config.api.bodies import Sent
from config.api.door import ApiError, in_words, invalid_payload, invalid_query, key_or_404, not_found, refusals
from config.api.examples import Example
from config.api.limits.guesses import count_miss, refuse_guessers
from config.api.lists import Listing, ListQuery
from config.api.openapi import operation, path_parameter
from config.api.queries import Flag, read_flag, read_object
from config.public_ids import CUSTOMER, PUBLICATION, key_of
from customers.actions.upsert import InvalidCustomer
from customers.api.requests import EXAMPLE, CustomerSent
from publications.actions.publish import publish, publish_code
from publications.answers import answers
from publications.answers.masked_codes import visible
from publications.channels import API
from publications.models import Publication, PublishedVoucher
from publications.pages.filters import history
from publications.queries.attach_codes import attach_codes
from publications.queries.called import campaigns_called, customers_called
from publications.queries.conditions import PUBLICATIONS, REFERRAL, of_type, of_vouchers
from publications.queries.find_campaign_and_customer import find_campaign_and_customer
from publications.refusals import PublishRefused, Quarantined

router = Router(tags=["Publications"])


class CampaignSelector(Sent):
    name: str = Field(min_length=1)
    """A name or id."""
    count: int | None = Field(None, ge=1, le=50)
    """How many codes; 1 by default."""


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


class PublicationSent(Sent):
    """The body of POST /v1/publications. Where both `voucher` and `campaign` are given, the campaign is skipped."""

    voucher: str | None = None
    """A code."""
    campaign: Annotated[
        CampaignSelector | None,
        BeforeValidator(_campaign_selector, json_schema_input_type=str | CampaignSelector | None),
    ] = None
    """A name or id, or an object with a count."""
    customer: Annotated[
        CustomerSent | None, BeforeValidator(_customer, json_schema_input_type=str | CustomerSent | None)
    ] = None
    """An id or source_id, or the customer’s fields."""
    channel: str | None = Field(None, min_length=1, max_length=100)
    """Where the code was published, in your own words; `API` by default."""
    source_id: str | None = Field(None, min_length=1, max_length=255)
    """Your own id for the publication: repeating the call with it returns the same code."""
    metadata: dict[str, Any] | None = None
    join_once: bool | None = None
    """A customer who already has a code of the campaign gets the same one again."""


class PublicationsQuery(ListQuery):
    campaign: str | None = None
    """A campaign’s name or id."""
    customer: str | None = None
    """A customer’s source_id or id."""
    voucher: str | None = None
    """A voucher’s code or id."""
    result: str | None = None
    """`SUCCESS` or `FAILURE`."""
    voucher_type: str | None = None
    """`DISCOUNT_VOUCHER` or `GIFT_VOUCHER`."""
    is_referral_code: Flag | None = None
    """Only codes of referral programs, or only others."""
    source_id: str | None = None
    """The caller’s own id for the publication."""


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


LISTING = Listing(answers.Publication, "publications", PUBLICATION, ORDERS, PublicationsQuery, PUBLICATIONS)

NEXT = {"campaign": "Autumn coffee", "customer": EXAMPLE}
TWO = {
    "campaign": {"name": "Autumn coffee", "count": 2},
    "customer": EXAMPLE,
    "channel": "newsletter_October",
    "metadata": {"provider": "Shop Admin"},
}
REPEATABLE = {"campaign": "Autumn coffee", "customer": "12344", "source_id": "order-1001"}
REFUSED = """missing_vouchers missing_customer not_found voucher_already_published voucher_cannot_be_published
    duplicate_source_id too_many_vouchers_requested no_voucher_suitable_for_publication
    customer_limit_reached campaign_limit_reached api_key_limit_reached channel_limit_reached"""


def _in_query(name: str, description: str, *, required: bool = False, **schema: Any) -> dict[str, Any]:
    deep = {"style": "deepObject", "explode": True} if schema.get("type") == "object" else {}
    found = {"name": name, "in": "query", "required": True} if required else {"name": name, "in": "query"}
    return found | {"description": description, **deep, "schema": schema}


TEXT = {"type": "string"}
IN_QUERY = [
    _in_query(
        "customer", "An id or source_id, or fields: `customer[source_id]`, `customer[address][city]`, …",
        required=True, type="object", properties={"source_id": TEXT, "email": TEXT},
    ),
    _in_query(
        "campaign", "`campaign[name]`: a name or id. Ignored if `voucher` is given too.",
        type="object", properties={"name": TEXT, "count": {"const": 1}},
    ),
    _in_query("voucher", "A code.", **TEXT),
    _in_query("channel", "`API` by default.", **TEXT, minLength=1, maxLength=100),
    _in_query("source_id", "Your own id for the publication, so that you can repeat the call safely.", **TEXT, minLength=1, maxLength=255),
    _in_query("join_once", "Return the same code again.", type="boolean"),
    _in_query("metadata", "`metadata[name]=value`", type="object", additionalProperties=TEXT),
]  # fmt: skip


@operation(
    router, "POST", "", MAY_PUBLISH, "Publish", answer=answers.PublicationMade, refuses=REFUSED,
    words={"join_once": "A customer who already has a code of the campaign gets the same one again."},
    examples=[
        Example("The next code of a campaign", NEXT),
        Example("Two codes at once, with a channel", TWO),
        Example("A specific code", {"voucher": "AUTUMN-M4XP", "customer": "12344"}),
        Example("Safe to repeat", REPEATABLE),
    ],
)  # fmt: skip
def create_publication(request: HttpRequest, sent: PublicationSent, join_once: Flag = False) -> dict[str, Any]:
    """Publishes a named code, or the next of a campaign's pool, to the customer."""
    return answers.published_answer(publish_as_sent(request, sent, join_once=join_once))


BY_GET = {"campaign[name]": "Autumn coffee", "customer[source_id]": "12344", "source_id": "mail-7"}


@operation(
    router, "GET", "/create", MAY_PUBLISH_BY_GET, "Publish by GET", answer=answers.PublicationMade,
    refuses=f"{REFUSED} integration_api_key_required", parameters=IN_QUERY,
    examples=[Example("The next code of a campaign", query=BY_GET)],
)  # fmt: skip
def create_publication_by_get(request: HttpRequest) -> dict[str, Any]:
    """The same from a query string, one code only. For integrations that can do nothing but open an address."""
    sent = publication_in(request.GET)
    if sent.customer is None:
        raise invalid_query("Query should have required property 'customer'")
    if not sent.voucher and sent.campaign and (sent.campaign.count or 1) > 1:
        raise ApiError(
            400, "too_many_vouchers_requested", "Too many vouchers requested", "Only up to 1 can be published"
        )
    return answers.published_answer(publish_as_sent(request, sent))


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
    how = how_sent(request, sent, join_once=join_once)
    customer = sent.customer.given() if sent.customer else {}
    try:
        if sent.voucher:
            publication = publish_code(find_to_publish(request.auth, sent.voucher), customer, **how)
        elif sent.campaign:
            campaign, known = find_campaign_and_customer(sent.campaign.name, source_id=_source_id(customer))
            publication = publish(campaign, customer, count=sent.campaign.count or 1, known=known, **how)
        else:
            raise ApiError(400, "missing_vouchers", "Missing vouchers", "Either Campaign or Voucher is required")
    except InvalidCustomer as problem:
        refuse = invalid_query if request.method == "GET" else invalid_payload
        raise refuse(f"customer.{problem}") from None
    return publication


def find_to_publish(key: Key, code: str) -> Voucher:
    """Any code that exists, unpublished ones above all; but a key below `all` does not try many that do not."""
    refuse_guessers(key)
    try:
        return find_voucher(code)
    except VoucherNotFound:
        count_miss(key)
        raise


def how_sent(request: HttpRequest, sent: PublicationSent, *, join_once: bool = False) -> dict[str, Any]:
    """What publish() is told besides what and whom."""
    return {
        "channel": sent.channel or API,
        "origin": Publication.Origin.API,
        "by": caller(request),
        "source_id": sent.source_id,
        "metadata": sent.metadata,
        "join_once": join_once or bool(sent.join_once),
    }


def _source_id(customer: dict[str, Any]) -> str | None:
    """Which an id goes before."""
    return None if customer.get("id") else customer.get("source_id") or None


def listing_for(key: Key) -> Listing:
    """To codes that are masked to the key (they were released) no filter leads by their text, and in the order by code they
    stand last, whatever they are."""
    if key.may_all:
        return LISTING
    seen = of_vouchers(visible(key))
    return LISTING._replace(
        orders=ORDERS | _by_code(visible(key, "voucher__")),
        filters=PUBLICATIONS | {"related_object_id": seen, "voucher_code": seen},
    )


OF_CHANNEL = {"campaign": "Autumn coffee", "filters[channel][conditions][$is][0]": "newsletter_October"}


@operation(
    router, "GET", "", MAY_READ, "List publications", lists=LISTING,
    examples=[
        Example("For one customer", query={"customer": "12344", "limit": 20}),
        Example("For a channel", query=OF_CHANNEL),
    ],
)  # fmt: skip
def list_publications(request: HttpRequest, query: Annotated[PublicationsQuery, Query()]) -> dict[str, Any]:
    """Successful and failed ones, newest first. Beyond Voucherify: filters by `channel` and `created_at`."""
    listing = listing_for(request.auth)
    rows = history().qs.filter(listing.asked(request))
    if query.campaign:
        rows = rows.filter(campaign__in=campaigns_called(query.campaign))
    if query.customer:
        rows = rows.filter(customer__in=customers_called(query.customer))
    if query.voucher:
        rows = rows.filter(listing.filters["voucher_code"].q(by.Condition("voucher", "$is", [query.voucher])))
    if query.result:
        rows = rows.filter(result=query.result.upper())
    if query.voucher_type:
        rows = rows.filter(of_type([query.voucher_type]))
    if query.is_referral_code:
        rows = rows.filter(REFERRAL)
    if query.source_id:
        rows = rows.filter(listing.filters["source_id"].q(by.Condition("source_id", "$is", [query.source_id])))
    return answer_publications(listing, rows, query, request)


PublicationRef = path_parameter("A publication's id.", "pub_J8LmWq0ZtK2nB4xE")


@operation(router, "GET", "/{publication_id}", MAY_PUBLISH_OR_READ, "Get a publication", answer=answers.Publication)
def get_publication(request: HttpRequest, publication_id: PublicationRef) -> dict[str, Any]:
    key = key_or_404(PUBLICATION, "publication", publication_id)
    publication = history().qs.filter(pk=key).first()
    if not publication:
        raise not_found("publication", publication_id)
    attach_codes([publication])
    return answers.publication_answer(publication, request.auth)


def answer_publications(listing: Listing, rows: QuerySet, query: ListQuery, request: HttpRequest) -> dict[str, Any]:
    """A page of publications, with `campaign` and `customer` joined."""

    def answer(found: list[Publication]) -> list[dict[str, Any]]:
        attach_codes(found)
        return [answers.listed_answer(publication, request.auth) for publication in found]

    return listing.answer(rows, query, request, answer)


refusals(
    {
        Quarantined: lambda problem: publishing_held(problem.details),
        PublishRefused: lambda problem: ApiError(
            404 if problem.key == "not_found" else 400,
            problem.key,
            problem.message,
            problem.details,
            resource_id=problem.resource_id,
            resource_type=problem.resource_type,
        ),
    }
)
