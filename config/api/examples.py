"""Example calls, as curl, and their responses, built from the examples of the fields."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

SERVER = "{server}"  # in the examples; the view puts the address there by which it was called


class Example(NamedTuple):
    """A call that can be made as it stands, but for the names of the caller's own campaigns, codes and customers."""

    title: str
    body: Any = None
    path: Mapping[str, str] = {}
    query: Mapping[str, Any] = {}
    form: Mapping[str, str] = {}
    file: str = ""  # the name of a file to upload


def curl(method: str, template: str, path: Mapping[str, str], example: Example) -> str:
    """The example for a terminal, with the caller's $APP_ID and $APP_TOKEN."""
    given = {**path, **example.path}
    address = re.sub(r"{(\w+)}", lambda match: quote(given[match[1]], safe=""), template)
    if example.query:
        address += "?" + urlencode(example.query, safe="[]$", quote_via=quote)
    how = ("-g " if "[" in address else "") + ("" if method == "GET" else f"-X {method} ")
    lines = [
        f'curl {how}"{SERVER}{address.replace("$", chr(92) + "$")}"',
        '-H "X-App-Id: $APP_ID" -H "X-App-Token: $APP_TOKEN"',
    ]
    if example.file:
        lines.append(f'-F "file=@{example.file}"')
    elif example.form:
        lines.append(f"-d '{urlencode(example.form)}'")
    elif example.body is not None:
        body = as_json(example.body).replace("'", "'\\''")
        lines += ['-H "Content-Type: application/json"', f"-d '{body}'"]
    return " \\\n  ".join(lines)


def as_json(value: Any, *, indent: str = "") -> str:
    """Indented the way people write it: what fits on a line is on one."""
    short = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(indent) + len(short) <= 80:
        return short
    inner = indent + "  "
    if isinstance(value, list):
        lines = [f"{inner}{as_json(item, indent=inner)}" for item in value]
    else:
        lines = [f"{inner}{json.dumps(key)}: {as_json(item, indent=inner)}" for key, item in value.items()]
    opening, closing = "[]" if isinstance(value, list) else "{}"
    return "\n".join([opening, ",\n".join(lines), indent + closing])


def example_of(schema: Any, components: Mapping[str, Any]) -> Any:
    """An example put together from those of the fields, so that it always has the shape of the schema."""
    if "examples" in schema:
        return schema["examples"][0]
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    if "enum" in schema:
        return schema["enum"][0]
    if "$ref" in schema:
        return example_of(components[schema["$ref"].rpartition("/")[2]], components)
    for word in ("allOf", "anyOf", "oneOf"):
        if word in schema:
            return example_of(schema[word][0], components)
    return _example_of_type(schema, components)


def _example_of_type(schema: Any, components: Mapping[str, Any]) -> Any:
    match schema.get("type"):
        case "object":
            shown = schema.get("required", [])
            return {
                name: example_of(field, components)
                for name, field in schema.get("properties", {}).items()
                if name in shown or "x-shown" in field
            }
        case "array":
            return [example_of(schema["items"], components)]
        case "null":
            return None
        case kind:
            return {"string": "…", "integer": 1, "number": 1, "boolean": False}[kind]
