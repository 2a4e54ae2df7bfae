"""Every error of the API: its key, its HTTP status, and what it means. The reference tells them (config/api/openapi.py)."""

from __future__ import annotations

from typing import NamedTuple


class Meaning(NamedTuple):
    status: int
    words: str


ERRORS = {
    # what every call may meet
    "unauthorized": Meaning(401, "No key, an unknown or revoked one, or the token of another."),
    "forbidden": Meaning(403, "The scope of the key does not allow this call."),
    "https_required": Meaning(403, "This server answers over HTTPS only."),
    "invalid_query_params": Meaning(400, "The query string cannot be used; `details` names the parameter."),
    "invalid_host": Meaning(400, "The server does not go by the name that the call used."),
    "invalid_request": Meaning(400, "The request is malformed."),
    "method_not_allowed": Meaning(405, "The address exists, but not for this method; `Allow` names those it has."),
    "request_timeout": Meaning(408, "The body did not come in time, or too slowly."),
    "length_required": Meaning(411, "The body came in a transfer coding other than `chunked`."),
    "too_many_requests": Meaning(429, "The key called too often; wait for as many seconds as `Retry-After` says."),
    "internal_error": Meaning(500, "A fault of the server; its log has the `request_id`."),
    "service_unavailable": Meaning(
        503,
        "The database is away, gave way or takes no writes just now, or publishing is held (`details` say why). "
        "Repeat the call, with its `source_id`.",
    ),
    # what every body may meet
    "invalid_payload": Meaning(400, "The body cannot be used; `details` names the field and what was expected."),
    "payload_too_large": Meaning(413, "The body is larger than the server takes."),
    "unsupported_media_type": Meaning(415, "The body is not of the type that this call takes."),
    # lists
    "page_over_limit": Meaning(400, "Page 1000 is the last; page on with `starting_after`."),
    # things
    "not_found": Meaning(404, "There is no such thing; `resource_type` and `resource_id` say which."),
    "duplicate_found": Meaning(409, "There is one with this name or code already."),
    "resource_in_use": Meaning(409, "Something else needs it; the details name what."),
    # publishing
    "missing_vouchers": Meaning(400, "Neither `voucher` nor `campaign` was given."),
    "missing_customer": Meaning(400, "No `customer` was given."),
    "voucher_already_published": Meaning(400, "The voucher is with a customer already."),
    "voucher_cannot_be_published": Meaning(
        400, "The voucher is disabled, expired, used up, retired or held back, or the customer has another."
    ),
    "duplicate_source_id": Meaning(400, "This `source_id` was used before, for another customer or selector."),
    "too_many_vouchers_requested": Meaning(400, "Only one code can be given with `source_id` or `join_once`."),
    "no_voucher_suitable_for_publication": Meaning(400, "The campaign has expired, or has too few codes left."),
    "integration_api_key_required": Meaning(403, "Publishing by GET needs a key that was made for integrations."),
    # vouchers, campaigns
    "invalid_voucher": Meaning(400, "The voucher cannot be so, or not be changed so."),
    "invalid_campaign": Meaning(400, "The campaign cannot be so, or takes no such change."),
    "duplicate_key": Meaning(400, "A code stands twice among those that were sent."),
    # exports
    "invalid_export_fields": Meaning(400, "A field is not one of those that this kind of export has."),
    # redeeming
    "voucher_disabled": Meaning(400, "The voucher or its campaign is disabled."),
    "voucher_not_active": Meaning(400, "The voucher can be used later only; see its `start_date`."),
    "referrer_not_permitted_to_redeem": Meaning(400, "A referral code is for others than who holds it."),
    "voucher_expired": Meaning(400, "The voucher has expired."),
    "quantity_exceeded": Meaning(400, "The voucher was used as often as it may be."),
    "gift_amount_exceeded": Meaning(400, "The balance of the gift voucher is less than what was asked for."),
    "missing_amount": Meaning(400, "A gift voucher needs an amount: `gift.credits` or `order.amount`."),
    "invalid_gift": Meaning(400, "`gift` goes with gift vouchers only."),
    "already_rolled_back": Meaning(400, "The redemption was rolled back before."),
    "invalid_redemption_parent": Meaning(400, "It is a part of a stack; roll back the stack."),
    "invalid_rollback_params": Meaning(400, "This cannot be rolled back: it failed, or is a rollback itself."),
}
