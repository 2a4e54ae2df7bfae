"""The API of metadata schemas, which is always empty: metadata takes any keys and values. Some clients ask first."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router

from config.api.auth import MAY_READ
from config.api.filters import what_is_asked
from config.api.lists import ListQuery
from config.api.openapi import operation, path_parameter
from config.api.schemas import Answer, NeverSet

router = Router(tags=["Metadata schemas"])


class MetadataSchemas(Answer):
    object: Literal["list"]
    data_ref: Literal["schemas"]
    schemas: NeverSet
    total: Literal[0]
    has_more: Literal[False]


Related = path_parameter("What the metadata belongs to: `voucher`, `customer`, …", "voucher")


@operation(router, "GET", "", MAY_READ, "List metadata schemas", answer=MetadataSchemas)
def list_metadata_schemas(request: HttpRequest) -> dict[str, Any]:
    """Always empty: metadata takes any keys and values."""
    what_is_asked(request.GET, ListQuery)
    return MetadataSchemas.of()


@operation(
    router, "GET", "/{related_object}", MAY_READ, "List metadata schemas of one object type", answer=MetadataSchemas
)
def list_metadata_schemas_of(request: HttpRequest, related_object: Related) -> dict[str, Any]:
    """Of vouchers, customers and so on: always empty, too."""
    what_is_asked(request.GET, ListQuery)
    return MetadataSchemas.of()
