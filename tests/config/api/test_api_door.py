"""What every call under /v1 meets: keys, scopes, the error envelope, the rate limit (docs/api.md, "Doors")."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from config.api import auth as api_auth
from config.api.actions.revoke_api_key import revoke_api_key
from config.api.auth import KeyWith, RateLimit
from config.api.models import ApiKey
from config.api_assembly import api
from tests.support.api.calls import Answer, Api
from tests.support.factories import STAFF, CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_counts(monkeypatch):
    monkeypatch.setattr(api_auth, "calls", RateLimit())


def call(path="publications", **headers):
    return Answer(Client().get(f"/v1/{path}", headers=headers))


def test_a_call_without_a_key_is_refused():
    answer = call()

    assert answer.error == (
        401,
        "unauthorized",
        "Unauthorized",
        "Send the headers X-App-Id and X-App-Token of an API key.",
    )


@pytest.mark.parametrize("app_id", ["", "nonsense", "c70a6f00-cf91-4756-9df5-47628850002b"])
def test_an_unknown_key_is_refused(app_id):
    answer = call(**{"X-App-Id": app_id, "X-App-Token": "3266b9f8"})

    assert answer.error[:2] == (401, "unauthorized")


def test_the_token_of_another_key_is_refused():
    one, other = Api(), Api()

    answer = call(**{**one.headers, "X-App-Token": other.headers["X-App-Token"]})

    assert answer.error[:2] == (401, "unauthorized")


def test_a_revoked_key_is_refused_at_once():
    caller = Api()
    assert caller.get("publications").status == 200

    revoke_api_key(caller.key, by=STAFF)

    assert caller.get("publications").error[:2] == (401, "unauthorized")


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("read", "GET", "publications", 200),
        ("read", "GET", "vouchers", 200),
        ("read", "GET", "campaigns", 200),
        ("read", "GET", "customers", 200),
        ("read", "GET", "publications/pub_x", 404),
        ("read", "POST", "publications", 403),
        ("read", "POST", "campaigns", 403),
        ("read", "POST", "customers", 403),
        ("read", "GET", "publications/create", 403),
        ("publish", "POST", "publications", 400),
        ("publish", "GET", "publications/pub_x", 404),
        ("publish", "GET", "publications/create", 400),
        ("publish", "GET", "publications", 403),
        ("publish", "GET", "vouchers", 403),
        ("publish", "GET", "vouchers/ABC", 403),
        ("publish", "GET", "campaigns", 403),
        ("publish", "GET", "customers", 403),
        ("publish", "POST", "campaigns", 403),
        ("publish", "POST", "customers", 403),
        ("all", "POST", "publications", 400),
        ("all", "GET", "publications/create", 400),
        ("all", "POST", "campaigns", 400),
        ("all", "POST", "customers", 400),
        ("all", "GET", "customers", 200),
    ],
)
def test_what_a_scope_allows(scope, method, path, status):
    caller = Api(scope, for_integrations=True)

    answer = caller.send(method, path, "{}" if method == "POST" else "")

    assert answer.status == status
    if status == 403:
        assert answer.error[1] == "forbidden"


OTHER_SCOPES = {
    "POST publications": ("publish", "all"),
    "GET publications/create": ("publish", "all"),
    "POST vouchers/publish": ("publish", "all"),
    "GET publications/{publication_id}": ("publish", "read", "all"),
    **dict.fromkeys(
        ["POST oauth/token", "POST oauth/introspect", "POST oauth/token/revoke"], tuple(ApiKey.Scope.values)
    ),
    "POST publications/batch": ("publish", "all"),
    "POST validations": ("redeem", "all"),
    "POST vouchers/{code}/validate": ("redeem", "all"),
    "GET vouchers/{code}/validate": ("read", "redeem", "all"),
    "POST redemptions": ("redeem", "all"),
    "POST vouchers/{code}/redemption": ("redeem", "all"),
    "POST redemptions/{redemption_id}/rollback": ("redeem", "all"),
    "POST redemptions/{redemption_id}/rollbacks": ("redeem", "all"),
    "DELETE redemptions/sessions/{session_key}": ("redeem", "all"),
    "DELETE vouchers/{code}/sessions/{session_key}": ("redeem", "all"),
}


def test_reading_needs_read_and_the_rest_needs_all():
    operations = {
        f"{method} {prefix}{path}": operation.auth_param
        for prefix, router in api._routers
        for path, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    }

    assert len(operations) > 50
    for name, auth in operations.items():
        usual = ("read", "all") if name.startswith("GET ") else ("all",)
        assert isinstance(auth, KeyWith), name
        assert auth.scopes == OTHER_SCOPES.get(name, usual), name


def test_publishing_by_get_needs_a_key_for_integrations():
    CampaignFactory(name="Coffee", codes=1)

    answer = Api().get("publications/create?campaign[name]=Coffee&customer[source_id]=12344")

    assert answer.error[:3] == (403, "integration_api_key_required", "Forbidden")


def test_the_last_use_of_a_key_is_written_once_a_minute():
    caller = Api()

    caller.get("publications")
    caller.key.refresh_from_db()
    first = caller.key.last_used_at
    caller.get("publications")
    caller.key.refresh_from_db()

    assert first is not None
    assert caller.key.last_used_at == first

    long_ago = timezone.now() - timedelta(seconds=61)
    type(caller.key).objects.update(last_used_at=long_ago)
    caller.get("publications")
    caller.key.refresh_from_db()
    assert caller.key.last_used_at > long_ago


def test_every_answer_tells_the_rate_limit(settings):
    settings.API_RATE_LIMIT = 2
    caller = Api()

    first, second, third = (caller.get("publications") for _ in range(3))

    limits = ["X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Retry"]
    assert [first.headers[name] for name in limits] == ["2", "1", "0"]
    assert [second.headers[name] for name in limits] == ["2", "0", "0"]
    assert third.error == (429, "too_many_requests", "Too many requests", "This key can make 2 calls per minute.")
    assert third.headers["X-Rate-Limit-Type"] == "PER_MINUTE"
    assert 1 <= int(third.headers["Retry-After"]) <= 60
    assert third.headers["X-Rate-Limit-Retry"] == third.headers["Retry-After"]
    assert Api().get("publications").status == 200, "another key has calls of its own"


def test_the_count_starts_again_after_a_minute():
    now = [1000.0]
    limit = RateLimit(clock=lambda: now[0])

    assert limit.take(1, 1) == (0, 0)
    now[0] += 59
    assert limit.take(1, 1) == (0, 1)
    now[0] += 1
    assert limit.take(1, 1) == (0, 0)


@pytest.mark.parametrize(
    ("method", "path", "status", "key"),
    [
        ("GET", "nothing/here", 404, "not_found"),
        ("GET", "", 404, "not_found"),
        ("DELETE", "publications", 405, "method_not_allowed"),
        ("PATCH", "campaigns/Coffee", 405, "method_not_allowed"),
        ("GET", "vouchers/ABC/enable", 405, "method_not_allowed"),
        ("POST", "vouchers/ABC/enable", 404, "not_found"),
        ("GET", "async-actions/aa_AAAAAAAAAAAAAAAA", 404, "not_found"),
        ("GET", "exports/export_AAAAAAAAAAAAAAAA", 404, "not_found"),
        ("GET", "vouchers/ABC", 404, "not_found"),
        ("GET", "vouchers/%00", 400, "invalid_query_params"),
        ("GET", "vouchers?code=%00", 400, "invalid_query_params"),
        ("GET", "vouchers/%FF", 404, "not_found"),
        ("GET", "publications/pub_AAAAAAAAAAAAAAAA", 404, "not_found"),
        ("GET", "customers/cust_AAAAAAAAAAAAAAAA", 404, "not_found"),
        ("GET", "publications?" + "&".join(f"a{n}=1" for n in range(1001)), 400, "invalid_query_params"),
    ],
)
def test_addresses_that_lead_nowhere(method, path, status, key):
    answer = Api().send(method, path, "")

    assert answer.error[:2] == (status, key)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Rate-Limit-Limit"] == "300000"


def test_a_method_that_is_not_possible_names_those_that_are():
    answer = Api().send("DELETE", "publications", "")

    assert sorted(answer.headers["Allow"].split(", ")) == ["GET", "POST"]


def test_v1_alone_is_no_page():
    answer = Answer(Client().get("/v1"))

    assert answer.error[:2] == (404, "not_found")


def test_a_host_that_is_not_ours():
    answer = Answer(Client().get("/v1/publications", headers={"Host": "evil.example.com"}))

    assert answer.error[:2] == (400, "invalid_host")


def test_https_only_where_the_server_has_it(settings):
    settings.HTTPS = True
    caller = Api()

    assert caller.get("publications").error[:2] == (403, "https_required")
    assert Client().get("/v1/publications", headers=caller.headers, secure=True).status_code == 200


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ("", "The body is empty; send JSON."),
        ("{", "The body is not JSON: Expecting property name enclosed in double quotes (line 1, column 2)."),
        ("[]", "The body must be a JSON object."),
        ("null", "The body must be an object."),
        (b"\xff{}", "The body is not UTF-8."),
        (b'{"voucher": "\xed\xa0\x80"}', "The body is not UTF-8."),
        ('{"voucher": "A", "voucher": "B"}', "voucher: appears twice in the same object."),
        ('{"metadata": {"a": 1, "a": 2}}', "a: appears twice in the same object."),
        ('{"voucher": "A\\u0000"}', "voucher: contains a NUL character (\\u0000), which cannot be stored."),
        ('{"metadata": {"a\\u0000b": 1}}', "metadata.a?b: contains a NUL character (\\u0000), which cannot be stored."),
        (
            '{"metadata": {"tags": ["\\ud800"]}}',
            "metadata.tags[0]: contains half a character (a lone surrogate), which cannot be stored.",
        ),
        (
            '{"metadata": {"n": 9223372036854775808}}',
            "The body contains the number 9223372036854775808…, which is larger than 64 bits.",
        ),
        ('{"metadata": {"n": 1e999}}', "The body contains the number 1e999, which is too large."),
        ('{"metadata": {"n": NaN}}', "The body contains NaN, which is not JSON."),
        ("[" * 100_000, "The body is nested too deeply."),
        ('{"a":' * 100_000, "The body is nested too deeply."),
    ],
)
def test_bodies_that_cannot_be_read(body, details):
    answer = Api().send("POST", "publications", body)

    assert answer.error == (400, "invalid_payload", "Invalid payload", details)


def test_a_number_of_five_thousand_digits():
    answer = Api().send("POST", "publications", '{"metadata": {"n": %s}}' % ("9" * 5000))

    assert answer.error[:2] == (400, "invalid_payload")


def test_a_whole_surrogate_pair_is_a_character():
    CampaignFactory(name="Coffee", codes=1)
    body = '{"campaign": "Coffee", "customer": "12344", "metadata": {"mood": "\\ud83d\\ude00"}}'

    answer = Api().send("POST", "publications", body)

    assert (answer.status, answer.json["metadata"]) == (200, {"mood": "😀"})


def test_a_body_that_is_too_large():
    answer = Api().post("publications", {"metadata": {"a": "x" * 10_000_000}})

    assert answer.error == (413, "payload_too_large", "Payload too large", "The body can have at most 5,120 KB.")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
def test_a_body_that_is_not_json(kind):
    answer = Api().send("POST", "publications", "voucher=ABC", kind)

    assert answer.error[:2] == (415, "unsupported_media_type")
    assert "Content-Type: application/json" in answer.error[3]


def test_json_may_say_its_charset():
    answer = Api().send("POST", "publications", "{}", "application/json; charset=utf-8")

    assert answer.error[:2] == (400, "missing_vouchers")


def test_a_fault_of_ours_is_an_envelope_too(monkeypatch, caplog):
    def break_down(*args, **kwargs):
        raise RuntimeError("a secret of the server")

    monkeypatch.setattr("publications.api.publications.attach_codes", break_down)

    answer = Api().get("publications")

    assert answer.error[:3] == (500, "internal_error", "Internal server error")
    assert "secret" not in json.dumps(answer.json)
    assert answer.json["request_id"] in caplog.text
    assert "a secret of the server" in caplog.text


def test_a_call_leaves_no_cookie():
    response = Client().get("/v1/publications", headers=Api().headers)

    assert response.status_code == 200
    assert not response.cookies
    assert "Set-Cookie" not in response.headers


def test_a_post_needs_no_csrf_token():
    caller = Api()
    caller.client = Client(enforce_csrf_checks=True)

    assert caller.post("publications", {}).error[:2] == (400, "missing_vouchers")
