"""The API, put together from what each app contributes. Every operation names the scopes of its keys (`auth=`)."""

from __future__ import annotations

from django.http import Http404
from ninja import NinjaAPI, Router
from ninja.errors import HttpError, ValidationError

import campaigns.api.campaigns
import customers.api.customers
import customers.api.events
import customers.api.segments
import publications.api.batches
import publications.api.code_imports
import publications.api.old_publish
import publications.api.publications
import publications.api.settlements
import publications.api.voucher_changes
import publications.api.vouchers
import publications.dashboard.api.activity
import publications.dashboard.api.async_actions
import publications.dashboard.api.campaign_codes
import publications.dashboard.api.customers
import publications.dashboard.api.wallet
import publications.exports.api.exports
import publications.redemptions.api.balance
import publications.redemptions.api.qualifications
import publications.redemptions.api.redemptions
import publications.redemptions.api.sessions
import publications.redemptions.api.validations
from config.api.auth import MAY_ALL
from config.api.bodies import StrictParser
from config.api.door import Renderer, error_response
from config.api.metadata_schemas import router as metadata_schemas
from config.api.oauth.operations import router as oauth

TAGS = {
    "Publications": "Publish codes to customers, exactly once, and see who got what.",
    "Vouchers": "Codes, what they are worth and who holds them.",
    "Campaigns": "Pools of codes with the same offer, and adding codes to them.",
    "Customers": "The people who get codes.",
    "Validations": "What redeeming codes would come to.",
    "Qualifications": "Which codes a customer could redeem.",
    "Redemptions": "Redeem codes and roll back redemptions.",
    "Exports": "CSV files of vouchers, publications, customers, redemptions or transactions.",
    "Segments": "Groups of customers, chosen one by one or by a filter.",
    "Events": "Customer activity, under your own event names.",
    "OAuth": "Draw bearer tokens, which expire, to send instead of the key itself.",
    "Metadata schemas": "Always empty: metadata can have any keys and values.",
    "Async actions": "The progress of background work.",
}
api = NinjaAPI(
    title="Handout",
    version="1",
    description="Hands each voucher code to one customer, exactly once. Compatible with Voucherify's v1.",
    openapi_extra={"tags": [{"name": name, "description": words} for name, words in TAGS.items()]},
    urls_namespace="v1",
    docs_url=None,
    openapi_url=None,
    parser=StrictParser(),
    renderer=Renderer(),
    auth=MAY_ALL,  # for an operation that forgets to say
)
for problem in (Exception, Http404, HttpError, ValidationError):
    api.add_exception_handler(problem, error_response)


def add(prefix: str, router: Router) -> None:
    """The API's own words are tried before names: `vouchers/import` is no code."""
    paths = sorted(router.path_operations.items(), key=lambda path: path[0].endswith("}"))
    router.path_operations.clear()
    router.path_operations.update(paths)
    api.add_router(prefix, router)


add("publications", publications.api.publications.router)
add("redemptions", publications.redemptions.api.redemptions.router)
add("redemptions", publications.redemptions.api.sessions.router)
add("qualifications", publications.redemptions.api.qualifications.router)
add("validations", publications.redemptions.api.validations.router)
add("vouchers", publications.redemptions.api.redemptions.of_vouchers)
add("vouchers", publications.redemptions.api.validations.of_vouchers)
add("vouchers", publications.redemptions.api.sessions.of_vouchers)
add("vouchers", publications.redemptions.api.balance.router)
add("vouchers", publications.exports.api.exports.of_vouchers)
add("vouchers", publications.api.vouchers.router)
add("campaigns", campaigns.api.campaigns.router)
add("customers", customers.api.customers.router)
add("customers", customers.api.segments.of_customers)
add("segments", customers.api.segments.router)
add("events", customers.api.events.router)
add("exports", publications.exports.api.exports.router)
add("metadata-schemas", metadata_schemas)
add("oauth", oauth)
add("async-actions", publications.dashboard.api.async_actions.router)
