"""The API's imports of vouchers, as JSON or as a CSV file, standalone or into a campaign."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Body, File, UploadedFile
from pydantic import Field

from campaigns.api.campaigns import CampaignRef
from campaigns.api.campaigns import router as campaigns
from campaigns.api.voucher_requests import ImportedVoucherSent
from campaigns.codes.actions.order_code_import import (
    CodesMissing,
    CodesRepeated,
    order_code_import,
    order_import_of_codes,
)
from campaigns.codes.actions.update_metadata import order_metadata_update
from campaigns.codes.queries.find import find_campaign
from config.api.auth import MAY_ALL, caller
from config.api.bodies import MOST_ROWS, Sent, array_of
from config.api.door import ApiError, invalid_payload, refusals
from config.api.examples import Example
from config.api.openapi import operation
from config.api.started import Started, started
from publications.api.voucher_changes import PERCENT
from publications.api.vouchers import router as vouchers


@operation(
    vouchers, "POST", "/import", MAY_ALL, "Import vouchers", answer={202: Started},
    refuses="invalid_voucher duplicate_key",
    examples=[Example("Two vouchers", [{"code": "TEN-1", **PERCENT}, {"code": "TEN-2", **PERCENT}])],
)  # fmt: skip
def import_vouchers(
    request: HttpRequest, sent: Annotated[array_of(ImportedVoucherSent, most=MOST_ROWS), Body()]
) -> dict[str, Any]:
    """Standalone vouchers. One that cannot be imported is told of in the result of the async action."""
    return started(order_import_of_codes([voucher.row() for voucher in sent], by=caller(request)))


@operation(
    vouchers, "POST", "/importCSV", MAY_ALL, "Import vouchers from a CSV file", answer={202: Started},
    examples=[Example("A file of codes", file="standalone-codes.csv")],
)  # fmt: skip
def import_vouchers_from_file(request: HttpRequest, file: Annotated[UploadedFile, File()]) -> dict[str, Any]:
    return started(order_code_import(file, by=caller(request)))


class MetadataOfCode(Sent):
    code: str = Field(min_length=1)
    metadata: dict[str, Any]
    """Added to what the voucher has, key by key."""


class MetadataOfCodes(Sent):
    """The body of POST /v1/vouchers/metadata/async."""

    codes: array_of(str, most=MOST_ROWS) = Field(min_length=1)
    metadata: dict[str, Any]
    """Added to what each voucher has, key by key."""


@operation(
    vouchers, "POST", "/bulk/async", MAY_ALL, "Update many vouchers", answer={202: Started},
    examples=[Example("Two vouchers", [{"code": "AUTUMN-7GK2", "metadata": {"lang": "en"}}, {"code": "AUTUMN-M4XP", "metadata": {"lang": "pl"}}])],
)  # fmt: skip
def update_vouchers_in_bulk(
    request: HttpRequest, sent: Annotated[array_of(MetadataOfCode, most=MOST_ROWS), Body()]
) -> dict[str, Any]:
    """Adds to the metadata of each code. A code that does not exist is told of in the result of the async action."""
    if not sent:
        raise invalid_payload("The body contains nothing to update.")
    rows = [(one.code, one.metadata) for one in sent]
    return started(order_metadata_update(rows, same_for_all=False, by=caller(request)))


@operation(
    vouchers, "POST", "/metadata/async", MAY_ALL, "Update the metadata of many vouchers", answer={202: Started},
    examples=[Example("Two vouchers", {"codes": ["AUTUMN-7GK2", "AUTUMN-M4XP"], "metadata": {"lang": "en"}})],
)  # fmt: skip
def update_vouchers_metadata_in_bulk(request: HttpRequest, sent: MetadataOfCodes) -> dict[str, Any]:
    """The same, with the same metadata for all."""
    rows = [(code, sent.metadata) for code in sent.codes]
    return started(order_metadata_update(rows, same_for_all=True, by=caller(request)))


@operation(
    campaigns, "POST", "/{campaign_id}/import", MAY_ALL, "Import vouchers into a campaign", answer={202: Started},
    refuses="invalid_voucher invalid_campaign duplicate_key duplicate_found",
    examples=[Example("Two vouchers", [{"code": "TEA-1", "metadata": {"batch": 7}}, {"code": "TEA-2", "active": False}])],
)  # fmt: skip
def import_into_campaign(
    request: HttpRequest,
    campaign_id: CampaignRef,
    sent: Annotated[array_of(ImportedVoucherSent, most=MOST_ROWS), Body()],
) -> dict[str, Any]:
    """Vouchers of the campaign. As on Voucherify, one code that exists already refuses them all."""
    rows = [voucher.row() for voucher in sent]
    return started(order_import_of_codes(rows, campaign=find_campaign(campaign_id), by=caller(request), all_new=True))


@operation(
    campaigns, "POST", "/{campaign_id}/importCSV", MAY_ALL, "Import vouchers into a campaign from a CSV file",
    answer={202: Started}, refuses="invalid_campaign",
    examples=[Example("A file of codes", file="codes-for-a-campaign.csv")],
)  # fmt: skip
def import_into_campaign_from_file(
    request: HttpRequest, campaign_id: CampaignRef, file: Annotated[UploadedFile, File()]
) -> dict[str, Any]:
    return started(order_code_import(file, campaign=find_campaign(campaign_id), by=caller(request)))


refusals(
    {
        CodesMissing: lambda problem: ApiError(400, "invalid_voucher", "Invalid Voucher", str(problem)),
        CodesRepeated: lambda problem: ApiError(400, "duplicate_key", "Duplicate codes", str(problem)),
    }
)
