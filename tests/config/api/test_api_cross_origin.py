"""Pages in a browser that call the API: those of the origins in API_ORIGINS may, others may not."""

import pytest
from django.test import Client

from config.environment import Environment, SettingRefused
from tests.support.api.calls import Api

pytestmark = pytest.mark.django_db

SHOP = "https://shop.example.com"
ASKED = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-app-id,x-app-token,content-type"}


def preflight(path="/v1/publications", origin=SHOP):
    return Client().options(path, headers={"Origin": origin, **ASKED})


def cross_origin(response):
    return {name for name in response.headers if name.startswith("Access-Control")}


@pytest.fixture
def allowed(settings):
    settings.API_ORIGINS = [SHOP, "http://localhost:3000"]


def test_a_page_of_a_named_origin_may_ask_first(allowed):
    response = preflight()

    assert (response.status_code, response.content) == (204, b"")
    assert response["Access-Control-Allow-Origin"] == SHOP
    assert response["Access-Control-Allow-Methods"] == "GET, POST, PUT, DELETE"
    assert response["Access-Control-Allow-Headers"] == "x-app-id,x-app-token,content-type"
    assert response["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("path", ["publications", "publications?colour=red", "nothing/here"])
def test_and_reads_answers_and_refusals(allowed, path):
    caller = Api()
    caller.headers["Origin"] = SHOP

    answer = caller.get(path)

    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert "X-Rate-Limit-Remaining" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://shop.example.com.evil.example", "null", "", "http://shop.example.com"]
)
def test_pages_of_other_origins_are_told_nothing(allowed, origin):
    caller = Api()
    caller.headers["Origin"] = origin

    assert preflight(origin=origin).status_code == 405
    assert cross_origin(preflight(origin=origin)) == set()
    answer = caller.get("publications")
    assert cross_origin(answer) == set()
    assert answer.headers["Vary"] == "Origin"


def test_unless_told_no_origin_may():
    assert preflight().status_code == 405
    assert cross_origin(preflight()) == set()


def test_the_dashboard_is_no_api(allowed):
    assert cross_origin(preflight("/campaigns/")) == set()
    assert cross_origin(Client().get("/login/", headers={"Origin": SHOP})) == set()


def test_an_origin_is_an_address(monkeypatch):
    monkeypatch.setenv("API_ORIGINS", "shop.example.com")

    with pytest.raises(SettingRefused, match=r"write https://shop\.example\.com"):
        Environment().sites("API_ORIGINS")
