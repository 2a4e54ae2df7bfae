"""The OpenAPI document: what ninja knows of the operations, completed by what the apps say of each in `describe`.

Parameters and bodies come from the very models that validate them. Answers are plain dicts (ADR 0004), described by
pydantic models that only this document uses; tests hold every answer that they get against it (tests/support/api/calls.py).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Annotated, Any, NamedTuple, TypeVar, cast

from ninja import NinjaAPI, Path, Router
from ninja.constants import NOT_SET
from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema
from ninja.operation import Operation
from ninja.schema import NinjaGenerateJsonSchema
from pydantic import TypeAdapter

from config.api.auth import KeyWith
from config.api.errors import ERRORS
from config.api.examples import SERVER, Example, curl, example_of
from config.api.lists import LAST_PAGE, Listing, list_parameters, list_schema
from config.api.schemas import Error

F = TypeVar("F", bound=Callable)

ALWAYS = """invalid_query_params invalid_host invalid_request unauthorized forbidden network_not_allowed https_required
            length_required
            too_many_requests internal_error service_unavailable""".split()
WITH_BODY = ["invalid_payload", "request_timeout", "payload_too_large", "unsupported_media_type"]
WORDS = {
    200: "Done.",
    201: "Made.",
    202: "Accepted; the work continues in the background.",
    204: "Done; the response has no body.",
}


class Described(NamedTuple):
    summary: str
    answers: Mapping[int, Any]
    refuses: Sequence[str]
    examples: Sequence[Example]
    parameters: Sequence[dict[str, Any]]
    orders: Sequence[str]
    files: Sequence[str]
    words: Mapping[str, str] = {}


_described: dict[Callable, Described] = {}


def operation(
    router: Router,
    method: str,
    path: str,
    auth: KeyWith,
    summary: str,
    *,
    answer: Any = None,
    lists: Listing | None = None,
    refuses: str = "",
    examples: Sequence[Example] = (),
    parameters: Sequence[dict[str, Any]] = (),
    words: Mapping[str, str] = {},
    files: Sequence[str] = (),
) -> Callable[[F], F]:
    """Declares an operation: where it is, who may call it, and what the reference says of it beyond its docstring and
    the types of its arguments.

    `answer`: the schema of a 200, or {status: schema}, None for an answer without a body; the function returns a plain
    dict, which nothing validates. Of an operation that `lists`, it is the list, and need not be given. `refuses`: the
    keys of its own errors, beside those of every call. `words`: of parameters whose type says nothing about them.
    `parameters`: of the query string, that the function reads by itself. `files`: the types of files that a 200 may be.
    """
    answers = answer if isinstance(answer, Mapping) else {200: lists if answer is None else answer}
    if lists:
        parameters = [*list_parameters(lists), *parameters]

    def declare(view: F) -> F:
        _described[view] = Described(
            summary, answers, refuses.split(), examples, parameters, tuple(lists.orders if lists else ()), files, words
        )
        router.add_api_operation(path, [method], view, auth=auth)
        declared = router.path_operations[path].operations[-1]
        declared.response_models = {status: NOT_SET if schema else None for status, schema in answers.items()}
        return view

    return declare


def path_parameter(description: str, example: str) -> Any:
    """The type of a parameter in the address."""
    return Annotated[str, Path(description=description, example=example)]


def document(api: NinjaAPI) -> dict[str, Any]:
    """The whole document, but for the address of the server: that is the text `{server}`."""
    made = Document(api, "v1/")
    paths, components = _plain(_in_order(made["paths"])), _plain(made["components"])
    named = used([paths, components["responses"]], components["schemas"])
    components["schemas"] = {name: schema for name, schema in components["schemas"].items() if name in named}
    return {**made, "paths": paths, "components": components}


def undescribed(api: NinjaAPI) -> list[str]:
    """The names of the operations of which nothing is said, and which the document leaves out."""
    return [
        operation.view_func.__name__
        for router in api._get_bound_routers()
        for view in router.path_operations.values()
        for operation in view.operations
        if operation.view_func not in _described
    ]


FORM = "application/x-www-form-urlencoded"


class Document(OpenAPISchema):
    def __init__(self, api: NinjaAPI, path_prefix: str) -> None:
        super().__init__(api, path_prefix)
        self["servers"] = [{"url": SERVER}]
        self["components"] |= {
            "headers": HEADERS,
            "securitySchemes": KEY | BEARER,
            "responses": self.common_responses(),
        }

    def methods(self, operations: list[Operation]) -> dict[str, Any]:
        """Those that are described; tests/config/api/test_openapi.py finds that none is forgotten."""
        return super().methods([operation for operation in operations if operation.view_func in _described])

    def operation_details(self, operation: Operation) -> dict[str, Any]:
        said = _described[operation.view_func]
        details = super().operation_details(operation)
        name = operation.view_func.__name__
        if FORM in details.get("requestBody", {}).get("content", {}):
            details["requestBody"]["required"] = False  # its fields may stand in the query string instead
        if details["parameters"]:
            details["parameters"] = [self.parameter(parameter, said) for parameter in details["parameters"]]
        details["parameters"] += deepcopy(list(said.parameters))
        details |= {
            "operationId": name,
            "summary": said.summary,
            "description": inspect.getdoc(operation.view_func) or "",
            "security": _security(cast(KeyWith, operation.auth_param)),
            "responses": self.all_responses(said, details),
            "x-scopes": list(cast(KeyWith, operation.auth_param).scopes),
        }
        self.put_examples(details, operation, said.examples or [Example(said.summary)])
        return details

    def parameter(self, parameter: dict[str, Any], said: Described) -> dict[str, Any]:
        name, schema = parameter["name"], _not_null(parameter["schema"])
        found = {"name": name, "in": parameter["in"], "required": parameter["required"], "schema": schema}
        if name == "order" and said.orders:
            schema["enum"], schema["default"] = list(said.orders), said.orders[0]
        if name == "page":
            schema["maximum"] = LAST_PAGE  # beyond it stands an error of its own, `page_over_limit`
        if parameter["in"] == "path":
            found["example"] = schema.pop("example")
        if description := schema.pop("description", said.words.get(name)):
            found["description"] = description
        return found

    def put_examples(self, details: dict[str, Any], operation: Operation, examples: Sequence[Example]) -> None:
        (method,) = operation.methods
        template = self.path_of(operation)
        path = {p["name"]: p["example"] for p in details["parameters"] if p["in"] == "path"}
        details["x-codeSamples"] = [
            {"lang": "curl", "label": example.title, "source": curl(method, template, path, example)}
            for example in examples
        ]
        bodies = [example for example in examples if example.body is not None]
        for kind in details.get("requestBody", {}).get("content", {}).values():
            if bodies:
                kind["examples"] = {example.title: {"value": example.body} for example in bodies}
        for example in examples:
            for parameter in details["parameters"]:
                if parameter["name"] in example.query:
                    parameter.setdefault("examples", {})[example.title] = {"value": example.query[parameter["name"]]}

    def path_of(self, operation: Operation) -> str:
        return next(
            re.sub(r"{\w+:", "{", f"/v1/{router.prefix}{path}")
            for router in self.api._get_bound_routers()
            for path, view in router.path_operations.items()
            if any(known.view_func is operation.view_func for known in view.operations)
        )

    def all_responses(self, said: Described, details: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for status, answer in said.answers.items():
            model = list_schema(answer) if isinstance(answer, Listing) else answer
            found[str(status)] = {"description": WORDS[status], "headers": LIMITS}
            if model is not None:
                schema = self.schema_of(model)
                example = example_of(schema, self.schemas)
                files = {kind: {"schema": {"type": "string"}} for kind in said.files}
                found[str(status)]["content"] = {"application/json": {"schema": schema, "example": example}, **files}
        keys = [*said.refuses, *ALWAYS, *(WITH_BODY if "requestBody" in details else ())]
        if any(parameter["name"] == "page" for parameter in details["parameters"]):
            keys.append("page_over_limit")
        if any(parameter["in"] == "path" for parameter in details["parameters"]):
            keys.append("not_found")
        for status in sorted({ERRORS[key].status for key in keys}):
            mine = list(dict.fromkeys(key for key in keys if ERRORS[key].status == status))
            shared = _name(status, mine)
            found[str(status)] = {"$ref": f"#/components/responses/{shared}"} if shared else self.refusal(status, mine)
        return found

    def common_responses(self) -> dict[str, Any]:
        return {name: self.refusal(status, keys) for name, (status, keys) in COMMON.items()}

    def refusal(self, status: int, keys: Sequence[str]) -> dict[str, Any]:
        return {
            "description": "\n".join(f"- `{key}`: {ERRORS[key].words}" for key in keys),
            "headers": LIMITS,
            "content": {
                "application/json": {
                    "schema": {
                        "allOf": [
                            self.schema_of(Error),
                            {"properties": {"code": {"const": status}, "key": {"enum": list(keys)}}},
                        ]
                    }
                }
            },
        }

    def schema_of(self, model: Any) -> dict[str, Any]:
        """The model's schema; each model in it becomes a component of its own."""
        wrapped = TypeAdapter(list[model]).json_schema(
            ref_template=REF_TEMPLATE, schema_generator=NinjaGenerateJsonSchema, mode="serialization"
        )
        self.add_schema_definitions(wrapped.get("$defs", {}))
        return wrapped["items"]

    def add_schema_definitions(self, definitions: dict) -> None:
        for name, schema in definitions.items():
            if self.schemas.setdefault(name, schema) != schema:
                raise ValueError(f"Two models of the API are called {name}; the reference needs a name for each.")


