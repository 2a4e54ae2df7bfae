"""The API, put together from what each app contributes. Every operation names the scopes of its keys (`auth=`)."""

from __future__ import annotations

from django.http import Http404
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

import campaigns.api
import customers.api
import customers.api_events
import customers.api_segments
import publications.api.publications
import publications.api.redemptions
import publications.api.vouchers
from config.api import Renderer, error_response
from config.api_auth import MAY_ALL
from config.api_bodies import StrictParser

api = NinjaAPI(
    title="Handout",
    version="1",
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,
    parser=StrictParser(),
    renderer=Renderer(),
    auth=MAY_ALL,  # for an operation that forgets to say
)
for problem in (Exception, Http404, HttpError, ValidationError):
    api.add_exception_handler(problem, error_response)

api.add_router("publications", publications.api.publications.router)
api.add_router("redemptions", publications.api.redemptions.router)
api.add_router("vouchers", publications.api.redemptions.of_vouchers)
api.add_router("vouchers", publications.api.vouchers.router)
api.add_router("campaigns", campaigns.api.router)
api.add_router("customers", customers.api_segments.of_customers)
api.add_router("customers", customers.api.router)
api.add_router("segments", customers.api_segments.router)
api.add_router("events", customers.api_events.router)
