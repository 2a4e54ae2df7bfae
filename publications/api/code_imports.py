"""The API's imports of vouchers, as JSON or as a CSV file, standalone or into a campaign."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Body, File, UploadedFile

from campaigns.api.campaigns import router as campaigns
from campaigns.api.voucher_requests import ImportedVoucherSent
from campaigns.codes.actions.order_code_import import (
    CodesMissing,
    CodesRepeated,
    order_code_import,
    order_import_of_codes,
)
from campaigns.codes.queries.find import find_campaign
from config.api.auth import MAY_ALL, caller
from config.api.bodies import MOST_ROWS, array_of
from config.api.door import ApiError, as_api_error
from config.api.started import started
from publications.api.vouchers import router as vouchers

STARTED = {202: dict}


@vouchers.post("/import", auth=MAY_ALL, response=STARTED)
def import_vouchers(request: HttpRequest, sent: Annotated[array_of(ImportedVoucherSent, most=MOST_ROWS), Body()]):
    """Standalone vouchers. One that cannot be imported is told of in the result of the async action."""
    return started(order_import_of_codes([voucher.row() for voucher in sent], by=caller(request)))


@vouchers.post("/importCSV", auth=MAY_ALL, response=STARTED)
def import_vouchers_from_file(request: HttpRequest, file: Annotated[UploadedFile, File()]):
    return started(order_code_import(file, by=caller(request)))


@campaigns.post("/{campaign_id}/import", auth=MAY_ALL, response=STARTED)
def import_into_campaign(
    request: HttpRequest, campaign_id: str, sent: Annotated[array_of(ImportedVoucherSent, most=MOST_ROWS), Body()]
):
    """Vouchers of the campaign. As on Voucherify, one code that exists already refuses them all."""
    rows = [voucher.row() for voucher in sent]
    return started(order_import_of_codes(rows, campaign=find_campaign(campaign_id), by=caller(request), all_new=True))


@campaigns.post("/{campaign_id}/importCSV", auth=MAY_ALL, response=STARTED)
def import_into_campaign_from_file(request: HttpRequest, campaign_id: str, file: Annotated[UploadedFile, File()]):
    return started(order_code_import(file, campaign=find_campaign(campaign_id), by=caller(request)))


@as_api_error.register
def _(problem: CodesMissing) -> ApiError:
    return ApiError(400, "invalid_voucher", "Invalid Voucher", str(problem))


@as_api_error.register
def _(problem: CodesRepeated) -> ApiError:
    return ApiError(400, "duplicate_key", "Duplicate codes", str(problem))
