"""What the log says of a request that failed: enough to find it, and no code."""

import logging

import pytest
from django.urls import reverse

from config.log_routes import RoutesNotPaths
from tests.support.api.calls import Api
from tests.support.factories import VoucherFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(caplog, settings):
    """As the console would have them."""
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["routes"]
    caplog.handler.addFilter(routes := RoutesNotPaths())
    yield lambda: [record.getMessage() for record in caplog.records]
    caplog.handler.removeFilter(routes)


def break_down(*args, **kwargs):
    raise RuntimeError("broken")


def test_a_fault_in_a_call_is_logged_by_its_route(lines, monkeypatch):
    monkeypatch.setattr("publications.api.vouchers.voucher_answers", break_down)
    VoucherFactory(code="GOLD-1")

    answer = Api().get("vouchers/GOLD-1")

    assert answer.status == 500
    assert lines() == [f"GET /v1/vouchers/{{code}}: {answer.json['request_id']}"]


def test_a_fault_of_a_page_is_logged_by_its_route(lines, monkeypatch, signed_in):
    monkeypatch.setattr("publications.dashboard.pages.code.render", break_down)
    voucher = VoucherFactory(code="GOLD-1")
    client = signed_in("Manager")
    client.raise_request_exception = False

    response = client.get(reverse("dashboard:code", args=[voucher.pk]))

    assert response.status_code == 500
    assert lines() == [f"Internal Server Error: /codes/{voucher.pk}/"]


def test_an_address_that_is_none_is_not_repeated(lines, client):
    response = client.get("/codes/GOLD-1/no/such/page")

    assert response.status_code == 404
    assert lines() == ["Not Found: an unknown address"]


def test_lines_without_a_request_stay_as_they_are(lines):
    logging.getLogger("handout.api").warning("%s calls were not logged", 3)

    assert lines() == ["3 calls were not logged"]


def test_what_is_refused_is_one_line_without_a_traceback(lines, caplog, signed_in, client):
    signed_in("Viewer").get(reverse("api:api-keys"))
    client.get("/login/", headers={"host": "nobody.example"})
    client.post("/login/", b"x", content_type="multipart/form-data")

    assert lines() == [
        "Forbidden (Permission denied): /settings/api-keys/",
        "Invalid HTTP_HOST header: 'nobody.example'. You may need to add 'nobody.example' to ALLOWED_HOSTS.",
        "Bad request (Unable to parse request body): /login/",
    ]
    assert [record for record in caplog.records if record.exc_info] == []