def _security(auth: KeyWith) -> list[dict[str, list[str]]]:
    """The key, or a bearer token instead of it."""
    by_key: dict[str, list[str]] = {name: [] for name in KEY}
    return [by_key, {name: [] for name in BEARER}] if auth.takes_bearer else [by_key]


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query string knows no null: `str | None` is a string that need not be there."""
    if "anyOf" in schema:
        kinds = [kind for kind in schema["anyOf"] if kind.get("type") != "null"]
        if len(kinds) == 1:
            return {**{word: value for word, value in schema.items() if word != "anyOf"}, **kinds[0]}
    return dict(schema)


def _in_order(paths: dict[str, Any]) -> dict[str, Any]:
    """Lists before what is in them, rather than as the addresses must be tried."""
    methods = ["post", "get", "put", "delete"]
    return {
        path: {method: paths[path][method] for method in methods if method in paths[path]}
        for path in sorted(paths, key=lambda path: (path.count("/"), path))
    }


def used(value: Any, schemas: Mapping[str, Any]) -> set[str]:
    """The names of the components that `value` refers to, also by way of others."""
    found: set[str] = set()
    left = [value]
    while left:
        here = left.pop()
        left += here.values() if isinstance(here, dict) else here if isinstance(here, list) else []
        name = here.get("$ref", "").rpartition("/")[2] if isinstance(here, dict) else ""
        if name in schemas and name not in found:
            found.add(name)
            left.append(schemas[name])
    return found


NOT_SCHEMAS = {"example", "examples", "default", "enum", "const"}
NOT_SAID = {"title", "x-shown"}  # pydantic makes titles of the names


def _plain(value: Any) -> Any:
    """The schemas without what says nothing to a reader."""
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for word, inner in value.items():
        if word == "properties":  # whose words are names of fields
            found[word] = {name: _plain(field) for name, field in inner.items()}
        elif word in NOT_SCHEMAS:
            found[word] = inner
        elif word not in NOT_SAID:
            found[word] = _plain(inner)
    return found


def _name(status: int, keys: Sequence[str]) -> str | None:
    return next((name for name, common in COMMON.items() if common == (status, list(keys))), None)


COMMON = {
    "Unauthorized": (401, ["unauthorized"]),
    "Forbidden": (403, ["forbidden", "network_not_allowed", "https_required"]),
    "NotFound": (404, ["not_found"]),
    "RequestTimeout": (408, ["request_timeout"]),
    "LengthRequired": (411, ["length_required"]),
    "PayloadTooLarge": (413, ["payload_too_large"]),
    "UnsupportedMediaType": (415, ["unsupported_media_type"]),
    "TooManyRequests": (429, ["too_many_requests"]),
    "InternalError": (500, ["internal_error"]),
    "ServiceUnavailable": (503, ["service_unavailable"]),
}
KEY = {
    "AppId": {"type": "apiKey", "in": "header", "name": "X-App-Id", "description": "The key's id."},
    "AppToken": {"type": "apiKey", "in": "header", "name": "X-App-Token", "description": "The key's token."},
}
BEARER = {
    "Bearer": {"type": "http", "scheme": "bearer", "description": "A token from `POST /v1/oauth/token`."},
}
HEADERS = {
    "X-Request-Id": {
        "description": "Identifies this call in the server's log and the key's log.",
        "schema": {"type": "string"},
    },
    "X-Rate-Limit-Limit": {"description": "Calls per minute.", "schema": {"type": "integer"}},
    "X-Rate-Limit-Remaining": {"description": "Calls left.", "schema": {"type": "integer"}},
    "X-Rate-Limit-Retry": {
        "description": "Seconds until the next call is allowed; 0 if it is allowed now.",
        "schema": {"type": "integer"},
    },
}
LIMITS = {name: {"$ref": f"#/components/headers/{name}"} for name in HEADERS}
