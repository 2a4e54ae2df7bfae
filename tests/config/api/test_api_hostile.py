"""What nobody sends who means well, to every operation of the API: never a fault of ours, always the error envelope.

How one body or address is told to be wrong stands in tests/config/api/test_api_door.py; here are all operations.
"""

import json

import pytest

from config.api.limits.upload_limit import largest_body
from tests.support.api.calls import Api
from tests.support.openapi_examples import OPERATIONS, Operation, a_shop, first_body, with_real_ids

pytestmark = pytest.mark.django_db

JSON = "application/json"
TAKE_JSON = sorted(name for name, operation in OPERATIONS.items() if operation.body == JSON)
TAKE_FILES = sorted(name for name, operation in OPERATIONS.items() if operation.body == "multipart/form-data")
LISTS = sorted(name for name, operation in OPERATIONS.items() if operation.is_list)
WITH_NAMES = sorted(name for name, operation in OPERATIONS.items() if "{" in operation.path)


@pytest.fixture
def caller():
    return Api(for_integrations=True)


def send(caller: Api, operation: Operation, body: str | bytes, kind: str = JSON, **query):
    return caller.send(operation.method, operation.address(**query), body, kind)


@pytest.mark.parametrize("name", TAKE_JSON)
def test_bodies_that_no_operation_takes(caller, name):
    operation = OPERATIONS[name]
    opening, closing = ("[", "]") if operation.takes_array else ("", "")
    bodies = {
        "a NUL": '{"metadata": {"a": "\\u0000"}}',
        "a NUL in a name": '{"a\\u0000": 1}',
        "half a character": '{"metadata": {"a": "\\ud800"}}',
        "half a character in a name": '{"\\udfff": 1}',
        "more than 64 bits": '{"metadata": {"n": 9223372036854775808}}',
        "less than 64 bits": '{"metadata": {"n": -9223372036854775809}}',
        "no number": '{"metadata": {"n": NaN}}',
        "twice the same": '{"metadata": {}, "metadata": {}}',
        "nested deeply": '{"metadata":' * 50_000 + "1" + "}" * 50_000,
    }
    answers = {what: send(caller, operation, f"{opening}{body}{closing}").error[:2] for what, body in bodies.items()}
    answers |= {
        what: send(caller, operation, body).error[:2]
        for what, body in {
            "no end": '{"a"',
            "not UTF-8": b'{"a": "\xff"}',
            "a word": "x",
            "the other kind": "{}" if operation.takes_array else "[]",
            "a string": '"a"',
        }.items()
    }

    assert set(answers.values()) == {(400, "invalid_payload")}, answers


@pytest.mark.parametrize("name", TAKE_JSON)
def test_bodies_that_are_too_large(caller, name):
    operation = OPERATIONS[name]
    body = b" " * (largest_body(f"/v1/{operation.address()}") + 1)

    assert send(caller, operation, body).error[:2] == (413, "payload_too_large")


def test_a_file_that_is_too_large(caller, settings):
    settings.UPLOAD_MAX_BYTES = 1000

    for name in TAKE_FILES:
        answer = caller.upload(OPERATIONS[name].address(), "Code\n" + "A\n" * 50_000)
        assert answer.error[:2] == (413, "payload_too_large"), name


@pytest.mark.parametrize("name", [*TAKE_JSON, *TAKE_FILES])
def test_bodies_of_another_type(caller, name):
    operation = OPERATIONS[name]
    kinds = ["text/plain", "application/xml", "application/x-www-form-urlencoded", "image/png", "nonsense"]
    kinds.append("multipart/form-data; boundary=x" if name in TAKE_JSON else JSON)

    keys = {kind: send(caller, operation, b"{}", kind).error[:2] for kind in kinds}

    assert set(keys.values()) <= {(415, "unsupported_media_type"), (400, "invalid_payload")}, keys
    if name in TAKE_JSON:
        assert set(keys.values()) == {(415, "unsupported_media_type")}


@pytest.mark.parametrize("name", TAKE_FILES)
@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 100, b"\xff\xfe\xfd", b'"', b"PK\x03\x04" + b"\x00" * 50, b"\n\n\n"]
)
def test_files_that_are_none(caller, name, content):
    a_shop()

    answer = caller.upload(OPERATIONS[name].address(), content)

    assert answer.error[:2] == (400, "invalid_payload")


@pytest.mark.parametrize("name", TAKE_JSON)
def test_fields_that_nobody_knows_are_ignored(caller, name):
    operation = OPERATIONS[name]
    shop, body = a_shop(), first_body(operation)
    for sent in body if operation.takes_array else [body]:
        sent |= {"no_such_field": {"deep": [1, None]}, "__proto__": 1, "": "", "😀": True}

    path = with_real_ids(operation.address(no_such_parameter="x"), shop)
    answer = caller.send(operation.method, path, with_real_ids(json.dumps(body), shop))

    assert answer.status < 300 or answer.error[1] == "duplicate_found", answer.content


