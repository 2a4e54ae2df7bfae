"""Every error of the API: its key, HTTP status and meaning. The reference lists them (config/api/openapi.py)."""

from __future__ import annotations

from typing import NamedTuple


class Meaning(NamedTuple):
    status: int
    words: str


ERRORS = {
    # what every call may meet
    "unauthorized": Meaning(
        401, "The key or bearer token is missing, unknown, expired or revoked, or the token does not match the key."
    ),
    "forbidden": Meaning(403, "The scope of the key or bearer token does not allow this call."),
    "network_not_allowed": Meaning(403, "The key may not be used from the caller’s network."),
    "https_required": Meaning(403, "This server answers over HTTPS only."),
    "invalid_query_params": Meaning(400, "The query string is invalid; `details` names the parameter."),
    "invalid_host": Meaning(400, "The server does not accept this host name."),
    "invalid_request": Meaning(400, "The request is malformed."),
    "method_not_allowed": Meaning(
        405, "The address exists, but not for this method; `Allow` lists the supported ones."
    ),
    "request_timeout": Meaning(408, "The body arrived too late or too slowly."),
    "length_required": Meaning(411, "The body was sent with a transfer coding other than `chunked`."),
    "too_many_requests": Meaning(429, "Too many calls with this key; wait the number of seconds in `Retry-After`."),
    "internal_error": Meaning(500, "An error on the server; find it in the server’s log by `request_id`."),
    "service_unavailable": Meaning(
        503,
        "The database is unavailable or read-only, or publishing is on hold (see `details`). Repeat the call with the "
        "same `source_id`.",
    ),
    # signing in by OAuth 2.0
    "unsupported_grant_type": Meaning(400, "`grant_type` must be `client_credentials`."),
    "invalid_scope": Meaning(400, "`scope` names something that does not exist."),
    "too_many_tokens": Meaning(429, "The key has 1,000 bearer tokens that have not expired."),
    # what every body may meet
    "invalid_payload": Meaning(400, "The body is invalid; `details` names the field and what was expected."),
    "payload_too_large": Meaning(413, "The body is larger than the server accepts."),
    "unsupported_media_type": Meaning(415, "The body has a content type that this call does not accept."),
    # lists
    "page_over_limit": Meaning(400, "Page 1000 is the last; continue with `starting_after`."),
    # things
    "not_found": Meaning(404, "Nothing was found; see `resource_type` and `resource_id`."),
    "duplicate_found": Meaning(409, "The name or code already exists."),
    "resource_in_use": Meaning(409, "Something else uses it; `details` says what."),
    # publishing
    "missing_vouchers": Meaning(400, "Neither `voucher` nor `campaign` was given."),
    "missing_customer": Meaning(400, "No `customer` was given."),
    "voucher_already_published": Meaning(400, "The voucher has already been published to a customer."),
    "voucher_cannot_be_published": Meaning(
        400, "The voucher is disabled, expired, used up, retired or held back, or the customer already has another one."
    ),
    "duplicate_source_id": Meaning(400, "This `source_id` was already used for another customer or selector."),
    "too_many_vouchers_requested": Meaning(400, "Only one code can be published with `source_id` or `join_once`."),
    "no_voucher_suitable_for_publication": Meaning(400, "The campaign has expired, or has too few codes left."),
    "customer_limit_reached": Meaning(
        400, "The customer holds as many codes of the campaign as one customer may; a release makes room."
    ),
    "campaign_limit_reached": Meaning(400, "The campaign has given out as many codes today as it may."),
    "api_key_limit_reached": Meaning(400, "This API key has published as many codes today as it may."),
    "channel_limit_reached": Meaning(400, "As many codes went out through this channel today as may."),
    "batch_refused": Meaning(400, "Some items of an atomic batch cannot be published, so none was; see `errors`."),
    "integration_api_key_required": Meaning(403, "Publishing by GET needs a key that is marked for integrations."),
    # vouchers, campaigns
    "invalid_voucher": Meaning(400, "The voucher would be invalid, or cannot be changed like this."),
    "invalid_campaign": Meaning(400, "The campaign would be invalid, or cannot be changed like this."),
    "duplicate_key": Meaning(400, "The same code was sent twice."),
    # exports
    "invalid_export_fields": Meaning(400, "This kind of export does not have one of the fields."),
    # redeeming
    "voucher_disabled": Meaning(400, "The voucher or its campaign is disabled."),
    "voucher_not_active": Meaning(400, "The voucher cannot be used yet; see its `start_date`."),
    "voucher_not_published": Meaning(400, "The campaign accepts published vouchers only."),
    "customer_not_holder": Meaning(400, "The campaign accepts its vouchers from their holders only."),
    "referrer_not_permitted_to_redeem": Meaning(400, "Customers cannot redeem their own referral code."),
    "voucher_expired": Meaning(400, "The voucher has expired."),
    "quantity_exceeded": Meaning(400, "The voucher has reached its redemption limit."),
    "gift_amount_exceeded": Meaning(400, "The gift voucher’s balance is lower than the requested amount."),
    "missing_amount": Meaning(400, "A gift voucher needs an amount: `gift.credits` or `order.amount`."),
    "invalid_amount": Meaning(400, "The gift voucher cannot hold this amount; `details` says why."),
    "idempotency_key_reused": Meaning(
        409, "This `Idempotency-Key` was sent with another request within the last 24 hours."
    ),
    "invalid_gift": Meaning(400, "`gift` can only be used with gift vouchers."),
    "already_rolled_back": Meaning(400, "The redemption was rolled back before."),
    "invalid_redemption_parent": Meaning(400, "It is part of a stack; roll back the stack."),
    "invalid_rollback_params": Meaning(400, "This cannot be rolled back: it failed, or is itself a rollback."),
}
