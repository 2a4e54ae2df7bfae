"""The API of the vouchers of a campaign: add them, and what became of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Status
from pydantic import BaseModel, BeforeValidator

from campaigns.api.campaigns import answer_campaign, router
from campaigns.api.voucher_requests import AddedVoucherSent, named_as_sent
from campaigns.codes.actions.create_codes import create_code, create_random_code
from campaigns.codes.actions.extend_pool import OneCodeOnly, order_codes, space_of
from campaigns.codes.code_space import CodeSpaceTooSmall, code_space
from campaigns.codes.queries.find import find_campaign
from config.api.auth import MAY_ALL, MAY_READ, caller
from config.api.door import invalid_payload, invalid_query
from config.api.started import started
from publications.api.voucher_changes import answer_voucher, code_of_address
from publications.dashboard.queries.summarise_campaign import summarise_campaign


@router.post("/{campaign_id}/vouchers", auth=MAY_ALL, response={200: dict, 202: dict})
def add_vouchers(request: HttpRequest, campaign_id: str, sent: AddedVoucherSent | None = None, vouchers_count: int = 1):
    """One is made at once and answered with; several are made in the background."""
    campaign, sent, by = find_campaign(campaign_id), sent or AddedVoucherSent(), caller(request)
    configuration = sent.code_config.given() if sent.code_config else {}
    if vouchers_count != 1:
        if sent.code:
            raise invalid_payload("code: can be given to one voucher only; leave it out, or vouchers_count")
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


@router.post("/{campaign_id}/vouchers/{code}", auth=MAY_ALL)
def add_voucher_with_code(request: HttpRequest, campaign_id: str, code: str, sent: AddedVoucherSent | None = None):
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
    start_date: Day = None
    end_date: Day = None


@router.get("/{campaign_id}/summary", auth=MAY_READ)
def get_campaign_summary(request: HttpRequest, campaign_id: str, query: Annotated[SummaryQuery, Query()]):
    """Counts of the days from `start_date` to `end_date`, both included, in UTC."""
    campaign = find_campaign(campaign_id)
    summary = summarise_campaign(campaign, since=query.start_date, until=query.end_date)
    return {"object": "campaign_summary", "campaign": answer_campaign(campaign), **summary}
