"""The API's reference for people, /v1/docs."""

import re
from html import unescape

import pytest
from django.test import Client

from config.api.errors import ERRORS
from config.api.reference import kind_of
from config.api.templatetags.reference import words
from tests.support.openapi_examples import DOCUMENT, OPERATIONS

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def page(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        return Client().get("/v1/docs").content.decode()


def test_anybody_may_read_it_under_the_strict_policy(django_assert_max_num_queries):
    with django_assert_max_num_queries(1):  # the project's time zone
        response = Client().get("/v1/docs")

    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Frame-Options"] == "DENY"
    assert not response.cookies


def test_every_operation_is_in_it_with_its_examples(page):
    shown = unescape(page)

    assert page.count("<h1>") == 1
    for operation in OPERATIONS.values():
        assert f'id="{operation.name}"' in page
        assert f'href="#{operation.name}"' in page
        assert f"<code>{operation.path}</code>" in page
        for sample in operation.said["x-codeSamples"]:
            assert sample["source"].replace("{server}", "http://testserver") in shown
    assert "{server}" not in page


def test_every_link_within_it_leads_somewhere(page):
    there = set(re.findall(r'id="([^"]+)"', page))

    assert set(re.findall(r'href="#([^"]+)"', page)) - there == set()
    assert len(re.findall(r'id="([^"]+)"', page)) == len(there)


def test_every_object_and_every_error_is_in_it(page):
    for name in DOCUMENT["components"]["schemas"]:
        assert f'id="{name}"' in page
    for key in ERRORS:
        assert f"<code>{key}</code>" in page


def test_examples_are_copied_with_the_address_of_the_server(settings):
    settings.SITE_URL = "https://handout.example.com"

    page = Client().get("/v1/docs").content.decode()

    assert 'data-copy="curl &quot;https://handout.example.com/v1/vouchers/AUTUMN-7GK2&quot;' in page
    assert "X-App-Id: $APP_ID" in page


def test_the_page_of_the_keys_leads_there(signed_in):
    assert '<a class="btn" href="/v1/docs">' in signed_in("Manager").get("/settings/api-keys/").content.decode()


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "string", "minLength": 1, "maxLength": 100}, "string, 1 to 100 characters"),
        ({"type": "integer", "minimum": 1}, "integer, 1 or more"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Voucher"}}, "array of Voucher"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"enum": ["SUCCESS", "FAILURE"], "type": "string"}, "SUCCESS | FAILURE"),
        ({"const": False, "type": "boolean"}, "false"),
        ({"type": "string", "format": "date-time", "pattern": "^"}, "time"),
        ({}, "anything"),
    ],
)
def test_types_in_words(schema, told):
    assert "".join(kind.text for kind in kind_of(schema)) == told


def test_code_in_words_is_marked_and_markup_is_not_taken_over():
    assert words("`a<b>` & c\n\nd") == "<code>a&lt;b&gt;</code> &amp; c</p><p>d"
