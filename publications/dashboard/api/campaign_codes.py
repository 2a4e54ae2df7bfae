"""The API of the vouchers of a campaign: add them, and what became of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Status
from pydantic import BaseModel, BeforeValidator, ConfigDict

from campaigns.answers import CampaignSummary
from campaigns.api.campaigns import CampaignRef, answer_campaign, router
from campaigns.api.voucher_requests import AddedVoucherSent, VoucherRef, VouchersAddedSent, named_as_sent
from campaigns.codes.actions.create_codes import create_code, create_random_code
from campaigns.codes.actions.extend_pool import OneCodeOnly, order_codes, space_of
from campaigns.codes.code_space import CodeSpaceTooSmall, code_space
from campaigns.codes.queries.find import find_campaign
from config.api.auth import MAY_ALL, MAY_READ, caller
from config.api.door import invalid_payload, invalid_query
from config.api.examples import Example
from config.api.openapi import operation
from config.api.started import Started, started
from publications.answers.answers import Voucher
from publications.api.voucher_changes import answer_voucher, code_of_address
from publications.dashboard.queries.summarise_campaign import summarise_campaign


@operation(
    router, "POST", "/{campaign_id}/vouchers", MAY_ALL, "Add vouchers to a campaign",
    answer={200: Voucher, 202: Started}, refuses="duplicate_found invalid_campaign",
    words={"vouchers_count": "How many to create; more than one are created in the background."},
    examples=[
        Example("One immediately", {}),
        Example("A hundred in the background", {"metadata": {"batch": 7}}, query={"vouchers_count": 100}),
    ],
)  # fmt: skip
def add_vouchers(
    request: HttpRequest, campaign_id: CampaignRef, sent: VouchersAddedSent | None = None, vouchers_count: int = 1
) -> Status[dict[str, Any]]:
    """One is created at once and returned; several are created in the background."""
    campaign, sent, by = find_campaign(campaign_id), sent or VouchersAddedSent(), caller(request)
    if sent.vouchers_count is not None:
        if vouchers_count not in (1, sent.vouchers_count):
            raise invalid_payload("vouchers_count: differs in the body and in the query; send it once")
        vouchers_count = sent.vouchers_count
    configuration = sent.code_config.given() if sent.code_config else {}
    if vouchers_count != 1:
        if sent.code:
            raise invalid_payload("code: can be set for one voucher only; leave it out, or leave out vouchers_count")
        try:
            with named_as_sent():
                order = order_codes(
                    campaign, count=vouchers_count, fields=sent.columns(), configuration=configuration, by=by
                )
        except OneCodeOnly:
            raise
        except CodeSpaceTooSmall as refused:
            raise invalid_query(f"vouchers_count: {refused}") from None
        return Status(202, started(order))
    with named_as_sent():
        if sent.code:
            voucher = create_code(sent.code, sent.columns(), campaign=campaign, by=by)
        elif campaign.standalone:
            raise OneCodeOnly(campaign)
        else:
            space = code_space(**configuration) if configuration else space_of(campaign)
            voucher = create_random_code(space, sent.columns(), campaign=campaign, by=by)
    return Status(200, answer_voucher(request, voucher))


@operation(
    router, "POST", "/{campaign_id}/vouchers/{code}", MAY_ALL, "Add a voucher with a code to a campaign", answer=Voucher,
    refuses="duplicate_found invalid_campaign",
    examples=[Example("Your own code", {"metadata": {"batch": 7}}, path={"code": "AUTUMN-VIP"})],
)  # fmt: skip
def add_voucher_with_code(
    request: HttpRequest, campaign_id: CampaignRef, code: VoucherRef, sent: AddedVoucherSent | None = None
) -> dict[str, Any]:
    campaign = find_campaign(campaign_id)
    code = code_of_address(code)
    with named_as_sent():
        voucher = create_code(code, (sent or AddedVoucherSent()).columns(), campaign=campaign, by=caller(request))
    return answer_voucher(request, voucher)


def _day(value: str | None) -> date | None:
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a date such as 2026-03-01") from None


Day = Annotated[date | None, BeforeValidator(_day, json_schema_input_type=date | None)]


class SummaryQuery(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    start_date: Day = None
    """The first day, such as 2026-03-01."""
    end_date: Day = None
    """The last day."""


@operation(router, "GET", "/{campaign_id}/summary", MAY_READ, "Sum up a campaign", answer=CampaignSummary)
def get_campaign_summary(
    request: HttpRequest, campaign_id: CampaignRef, query: Annotated[SummaryQuery, Query()]
) -> dict[str, Any]:
    """Counts of the days from `start_date` to `end_date`, both included, in UTC."""
    campaign = find_campaign(campaign_id)
    summary = summarise_campaign(campaign, since=query.start_date, until=query.end_date)
    return {"object": "campaign_summary", "campaign": answer_campaign(campaign), **summary}
