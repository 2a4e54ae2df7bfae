"""The OpenAPI document: whole, well formed, and its examples work as they stand."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema_rs
import pytest
from django.conf import settings
from django.test import Client

from config.api.actions.create_api_key import create_api_key
from config.api.errors import ERRORS
from config.api.openapi import undescribed
from config.api_assembly import api
from tests.support.api.document import check, whole, wrong
from tests.support.factories import STAFF, CampaignFactory
from tests.support.openapi_examples import DOCUMENT, OPERATIONS, a_shop, call_of, with_real_ids

KEY = {"AppId": [], "AppToken": []}
EXAMPLES = [
    pytest.param(sample["source"], id=f"{operation.name}: {sample['label']}")
    for operation in OPERATIONS.values()
    for sample in operation.said["x-codeSamples"]
]


def test_every_operation_is_described():
    assert undescribed(api) == []
    assert len(OPERATIONS) > 50


def test_it_is_openapi_3_1():
    response = Client().get("/v1/openapi.json")

    served = response.json()
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert served["openapi"].startswith("3.1")
    assert served["servers"] == [{"url": "http://testserver"}]
    assert served["paths"].keys() == DOCUMENT["paths"].keys()
    for schema in served["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def test_it_calls_the_server_by_its_public_name(settings):
    settings.SITE_URL = "https://handout.example.com/"

    served = Client().get("/v1/openapi.json").json()

    assert served["servers"] == [{"url": "https://handout.example.com"}]
    sample = served["paths"]["/v1/vouchers/{code}"]["get"]["x-codeSamples"][0]["source"]
    assert sample.startswith('curl "https://handout.example.com/v1/vouchers/AUTUMN-7GK2"')


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_told_in_full(name):
    path, said = OPERATIONS[name].path, OPERATIONS[name].said

    assert said["summary"]
    assert said["tags"][0] in {tag["name"] for tag in DOCUMENT["tags"]}
    assert said["security"] in ([KEY], [KEY, {"Bearer": []}])
    assert set(said["x-scopes"]) <= {"publish", "read", "redeem", "all"}
    assert {"400", "401", "403", "411", "429", "500", "503"} <= set(said["responses"])
    assert ("404" in said["responses"]) >= ("{" in path)
    assert [p["name"] for p in said["parameters"] if not p.get("description")] == []
    assert sum(status < "300" for status in said["responses"]) >= 1


@pytest.mark.parametrize("name", OPERATIONS)
def test_examples_have_the_shape_that_they_are_examples_of(name):
    said = OPERATIONS[name].said

    for content in said.get("requestBody", {}).get("content", {}).values():
        for example in content.get("examples", {}).values():
            assert wrong(example["value"], content["schema"]) == []
    for response in said["responses"].values():
        for content in response.get("content", {}).values():
            if "example" in content:
                assert wrong(content["example"], content["schema"]) == []


def test_every_error_of_the_code_has_a_meaning():
    root = Path(settings.BASE_DIR)
    sources = [*root.glob("*/**/api/**/*.py"), *root.glob("publications/**/refusals.py")]
    used = {
        key
        for source in sources
        for keys in re.findall(r'ApiError\(\s*\d+,\s*"(\w+)"|key = "(\w+)"', source.read_text())
        for key in keys
        if key
    }

    assert used - set(ERRORS) == set()


def test_it_is_stricter_for_tests_than_for_callers():
    """To callers a new field of an answer is no surprise; a test finds every field that the document does not name."""
    assert "additionalProperties" not in DOCUMENT["components"]["schemas"]["Voucher"]
    assert whole()["components"]["schemas"]["Voucher"]["additionalProperties"] is False


@pytest.mark.django_db
@pytest.mark.parametrize("source", EXAMPLES)
def test_an_example_works_as_it_stands(source):
    key, token = create_api_key("Shop", for_integrations=True, by=STAFF)
    method, address, body, file = call_of(with_real_ids(source, a_shop()))
    headers = {"X-App-Id": str(key.app_id), "X-App-Token": token}

    if file:
        with Path(settings.BASE_DIR, "static", "examples", file).open("rb") as opened:
            answer = Client().post(address, {"file": opened}, headers=headers)
    else:
        kind = "application/json" if body[:1] in "[{" else "application/x-www-form-urlencoded"
        answer = Client().generic(method, address, body, kind if body else "", headers=headers)

    assert answer.status_code < 300, answer.content
    check(answer.wsgi_request, answer)


@pytest.mark.skipif(not shutil.which("curl"), reason="the examples are for curl, which is not here")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["create_publication", "list_publications", "import_customers_from_file"])
def test_curl_reads_it_as_we_do(name, live_server):
    CampaignFactory(name="Autumn coffee", codes=5)
    key, token = create_api_key("Shop", by=STAFF)
    commands = [
        sample["source"].replace("{server}", live_server.url) for sample in OPERATIONS[name].said["x-codeSamples"]
    ]

    for command in commands:
        if "AUTUMN-M4XP" not in command:
            ran = subprocess.run(
                ["bash", "-c", command],
                env={"APP_ID": str(key.app_id), "APP_TOKEN": token, "PATH": "/usr/bin:/bin"},
                cwd=Path(settings.BASE_DIR, "static", "examples"),
                capture_output=True,
            )
            assert "code" not in json.loads(ran.stdout), ran
