"""The API of metadata schemas. There are none: metadata are any keys and values. Clients that ask first are told so."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from config.api.auth import MAY_READ
from config.api.filters import what_is_asked
from config.api.lists import ListQuery

router = Router(tags=["Metadata schemas"])

NONE: dict[str, Any] = {"object": "list", "data_ref": "schemas", "schemas": [], "total": 0, "has_more": False}


@router.get("", auth=MAY_READ)
def list_metadata_schemas(request: HttpRequest):
    """There are none: metadata are any keys and values."""
    what_is_asked(request.GET, ListQuery)
    return NONE


@router.get("/{related_object}", auth=MAY_READ)
def list_metadata_schemas_of(request: HttpRequest, related_object: str):
    """Of vouchers, customers and so on: none either."""
    what_is_asked(request.GET, ListQuery)
    return NONE
