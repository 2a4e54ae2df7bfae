"""Pages show codes and customers: no cache on the way keeps one, nor does the browser of someone who signed out."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from config.staff.htmx_request import HtmxHttpRequest


def private_pages(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HtmxHttpRequest], HttpResponse]:
    """Middleware, behind the one of the static files. A view that knows better says so itself."""

    def answer(request: HtmxHttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return answer
