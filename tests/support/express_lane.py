"""Has the test client's calls that publish served by the express lane, as the web process does."""

from __future__ import annotations

from io import BytesIO

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.test.client import ClientHandler
from django.urls import resolve

from publications.lane.lane import PATH, is_for_the_lane
from publications.lane.serve import serve


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
