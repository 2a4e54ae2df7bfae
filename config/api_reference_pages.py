"""The API's own description, for programs (/v1/openapi.json) and for people (/v1/docs). Open to all: it holds no data."""

from __future__ import annotations

import hashlib
import json
from functools import cache, lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.cache import cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import etag, require_safe

from config.api import reference
from config.api.examples import SERVER
from config.api.openapi import document
from config.api_assembly import api


@cache
def _document() -> dict:
    return document(api)


@cache
def _as_text() -> str:
    return json.dumps(_document(), ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=8)  # drawing it takes a third of a second; it is the same for all who call the server by one name
def _page(server: str) -> str:
    described = _document()
    rows = {
        "groups": reference.groups(described),
        "things": reference.things(described),
        "common_errors": reference.common_errors(),
    }
    return render_to_string("api/reference/page.html", {**rows, "server": server})


# Compressed, which a page that shows a secret must not be (BREACH); and asked for anew only where it has changed.


def _etag(text: str) -> str:
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


@require_safe
@gzip_page
def openapi(request: HttpRequest) -> HttpResponse:
    text = _as_text().replace(SERVER, _server(request))
    return HttpResponse(text, content_type="application/json; charset=utf-8")


@require_safe
@cache_control(no_cache=True)
@gzip_page
@etag(lambda request: _etag(_page(_server(request))))
def docs(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_page(_server(request)))


def _server(request: HttpRequest) -> str:
    """How this server is called from where the request came."""
    return (settings.SITE_URL or request.build_absolute_uri("/")).rstrip("/")