@pytest.mark.parametrize("name", LISTS)
def test_pages_that_there_are_not(caller, name):
    a_shop()
    queries = [("limit", value) for value in ("0", "-1", "101", "1.5", "x", "", "٣x", "9" * 30)]
    if any(parameter["name"] == "page" for parameter in OPERATIONS[name].said["parameters"]):
        queries += [("page", value) for value in ("-1", "0", "x", "1e3", "", "9" * 30)]
        queries += [("order", "nonsense"), ("order", "-"), ("starting_after", "nonsense")]

    answers = {query: send(caller, OPERATIONS[name], b"", **dict([query])).error[:2] for query in queries}

    assert set(answers.values()) <= {(400, "invalid_query_params"), (400, "page_over_limit")}, answers


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_query_string_of_eight_kilobytes(caller, name):
    shop, operation = a_shop(), OPERATIONS[name]
    address = with_real_ids(operation.address(), shop)
    body = with_real_ids(json.dumps(first_body(operation)), shop) if operation.body == JSON else ""
    parameters = [p["name"] for p in operation.said["parameters"] if p["in"] == "query"]

    for parameter in [*parameters, "no_such_parameter"]:
        if parameter not in ("filters", "metadata"):
            answer = caller.send(operation.method, f"{address}?{parameter}={'x' * 8192}", body)
            assert answer.status < 500, (parameter, answer.content)


@pytest.mark.parametrize("name", WITH_NAMES)
def test_names_that_nothing_has(caller, name):
    operation = OPERATIONS[name]
    names = [
        "x" * 8000,
        "%F0%9F%98%80",
        "..",
        "%2E%2E%2Fetc",
        "camp_" + "Z" * 3000,
        "v_",
        "%ED%A0%80",
        "%FF",
        "'--",
        "%25",
    ]
    names += ["a%2Fb", "%0A", "1e999", "-1", "null", "%E2%80%AE", "cust_AAAAAAAAAAAAAAAA"]
    body = json.dumps(first_body(operation)) if operation.body == JSON else ""
    parameters = [p["name"] for p in operation.said["parameters"] if p["in"] == "path"]

    for text in names:
        address = operation.path.removeprefix("/v1/")
        for parameter in parameters:
            address = address.replace(f"{{{parameter}}}", text)
        answer = caller.send(operation.method, address, body)
        assert answer.status < 500, (text, answer.content)


def test_a_nul_in_any_address(caller):
    for operation in OPERATIONS.values():
        for address in (f"{operation.address()}?a=%00", f"{operation.address()}%00"):
            assert caller.send(operation.method, address, "").error[:2] == (400, "invalid_query_params")


NONSENSE = [
    "filters",
    "filters=",
    "filters[]=1",
    "filters[a]=1",
    "filters[created_at]=1",
    "filters[created_at][conditions]=1",
    "filters[created_at][conditions][$before]=yesterday",
    "filters[created_at][conditions][$more_than]=999999999999",
    "filters[created_at][conditions][$after]=9999-12-31T23:59:59.999999%2B14:00",
    "filters[created_at][conditions][$after]=0001-01-01T00:00:00-14:00",
    "filters[junction]=xor",
    "filters[junction][a]=and",
    "filters[created_at][conditions][$in][0]=" + "[" * 3000,
    "created_at[before]=0000-00-00",
    "created_at[after]=" + "9" * 4000,
    "ids=" + "%5B%27" * 2000,
    "ids[0]=%ED%A0%80",
    "&".join(f"ids[{n}]=v_{n}" for n in range(900)),
    "page=1&page=2",
    "limit=10&limit=0",
]


@pytest.mark.parametrize("name", LISTS)
def test_filters_that_make_no_sense(caller, name):
    address = with_real_ids(OPERATIONS[name].address(), a_shop())

    for query in NONSENSE:
        answer = caller.get(f"{address}?{query}")
        assert answer.status in (200, 400), (query, answer.content)


@pytest.mark.parametrize("header", ["X-App-Id", "X-App-Token"])
@pytest.mark.parametrize(
    "value", ["", " ", "\x7f", "é", "0" * 8000, "{}", "%00", "00000000-0000-0000-0000-00000000000g"]
)
def test_keys_that_are_none(caller, header, value):
    caller.headers |= {header: value}

    assert caller.get("publications").error[:2] == (401, "unauthorized")


def test_words_of_a_query_that_come_as_something_nested(caller):
    shop = a_shop()
    for operation in OPERATIONS.values():
        if operation.method == "GET":
            names = [
                each["name"].partition("[")[0] for each in operation.said.get("parameters", []) if each["in"] == "query"
            ]
            query = "&".join(f"{name}{form}=1" for name in names for form in ("[a]", "[]", "[0][b]", "["))
            answer = caller.get(f"{with_real_ids(operation.address(), shop)}?{query}")
            assert answer.status < 500, (operation.name, query, answer.content)
