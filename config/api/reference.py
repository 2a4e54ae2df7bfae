"""The OpenAPI document as people read it: the rows of the page /v1/docs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from config.api.errors import ERRORS
from config.api.examples import as_json
from config.api.openapi import ALWAYS, WITH_BODY, used

COMMON = [*ALWAYS, *WITH_BODY, "page_over_limit", "not_found", "method_not_allowed"]


class Kind(NamedTuple):
    """A part of a type's name: plain text, or the name of an object that the page describes."""

    text: str
    is_object: bool = False


class Row(NamedTuple):
    """A parameter or a field."""

    name: str
    kind: Sequence[Kind]
    words: str
    required: bool


class Error(NamedTuple):
    key: str
    status: int
    words: str


class Answer(NamedTuple):
    status: str
    words: str
    kind: Sequence[Kind]
    example: str


class Operation(NamedTuple):
    id: str
    method: str
    path: str
    summary: str
    words: str
    scopes: Sequence[str]
    parameters: Sequence[Row]
    filters: Sequence[tuple[str, Sequence[str]]]
    body: Sequence[Kind]
    fields: Sequence[Row]
    examples: Sequence[Mapping[str, str]]
    answers: Sequence[Answer]
    errors: Sequence[Error]


class Group(NamedTuple):
    name: str
    words: str
    operations: Sequence[Operation]


class Thing(NamedTuple):
    """An object that bodies or answers are made of."""

    name: str
    words: str
    fields: Sequence[Row]
    is_sent: bool  # by the caller, so that it matters what is required


def groups(document: Mapping[str, Any]) -> list[Group]:
    """All operations, by tag, in the order of the document's tags."""
    schemas = document["components"]["schemas"]
    found: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, operations in document["paths"].items():
        for method, said in operations.items():
            found[said["tags"][0]].append(_operation(method, path, said, schemas))
    return [Group(tag["name"], tag["description"], found[tag["name"]]) for tag in document["tags"]]


def things(document: Mapping[str, Any]) -> list[Thing]:
    """What the operations refer to, by name."""
    schemas = document["components"]["schemas"]
    operations = [said for path in document["paths"].values() for said in path.values()]
    sent = used([said.get("requestBody", {}) for said in operations], schemas)
    return [Thing(name, _words(schemas[name]), rows(schemas[name]), name in sent) for name in sorted(schemas)]


def common_errors() -> list[Error]:
    """Those that any call may meet."""
    return sorted((Error(key, *ERRORS[key]) for key in COMMON), key=lambda error: error.status)


def rows(schema: Mapping[str, Any]) -> list[Row]:
    required = schema.get("required", [])
    return [
        Row(name, kind_of(field), _words(field), name in required)
        for name, field in schema.get("properties", {}).items()
    ]


def kind_of(schema: Mapping[str, Any]) -> list[Kind]:
    """`{"type": "array", "items": {"$ref": "…/Voucher"}}` -> "array of", Voucher."""
    if "$ref" in schema:
        return [Kind(schema["$ref"].rpartition("/")[2], is_object=True)]
    if "const" in schema:
        return [Kind(_value(schema["const"]))]
    if "enum" in schema:
        return [Kind(" | ".join(_value(value) for value in schema["enum"]))]
    for word in ("allOf", "anyOf", "oneOf"):
        if word in schema:
            return _joined((kind_of(choice) for choice in schema[word]), Kind(" or "))
    kind = schema.get("type", "anything")
    if kind == "array":
        return [Kind("array of "), *kind_of(schema.get("items", {}))]
    if isinstance(kind, list):
        return [Kind(" or ".join(kind))]
    return [
        Kind(
            {"date-time": "time", "date": "date", "binary": "file"}.get(schema.get("format", ""), kind)
            + _limits(schema)
        )
    ]


def _limits(schema: Mapping[str, Any]) -> str:
    low = schema.get("minimum", schema.get("minLength", schema.get("minItems")))
    high = schema.get("maximum", schema.get("maxLength", schema.get("maxItems")))
    unit = " characters" if "maxLength" in schema or "minLength" in schema else ""
    if low is None and high is None:
        return ""
    if high is None:
        return f", {low:,} or more{unit}"
    return f", {low or 0:,} to {high:,}{unit}" if low else f", up to {high:,}{unit}"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower()


def _joined(kinds: Iterable[list[Kind]], between: Kind) -> list[Kind]:
    found: list[Kind] = []
    for kind in kinds:
        found += [between, *kind] if found else kind
    return found


def _words(schema: Mapping[str, Any]) -> str:
    words = schema.get("description", "")
    default = schema.get("default")
    return f"{words} Default: `{_value(default)}`.".strip() if default not in (None, False, "") else words


def _operation(method: str, path: str, said: Mapping[str, Any], schemas: Mapping[str, Any]) -> Operation:
    body, fields = _body(said.get("requestBody", {}), schemas)
    given = [parameter for parameter in said["parameters"] if parameter["name"] != "filters"]
    return Operation(
        id=said["operationId"],
        method=method.upper(),
        path=path,
        summary=said["summary"],
        words=said["description"],
        scopes=said["x-scopes"],
        parameters=[
            Row(
                parameter["name"],
                kind_of(parameter["schema"]),
                _words(parameter["schema"] | {"description": parameter.get("description", "")}),
                parameter.get("required", False),
            )
            for parameter in given
        ],
        filters=_filters(said["parameters"]),
        body=body,
        fields=fields,
        examples=said["x-codeSamples"],
        answers=[_answer(status, answer) for status, answer in said["responses"].items() if status < "300"],
        errors=[
            Error(key, *ERRORS[key])
            for status, answer in said["responses"].items()
            if status >= "400" and "$ref" not in answer
            for key in answer["content"]["application/json"]["schema"]["allOf"][1]["properties"]["key"]["enum"]
            if key not in COMMON
        ],
    )


def _body(body: Mapping[str, Any], schemas: Mapping[str, Any]) -> tuple[list[Kind], list[Row]]:
    for kind, content in body.get("content", {}).items():
        schema = content["schema"]
        if kind == "multipart/form-data":
            return [Kind("multipart/form-data")], rows(schema)
        name = next((part.text for part in kind_of(schema) if part.is_object), "")
        return kind_of(schema), rows(schemas[name]) if name else rows(schema)
    return [], []


def _answer(status: str, answer: Mapping[str, Any]) -> Answer:
    for kind, content in answer.get("content", {}).items():
        schema = content["schema"]
        is_json = kind == "application/json"
        example = as_json(content["example"]) if is_json and "example" in content else ""
        return Answer(status, answer["description"], kind_of(schema) if is_json else [Kind(kind)], example)
    return Answer(status, answer["description"], [], "")


def _filters(parameters: Sequence[Mapping[str, Any]]) -> list[tuple[str, Sequence[str]]]:
    for parameter in parameters:
        if parameter["name"] == "filters":
            fields = parameter["schema"]["properties"]
            return [
                (name, list(field["properties"]["conditions"]["properties"]))
                for name, field in fields.items()
                if name != "junction"
            ]
    return []
