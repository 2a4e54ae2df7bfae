"""The JSON door: every answer under /v1, good or bad, leaves through here (docs/api.md, "Doors").

An error is the same envelope everywhere: `{"code", "key", "message", "details", "request_id"}`, and `resource_id` with
`resource_type` where a thing is meant. Never an HTML page. The apps teach `as_api_error` what their exceptions mean.
"""

from __future__ import annotations

import json
import logging
import math
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import singledispatch
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from ninja.errors import HttpError, ValidationError
from ninja.renderers import BaseRenderer

from config.api.addresses import resolve
from config.api.limits.upload_limit import largest_body
from config.api.log import Call, log
from config.log_routes import route_of
from config.metadata import MetadataRefused
from config.public_ids import key_of

logger = logging.getLogger("handout.api")


class ApiError(Exception):
    """A response that is an error: `code` is the HTTP status, the other fields are in the envelope; `headers` are
    added.
    """

    def __init__(
        self,
        code: int,
        key: str,
        message: str,
        details: str = "",
        *,
        resource_id: str | None = None,
        resource_type: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{key}: {details or message}")
        self.code, self.headers = code, headers or {}
        self.content = {"code": code, "key": key, "message": message, "details": details}
        if resource_id is not None:
            self.content |= {"resource_id": resource_id, "resource_type": resource_type}


def invalid_payload(details: str) -> ApiError:
    """The body is invalid; `details` names the field and what was expected."""
    return ApiError(400, "invalid_payload", "Invalid payload", details)


def invalid_query(details: str) -> ApiError:
    """The query string cannot be used; `details` names the parameter and what was expected."""
    return ApiError(400, "invalid_query_params", "Invalid query params", details)


def not_found(resource_type: str, reference: str) -> ApiError:
    return ApiError(
        404,
        "not_found",
        "Resource not found",
        f"Cannot find {resource_type} with id {reference}",
        resource_id=reference,
        resource_type=resource_type,
    )


def duplicate_found(resource_type: str, reference: str, what: str) -> ApiError:
    """Such a thing exists already, with the same `what`."""
    return ApiError(
        409,
        "duplicate_found",
        "Duplicated resource found",
        f"Duplicated {resource_type} exists with {what} {reference}",
        resource_id=reference,
        resource_type=resource_type,
    )


def payload_too_large(largest: int) -> ApiError:
    """`largest` in bytes."""
    return ApiError(413, "payload_too_large", "Payload too large", f"The body can have at most {largest // 1024:,} KB.")


def body_too_late() -> ApiError:
    return ApiError(408, "request_timeout", "Request timeout", "The body of the request did not arrive in time.")


def key_or_404(prefix: str, resource_type: str, reference: str) -> int:
    """The row's key for a public id in an address."""
    key = key_of(prefix, reference)
    if key is None:
        raise not_found(resource_type, reference)
    return key


@singledispatch
def as_api_error(problem: Exception) -> ApiError:
    """The error that callers get for an exception. Each app registers its verbs' exceptions; an unknown one is a 500."""
    return ApiError(
        500,
        "internal_error",
        "Internal server error",
        "Something went wrong on the server. Give the request_id to the person who runs it: the log says more.",
    )


def refusals(told: Mapping[type[Exception], Callable[[Any], ApiError]]) -> None:
    """Registers the errors that callers get for a room's exceptions."""
    for problem, answer in told.items():
        as_api_error.register(problem, answer)


@as_api_error.register
def _(problem: ApiError) -> ApiError:
    return problem


@as_api_error.register
def _(problem: MetadataRefused) -> ApiError:
    return invalid_payload(f"metadata: {problem}")


@as_api_error.register
def _(problem: ValidationError) -> ApiError:
    """A body or query string that is not of the declared shape."""
    refuse = invalid_query if all(error["loc"][0] == "query" for error in problem.errors) else invalid_payload
    return refuse(in_words(problem.errors))


@as_api_error.register
def _(problem: HttpError) -> ApiError:
    # django-ninja wraps whatever our parser raises.
    if isinstance(problem.__cause__, ApiError):
        return problem.__cause__
    return ApiError(problem.status_code, "invalid_request", "Invalid request", str(problem))


@as_api_error.register
def _(problem: Http404) -> ApiError:
    return ApiError(
        404,
        "not_found",
        "There is no such operation",
        "There is no such operation; check the address. Write a slash within a code or name as %2F.",
    )


@as_api_error.register
def _(problem: DisallowedHost) -> ApiError:
    return ApiError(
        400, "invalid_host", "Invalid host", "This server does not accept that host name; see ALLOWED_HOSTS."
    )


@as_api_error.register
def _(problem: RequestDataTooBig) -> ApiError:
    return payload_too_large(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


@as_api_error.register
def _(problem: MultiPartParserError) -> ApiError:
    return invalid_payload(f"The body is not valid multipart/form-data: {problem}")


@as_api_error.register
def _(problem: TooManyFieldsSent) -> ApiError:
    return invalid_query(f"A query can have at most {settings.DATA_UPLOAD_MAX_NUMBER_FIELDS} parameters.")


@as_api_error.register
def _(problem: SuspiciousOperation) -> ApiError:
    return ApiError(400, "invalid_request", "Invalid request", "The request is malformed.")


@as_api_error.register(OperationalError)
@as_api_error.register(InterfaceError)
def _(problem: Exception) -> ApiError:
    """The database is away, restarting, or gave way to another transaction. Whether a commit went through is unknown."""
    return ApiError(
        503,
        "service_unavailable",
        "Service unavailable",
        "The database did not respond, or is read-only right now. Repeat the request: with a source_id, nothing is published twice.",
        headers={"Retry-After": "1"},
    )


WORDS = {
    "missing": "is required",
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a whole number of at most 64 bits",
    "float_type": "must be a number",
    "decimal_type": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "list_type": "must be an array",
}


def in_words(errors: Sequence[Any]) -> str:
    """What pydantic found wrong, the first five of it. Each `loc` begins with "body" and our argument's name, or "query"."""
    return "; ".join(_in_words(error) for error in errors[:5])


def _in_words(error: dict[str, Any]) -> str:
    """`{"loc": ("body", "sent", "campaign", "count"), …}` -> "campaign.count: must be at most 50"."""
    source, *path = error["loc"]
    if source == "body":
        path = path[1:]  # the name of our function's argument
    limits = error.get("ctx", {})
    if error["type"] == "missing" and not path:
        return "The body is empty; send JSON."
    words = WORDS.get(error["type"]) or {
        "greater_than_equal": f"must be at least {limits.get('ge')}",
        "greater_than": f"must be more than {limits.get('gt')}",
        "less_than_equal": f"must be at most {limits.get('le')}",
        "string_too_long": f"can have at most {limits.get('max_length')} characters",
        "string_too_short": "must not be empty",
        "too_long": f"can have at most {limits.get('max_length') or 0:,} elements; this has {limits.get('actual_length') or 0:,}",
        "too_short": "must not be empty",
        "literal_error": f"must be {limits.get('expected')}",
        "value_error": str(limits.get("error", "")),
    }.get(error["type"], error["msg"])
    return f"{'.'.join(str(part) for part in path)}: {words}" if path else f"The body {words}."


def error_response(request: HttpRequest, problem: Exception) -> HttpResponse:
    error = as_api_error(problem)
    if error.code >= 500:
        logger.error("%s %s: %s", request.method, route_of(request), request.request_id, exc_info=problem)
    response = HttpResponse(
        to_json(error_content(error, request.request_id)),
        status=error.code,
        content_type="application/json; charset=utf-8",
    )
    for name, value in error.headers.items():
        response[name] = value
    return response


def error_content(error: ApiError, request_id: str = "") -> dict[str, Any]:
    """The envelope."""
    return error.content | {"request_id": request_id or _new_request_id()}


def _new_request_id() -> str:
    return f"v-{secrets.token_hex(9)}"


def door(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, before those that serve pages: an API call has no session, no cookie, no CSRF token and no page.

    So it goes straight from here to its view, which also spares it two thirds of the time that an empty call took.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if (path != "/v1" and not path.startswith("/v1/")) or path == "/v1/docs":  # which is a page
            return get_response(request)
        let_in(request)
        try:
            response = _answer(request)
        except Exception as problem:
            response = error_response(request, problem)
        return let_out(request, response)

    return answer


def let_in(request: HttpRequest) -> None:
    """Sets up what every call needs."""
    request.request_id = _new_request_id()
    request.allowance = request.key_id = None
    request.came_at, request.started = time.time(), time.perf_counter()


def let_out(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Adds the headers of every response, and the call's line in the log."""
    if response.status_code == 204:  # else Python voucherify 2 reads JSON where there is none
        del response["Content-Type"]
    elif not response.streaming:  # a file says its length itself
        response["Content-Length"] = len(response.content)
    response["X-Request-Id"] = request.request_id
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    limit = settings.API_RATE_LIMIT
    allowance = request.allowance
    response["X-Rate-Limit-Limit"] = limit
    response["X-Rate-Limit-Remaining"] = allowance.remaining if allowance else limit
    response._has_been_logged = True  # Django would log a warning for every call that was refused
    response["X-Rate-Limit-Retry"] = math.ceil(allowance.retry) if allowance else 0
    if request.key_id and settings.API_LOG:
        took, match = time.perf_counter() - request.started, request.resolver_match
        status, request_id = response.status_code, request.request_id
        log.note(Call(request.key_id, request.came_at, request.method, match, status, took, request_id))
    return response


def check(request: HttpRequest) -> None:
    """The checks before the address is resolved. Raises ApiError, DisallowedHost."""
    request.get_host()  # raises DisallowedHost
    if settings.HTTPS and not request.is_secure():
        raise ApiError(403, "https_required", "HTTPS required", "This server answers API calls over HTTPS only.")
    if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        raise invalid_query("The address contains a NUL character (%00), which is not allowed.")
    if request.headers.get("Transfer-Encoding"):
        raise ApiError(
            411,
            "length_required",
            "Length required",
            "The only accepted transfer coding is chunked. Use it, or send the body with a Content-Length header.",
        )
    if int(request.META.get("CONTENT_LENGTH") or 0) > (largest := largest_body(request.path_info)):
        raise payload_too_large(largest)


def _answer(request: HttpRequest) -> HttpResponse:
    check(request)
    view, arguments, named = request.resolver_match = resolve(request)
    response = view(request, *arguments, **named)
    if response.status_code == 405:
        allowed = response["Allow"]
        raise ApiError(
            405,
            "method_not_allowed",
            "Method not allowed",
            f"{request.method} is not allowed at this address; use {allowed.replace(', ', ' or ')}.",
            headers={"Allow": allowed},
        )
    return response


class Renderer(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return to_json(data)


def to_json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def iso(time: datetime | None) -> str | None:
    """2018-07-31T12:10:40.000Z: UTC with milliseconds, as every time of the API."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if time else None


def number(value: Decimal | None) -> int | float | None:
    """A JSON number of the right kind: 10 rather than 10.0, 10.5 rather than "10.5"."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def hundredths(value: Decimal | None) -> int | float | None:
    """Amounts of money travel as hundredths: 10.50 is 1050."""
    return None if value is None else number(value * 100)
