"""Signing in by OAuth 2.0: bearer tokens instead of the key, with its rights and no longer than it."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from config.api.actions.create_api_key import create_api_key, hash_of
from config.api.actions.revoke_api_key import revoke_api_key
from config.api.actions.rotate_api_key import rotate_api_key
from config.api.models import ApiKey, BearerToken
from config.api.oauth import tokens
from config.api.oauth.tokens import delete_old_tokens, draw_token
from tests.support.api.calls import Answer, Api
from tests.support.factories import STAFF, CampaignFactory

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
ASKED = "grant_type=client_credentials&scope=api"


def draw(caller, asked=ASKED):
    answer = caller.send("POST", "oauth/token", asked, FORM)
    assert answer.status == 200, answer.json
    return answer.json


class Bearer:
    """A caller that has nothing but a bearer token."""

    def __init__(self, token):
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path):
        return Answer(Client().get(f"/v1/{path}", headers=self.headers))

    def post(self, path, body):
        return Answer(Client().post(f"/v1/{path}", body, "application/json", headers=self.headers))


def test_a_token_has_all_that_the_documents_name():
    caller = Api()

    token = draw(caller)

    stored = BearerToken.objects.get()
    assert list(token) == ["access_token", "client_id", "expires_at", "expires_in", "scope", "token_type"]
    assert (token["scope"], token["token_type"], token["client_id"]) == ("api", "Bearer", str(caller.key.app_id))
    assert token["expires_in"] in (3599, 3600)
    assert token["expires_at"] == int(stored.expires_at.timestamp())
    assert bytes(stored.token_hash) == hash_of(token["access_token"])


@pytest.mark.parametrize(
    ("address", "body"),
    [("oauth/token", ASKED), (f"oauth/token?{ASKED}", ""), ("oauth/token", "grant_type=client_credentials")],
)
def test_it_may_be_asked_for_by_form_or_query(address, body):
    assert Api().send("POST", address, body, FORM if body else "").json["scope"] == "api"


def test_a_token_publishes_in_the_name_of_its_key():
    CampaignFactory(name="Coffee", codes=1)
    caller = Api("publish")
    bearer = Bearer(draw(caller)["access_token"])

    published = bearer.post("publications", {"campaign": "Coffee", "customer": "12344"})

    assert published.status == 200
    assert ApiKey.objects.get().last_used_at is not None
    assert bearer.get("customers").error[:2] == (403, "forbidden")  # no more than the key may


def test_a_token_of_some_areas_opens_no_other():
    bearer = Bearer(draw(Api(), "grant_type=client_credentials&scope=publications+vouchers")["access_token"])

    assert [bearer.get(f"{area}?limit=1").status for area in ("publications", "vouchers", "customers", "campaigns")] == [
        200, 200, 403, 403,
    ]  # fmt: skip
    assert "this call needs 'api' or 'customers'" in bearer.get("customers").error[3]


@pytest.mark.parametrize(
    ("asked", "status", "key", "details"),
    [
        ("scope=api", 400, "invalid_payload", "grant_type: is required"),
        ("grant_type=password&scope=api", 400, "unsupported_grant_type", "the only one here is client_credentials"),
        ("grant_type=client_credentials&scope=vouchers,api", 400, "invalid_scope", "There is no scope 'vouchers,api'"),
        ("grant_type=client_credentials&scope=client_api", 400, "invalid_scope", "There is no scope 'client_api'"),
    ],
)
def test_what_cannot_be_asked_for_is_told(asked, status, key, details):
    answer = Api().send("POST", "oauth/token", asked, FORM)

    assert answer.error[:2] == (status, key)
    assert details in answer.error[3]
    assert not BearerToken.objects.exists()


def test_json_is_refused_with_the_type_to_send():
    answer = Api().post("oauth/token", {"grant_type": "client_credentials"})

    assert answer.error[:2] == (415, "unsupported_media_type")
    assert FORM in answer.error[3]


def test_a_token_draws_no_other_token():
    bearer = Bearer(draw(Api())["access_token"])

    answer = Answer(Client().post("/v1/oauth/token", ASKED, FORM, headers=bearer.headers))

    assert answer.error[:2] == (401, "unauthorized")


def test_introspection_tells_of_the_keys_own_tokens_alone():
    caller, other = Api("read"), Api()
    drawn = draw(caller)
    named = f"access_token={drawn['access_token']}"

    own = caller.send("POST", "oauth/introspect", named, FORM).json
    others = other.send("POST", "oauth/introspect", named, FORM).json
    unknown = caller.send("POST", "oauth/introspect", "access_token=nonsense", FORM).json

    assert own.pop("expires_in") <= drawn["expires_in"]
    assert own == {**{name: value for name, value in drawn.items() if name != "expires_in"}, "active": True}
    assert others == unknown == {"active": False}
    assert caller.send("POST", "oauth/introspect", "", FORM).error[:2] == (400, "invalid_payload")


def test_a_revoked_token_is_refused_at_once():
    caller, other = Api(), Api()
    drawn, kept = draw(caller)["access_token"], draw(caller)["access_token"]

    by_another = other.send("POST", "oauth/token/revoke", f"access_token={drawn}", FORM)
    before = Bearer(drawn).get("vouchers")
    revoked = caller.send("POST", "oauth/token/revoke", f"access_token={drawn}", FORM)
    after = Bearer(drawn).get("vouchers")

    assert (by_another.status, before.status, revoked.status, revoked.content) == (204, 200, 204, b"")
    assert after.error[:2] == (401, "unauthorized")
    assert after.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert Bearer(kept).get("vouchers").status == 200


def test_a_token_ends_with_its_hour():
    token = draw(Api())["access_token"]
    BearerToken.objects.update(expires_at=timezone.now() - timedelta(hours=1))

    assert Bearer(token).get("vouchers").error[:2] == (401, "unauthorized")
    assert (delete_old_tokens(), BearerToken.objects.count()) == (1, 0)


def test_a_token_ends_with_its_key():
    caller = Api()
    token = draw(caller)["access_token"]

    revoke_api_key(caller.key, by=STAFF)

    assert Bearer(token).get("vouchers").error[:2] == (401, "unauthorized")
    assert not BearerToken.objects.exists()


def test_a_token_does_not_outlive_its_key():
    caller, ends = Api(), timezone.now() + timedelta(minutes=10)
    ApiKey.objects.update(expires_at=ends)

    assert 590 <= draw(caller)["expires_in"] <= 600


def test_a_token_does_not_outlive_the_token_that_drew_it():
    caller, ends = Api(), timezone.now() + timedelta(minutes=10)
    before = draw(caller)["access_token"]
    rotate_api_key(caller.key, until=ends, seen=0, by=STAFF)
    overlapping = draw(caller)["expires_in"]  # the old token still works, and draws nothing that lasts longer

    assert 590 <= overlapping <= 600
    assert [token.expires_at for token in BearerToken.objects.order_by("pk")] == [ends, ends]
    assert Bearer(before).get("vouchers").status == 200
    rotate_api_key(ApiKey.objects.get(), until=None, seen=1, by=STAFF)
    assert Bearer(before).get("vouchers").error[:2] == (401, "unauthorized")


def test_a_client_that_draws_a_token_for_each_call_is_told_so(monkeypatch):
    monkeypatch.setattr(tokens, "MOST", 2)
    caller, other = Api(), Api()
    draw(caller), draw(caller)

    answer = caller.send("POST", "oauth/token", ASKED, FORM)

    assert answer.error[:2] == (429, "too_many_tokens")
    assert draw(other)["expires_in"] in (3599, 3600)
    BearerToken.objects.filter(key=caller.key).update(expires_at=timezone.now() - timedelta(hours=1))
    assert draw(caller)["expires_in"] in (3599, 3600)


@pytest.mark.django_db(transaction=True)
def test_a_token_drawn_while_its_key_is_rotated_ends_with_the_old_one():
    """Whichever comes first: no token of an hour remains that the old token drew."""
    key, secret = create_api_key("Shop", by=STAFF)
    go = threading.Barrier(3)

    def draw_many():
        go.wait()
        for _ in range(20):
            try:
                draw_token(key.pk, with_token=secret, scope="api")
            except tokens.KeyChanged:
                break
        connection.close()

    drawing = [threading.Thread(target=draw_many) for _ in range(2)]
    for each in drawing:
        each.start()
    go.wait()
    rotate_api_key(key, until=None, seen=0, by=STAFF)
    for each in drawing:
        each.join()

    assert not BearerToken.objects.alive().exists()


def test_a_call_with_a_token_takes_as_many_statements_as_one_with_the_key(django_assert_num_queries):
    caller = Api()
    bearer = Bearer(draw(caller)["access_token"])
    caller.get("vouchers")

    with django_assert_num_queries(3):  # the key, its calls' lists
        caller.get("vouchers")
    with django_assert_num_queries(3):
        bearer.get("vouchers")
