"""Holds answers of the API against its own OpenAPI document: status, headers, type and body must be as it says.

Every answer that a test gets through tests/support/api/calls.py comes by here, so the document cannot drift from the API.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from functools import cache
from typing import Any

import jsonschema_rs
from django.http import HttpRequest, HttpResponse

from config.api.openapi import document
from config.api_assembly import api

ERROR = {"$ref": "#/components/schemas/Error"}


@cache
def whole() -> dict[str, Any]:
    """The document, stricter than it is published: an answer may hold no field that it does not name."""
    strict = deepcopy(document(api))
    for schema in strict["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return strict


@cache
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({**json.loads(schema), "components": whole()["components"]})


def wrong(value: Any, schema: dict[str, Any]) -> list[str]:
    """What of a value is not as the schema says."""
    found = _validator(json.dumps(schema)).iter_errors(value)
    return [f"{'.'.join(map(str, error.instance_path))}: {error.message[:300]}" for error in found]


def check(request: HttpRequest, answer: HttpResponse) -> None:
    """Fails where the answer to the request is not one of those that the document tells."""
    match = getattr(request, "resolver_match", None)
    path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", match.route) if match else ""
    operation = whole()["paths"].get(path, {}).get(request.method.lower())
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    said = f"{request.method} {path or request.path} answered {answer.status_code}: {content[:500]!r}"
    assert {"X-Request-Id", "X-Rate-Limit-Limit"} <= set(answer.headers), said
    if answer.status_code == 405 or not path:
        assert not wrong(json.loads(content), ERROR), said
        return
    if not operation:
        return  # not described yet: tests/config/api/test_openapi.py says so
    responses = operation["responses"]
    assert str(answer.status_code) in responses, f"the document knows no such status; {said}"
    response = responses[str(answer.status_code)]
    if "$ref" in response:
        response = whole()["components"]["responses"][response["$ref"].rpartition("/")[2]]
    if "content" not in response:
        assert content == b"", said
        return
    kind = answer.headers["Content-Type"].partition(";")[0]
    assert kind in response["content"], said
    if kind == "application/json":
        problems = wrong(json.loads(content), response["content"][kind]["schema"])
        assert not problems, "\n".join([said, *problems])
