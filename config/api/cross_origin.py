"""Lets pages of the origins in settings.API_ORIGINS call the API from a browser (CORS); without any, none may.

By hand, since django-cors-headers is mostly about what the API has not: cookies, patterns of origins, signals.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

METHODS = "GET, POST, PUT, DELETE"
SHOWN = "X-Request-Id, X-Rate-Limit-Limit, X-Rate-Limit-Remaining, X-Rate-Limit-Retry, X-Rate-Limit-Type, Retry-After"


def cross_origin(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, before the API's door."""

    def answer(request: HttpRequest) -> HttpResponse:
        if not settings.API_ORIGINS or not request.path_info.startswith("/v1/"):
            return get_response(request)
        origin = request.headers.get("Origin", "")
        allowed = origin in settings.API_ORIGINS
        asks_first = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        response = HttpResponse(status=204) if allowed and asks_first else get_response(request)
        patch_vary_headers(response, ["Origin"])
        if allowed:
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Expose-Headers"] = SHOWN
        if allowed and asks_first:
            response["Access-Control-Allow-Methods"] = METHODS
            response["Access-Control-Allow-Headers"] = request.headers.get("Access-Control-Request-Headers", "")
            response["Access-Control-Max-Age"] = "86400"
        return response

    return answer
