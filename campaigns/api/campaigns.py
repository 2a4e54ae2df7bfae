"""The API of campaigns: create, get, list, change, delete. Their vouchers are in publications/api, which knows who
holds them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Now
from django.http import HttpRequest
from ninja import Query, Router

from campaigns import answers
from campaigns.actions.change_campaign import CampaignGone, Held, change_campaign
from campaigns.actions.create_campaign import NameTaken, create_campaign
from campaigns.actions.delete_campaign import delete_campaign
from campaigns.api.requests import NAMES, CampaignSent, CampaignUpdateSent
from campaigns.check_value import InvalidFields
from campaigns.codes.actions.create_codes import CodeTaken, HasItsCode
from campaigns.codes.actions.extend_pool import CodeSpaceExhausted, OneCodeOnly
from campaigns.codes.code_space import CodeSpaceTooSmall, InvalidCodeConfiguration
from campaigns.codes.models import CodeOrder, Voucher
from campaigns.codes.queries.find import CampaignNotFound, VoucherNotFound, find_campaign
from campaigns.models import Campaign
from config.api import conditions as by
from config.api.auth import MAY_ALL, MAY_READ, caller
from config.api.door import ApiError, duplicate_found, invalid_payload, not_found, refusals
from config.api.examples import Example
from config.api.json_conditions import of_metadata
from config.api.lists import Listing, ListQuery
from config.api.openapi import operation, path_parameter
from config.api.queries import Flag
from config.api.started import Started, started
from config.public_ids import CAMPAIGN

router = Router(tags=["Campaigns"])

CampaignRef = path_parameter("A campaign's `camp_…` id or name.", "Autumn coffee")

ORDERS = {
    "-created_at": ("-created_at", "-pk"),
    "created_at": ("created_at", "pk"),
    "-updated_at": (F("updated_at").desc(nulls_last=True), "-pk"),
    "updated_at": (F("updated_at").asc(nulls_last=True), "pk"),
}


class CampaignsQuery(ListQuery):
    campaign_type: str | None = None
    """`DISCOUNT_COUPONS`, `GIFT_VOUCHERS` or `REFERRAL_PROGRAM`."""
    campaign_status: str | None = None
    """`DONE`, `IN_PROGRESS` or `FAILED`: the progress of generating codes."""
    is_referral_code: Flag | None = None
    """Only codes of referral programs, or only others."""
    expand: str | None = None
    """Ignored: categories are names."""


REFERRAL = Q(kind=Campaign.Kind.REFERRAL_PROGRAM)
RUNNING = (Q(start_date=None) | Q(start_date__lte=Now())) & (Q(expiration_date=None) | Q(expiration_date__gt=Now()))
EXPIRED = Q(expiration_date__lte=Now())
DONE = Q(generation="DONE")
TYPES = {
    "STATIC": Q(auto_update=False, standalone=False),
    "AUTO_UPDATE": Q(auto_update=True),
    "STANDALONE": Q(standalone=True),
    "BULK": Q(standalone=False),  # a virtual type: STATIC or AUTO_UPDATE
}


def _states(of_op: dict[str, Q]) -> by.Field:
    """`filters[status][conditions][$expired]=`: the operator is the question itself; its value is ignored."""
    return by.Field(tuple(of_op), lambda condition: of_op[condition.op])


def _has_type(condition: by.Condition) -> Q:
    kinds = {kind.upper() for kind in condition.values}
    found = reduce(or_, (TYPES.get(kind, Q(pk__isnull=True)) for kind in kinds), Q(pk__isnull=True))
    return ~found if condition.op in by.NEGATED else found


def _has_voucher_type(condition: by.Condition) -> Q:
    gift = Q(kind=Campaign.Kind.GIFT_VOUCHERS)
    of_type = {"GIFT_VOUCHER": gift, "DISCOUNT_VOUCHER": ~gift}
    found = Q(pk__isnull=True)
    for kind in condition.values:
        found |= of_type.get(kind.upper(), Q(pk__isnull=True))
    return ~found if condition.op in by.NEGATED else found


FILTERS = {
    "campaigns": by.text("name"),
    "campaigns_id": by.public_key("pk", CAMPAIGN),
    "campaign_ids": by.public_key("pk", CAMPAIGN),
    "campaign_status": by.choice("generation", read=str.upper),
    "status": _states(
        {
            "$active": DONE,
            "$failed": Q(generation="FAILED"),
            "$in_progress": Q(generation="IN_PROGRESS"),
            "$expired": DONE & EXPIRED,
            "before_start": DONE & Q(start_date__gt=Now()),  # the documents spell this one without the dollar
        }
    ),
    "active": _states(
        {
            "$enabled": Q(active=True),
            "$disabled": Q(active=False),
            "$expired": EXPIRED,
            "$active": Q(active=True) & RUNNING,
            "$inactive": Q(active=False) | Q(start_date__gt=Now()) | EXPIRED,
        }
    ),
    "is_referral_code": by.flag(REFERRAL),
    "voucher_type": by.Field(("$is", "$is_not", "$in", "$not_in"), _has_voucher_type),
    "categories": by.text("category"),
    "category_ids": by.category_ids("categories"),
    by.ANY_KEY: of_metadata(),
    "type": by.Field(("$is", "$is_not", "$in", "$not_in"), _has_type),
    "created_date": by.moment("created_at"),
    "updated_at": by.moment("updated_at"),
    "start_date": by.moment("start_date"),
    "expiration_date": by.moment("expiration_date"),
}


CAMPAIGNS = Listing(answers.Campaign, "campaigns", CAMPAIGN, ORDERS, CampaignsQuery, FILTERS)

PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
POOL = {
    "name": "Winter tea",
    "type": "STATIC",
    "vouchers_count": 100,
    "expiration_date": "2036-12-31T23:59:59Z",
    "voucher": {**PERCENT, "code_config": {"pattern": "WINTER-########"}},
}
GIFTS = {
    "name": "Gifts",
    "campaign_type": "GIFT_VOUCHERS",
    "vouchers_count": 10,
    "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 5000}},
}


@operation(
    router, "POST", "", MAY_ALL, "Create a campaign", answer=answers.Campaign, refuses="duplicate_found invalid_campaign",
    examples=[
        Example("Codes generated on demand", {"name": "Tea for two", "type": "AUTO_UPDATE", "voucher": PERCENT}),
        Example("A fixed number of codes", POOL),
        Example("Gift vouchers of 50.00", GIFTS),
    ],
)  # fmt: skip
def post_campaign(request: HttpRequest, sent: CampaignSent) -> dict[str, Any]:
    """Creates a campaign; its codes follow in the background (`vouchers_generation_status`)."""
    try:
        campaign = create_campaign(sent.columns(), count=sent.vouchers_count or 0, code=sent.code, by=caller(request))
    except CodeSpaceTooSmall as refused:
        raise invalid_payload(f"vouchers_count: {refused}") from None
    if campaign.standalone:
        return answers.campaign_answer(campaign, vouchers_count=1, generation="DONE")
    generation = "IN_PROGRESS" if sent.vouchers_count else "DONE"
    return answers.campaign_answer(campaign, vouchers_count=0, generation=generation)


@operation(
    router, "GET", "", MAY_READ, "List campaigns", lists=CAMPAIGNS,
    examples=[Example("Campaigns of discounts", query={"campaign_type": "DISCOUNT_COUPONS", "limit": 20})],
)  # fmt: skip
def list_campaigns(request: HttpRequest, query: Annotated[CampaignsQuery, Query()]) -> dict[str, Any]:
    rows = _with_generation(Campaign.objects.live()).filter(CAMPAIGNS.asked(request))
    if query.campaign_type:
        rows = rows.filter(kind=query.campaign_type.upper())
    if query.campaign_status:
        rows = rows.filter(generation=query.campaign_status.upper())
    if query.is_referral_code is not None:
        rows = rows.filter(REFERRAL if query.is_referral_code else ~REFERRAL)
    return CAMPAIGNS.answer(rows, query, request, _answers)


@operation(router, "GET", "/{campaign_id}", MAY_READ, "Get a campaign", answer=answers.Campaign)
def get_campaign(request: HttpRequest, campaign_id: CampaignRef) -> dict[str, Any]:
    """By `camp_…` id or name."""
    return answer_campaign(find_campaign(campaign_id))


@operation(
    router, "PUT", "/{campaign_id}", MAY_ALL, "Change a campaign", answer=answers.Campaign, refuses="invalid_campaign",
    examples=[Example("End it earlier", {"expiration_date": "2036-11-30T23:59:59Z"})],
)  # fmt: skip
def put_campaign(request: HttpRequest, campaign_id: CampaignRef, sent: CampaignUpdateSent) -> dict[str, Any]:
    """Changes only what was sent. Metadata is added to the existing keys."""
    campaign = find_campaign(campaign_id)
    change_campaign(
        campaign,
        sent.changes(gift=campaign.kind == Campaign.Kind.GIFT_VOUCHERS),
        held=Held.ALL,
        add_metadata=sent.metadata,
        drop_metadata=sent.unset_metadata_fields or (),
        by=caller(request),
    )
    answer = answer_campaign(campaign)
    # A date that the call cleared is not in its answer, as on Voucherify.
    return {name: value for name, value in answer.items() if name not in sent.cleared()}


@operation(
    router, "DELETE", "/{campaign_id}", MAY_ALL, "Delete a campaign", answer={202: Started},
    words={"force": "Erase codes that were never published, instead of hiding them."},
)  # fmt: skip
def remove_campaign(request: HttpRequest, campaign_id: CampaignRef, force: Flag = False) -> dict[str, Any]:
    """Hides the campaign and its vouchers; with `force`, unpublished codes are erased in the background."""
    campaign = find_campaign(campaign_id)
    deletion = delete_campaign(campaign, force=force, by=caller(request))
    if deletion is None:
        raise CampaignNotFound(campaign_id)
    return started(deletion)


@operation(router, "POST", "/{campaign_id}/enable", MAY_ALL, "Enable a campaign", answer=answers.Empty)
def enable_campaign(request: HttpRequest, campaign_id: CampaignRef) -> dict[str, Any]:
    return _switch(request, campaign_id, active=True)


@operation(router, "POST", "/{campaign_id}/disable", MAY_ALL, "Disable a campaign", answer=answers.Empty)
def disable_campaign(request: HttpRequest, campaign_id: CampaignRef) -> dict[str, Any]:
    return _switch(request, campaign_id, active=False)


def _switch(request: HttpRequest, reference: str, *, active: bool) -> dict[str, Any]:
    change_campaign(find_campaign(reference), {"active": active}, by=caller(request))
    return {}


def answer_campaign(campaign: Campaign) -> dict[str, Any]:
    """The campaign as it is now, with the number of its vouchers and whether more are being generated."""
    return _answers(_with_generation(Campaign.objects.filter(pk=campaign.pk)))[0]


def _with_generation(campaigns: QuerySet[Campaign]) -> QuerySet:
    """Adds `.generation`: IN_PROGRESS while codes are being generated, FAILED if the newest order failed, else DONE."""
    orders = CodeOrder.objects.filter(campaign=OuterRef("pk"))
    newest = orders.order_by("-created_at", "-pk").values("status")[:1]
    return campaigns.alias(_newest_order=Subquery(newest)).annotate(
        generation=Case(
            When(Exists(orders.filter(status__in=["queued", "running"])), then=Value("IN_PROGRESS")),
            When(_newest_order="failed", then=Value("FAILED")),
            default=Value("DONE"),
            output_field=CharField(),
        )
    )


def _answers(campaigns: Sequence[Campaign] | QuerySet[Campaign]) -> list[dict[str, Any]]:
    found = list(campaigns)
    counted = Voucher.objects.filter(campaign__in=[campaign.pk for campaign in found], deleted_at=None)
    counts = dict(counted.order_by().values_list("campaign").annotate(Count("pk")))
    return [
        answers.campaign_answer(campaign, vouchers_count=counts.get(campaign.pk, 0), generation=campaign.generation)
        for campaign in found
    ]


refusals(
    {
        CampaignNotFound: lambda problem: not_found("campaign", problem.reference),
        VoucherNotFound: lambda problem: not_found("voucher", problem.reference),
        InvalidFields: lambda problem: invalid_payload(
            "; ".join(f"{NAMES.get(name, name)}: {wrong}" for name, wrong in problem.errors.items())
        ),
        NameTaken: lambda problem: duplicate_found("campaign", problem.name, "name"),
        CampaignGone: lambda problem: ApiError(404, "not_found", "Resource not found", str(problem)),
        CodeTaken: lambda problem: duplicate_found("voucher", problem.code, "id"),
        OneCodeOnly: lambda problem: ApiError(400, "invalid_campaign", "Invalid Campaign", str(problem)),
        HasItsCode: lambda problem: ApiError(400, "invalid_campaign", "Invalid Campaign", str(problem)),
        CodeSpaceTooSmall: lambda problem: invalid_payload(f"code_config: {problem}"),
        CodeSpaceExhausted: lambda problem: invalid_payload(f"code_config: {problem}"),
        InvalidCodeConfiguration: lambda problem: invalid_payload(f"code_config.{problem.field}: {problem.message}"),
    }
)
