"""Has the test client's calls that publish served by the express lane, as the web process does."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.test.client import ClientHandler, RequestFactory
from django.urls import resolve

from publications.lane.lane import PATH, is_for_the_lane
from publications.lane.serve import serve
from tests.support.api.calls import Api


class ThroughTheLane:
    """`ThroughTheLane(monkeypatch)`; then `.served` is how many calls it answered, of `.offered`."""

    def __init__(self, monkeypatch):
        self.offered = self.served = 0
        ordinary = ClientHandler.__call__

        def answer(handler, environ):
            if not is_for_the_lane(environ):
                return ordinary(handler, environ)
            environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read())
            self.offered += 1
            (found,) = serve([environ])
            if found is None:
                return ordinary(handler, environ)
            self.served += 1
            headers = {name.decode("latin-1").title(): value.decode("latin-1") for name, value in found.headers}
            response = HttpResponse(found.body, status=found.status, headers=headers)
            response.wsgi_request = WSGIRequest(environ)
            response.wsgi_request.resolver_match = resolve(PATH)
            return response

        monkeypatch.setattr(ClientHandler, "__call__", answer)


def environ_of(shop: Api, body: Any, **headers: str) -> dict[str, Any]:
    """A call to publish, as the web process gets it."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    more = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return RequestFactory().generic(
        "POST", PATH, content, "application/json", headers=shop.headers, REQUEST_URI=PATH, **more
    ).environ | {"wsgi.input": BytesIO(content)}  # fmt: skip


def publish_together(shop: Api, *bodies: Any) -> list[dict[str, Any] | None]:
    """Served as one batch: what each is answered; None where it is left to the ordinary way."""
    answers = serve([environ_of(shop, body) for body in bodies])
    return [answer and {"status": answer.status, **json.loads(answer.body)} for answer in answers]
