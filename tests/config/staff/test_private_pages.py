"""What may be kept by caches: static files, and the reference of the API; of the pages, none."""

import gzip

import pytest

from tests.support.factories import VoucherFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path", ["/", "/codes/", "/settings/api-keys/", "/admin/", "/no-such-page", "/codes/v_unknown/"]
)
def test_a_page_is_kept_by_no_cache(signed_in, path):
    VoucherFactory(code="SECRET-1")

    response = signed_in("Manager").get(path)

    assert "no-store" in response["Cache-Control"]
    assert "private" in response["Cache-Control"]


def test_neither_is_the_way_to_the_sign_in_page(client):
    response = client.get("/codes/")

    assert (response.status_code, response["Cache-Control"]) == (302, "private, no-store")


def test_the_reference_is_compressed_and_sent_again_only_when_it_changed(client):
    first = client.get("/v1/docs", headers={"Accept-Encoding": "gzip"})
    again = client.get("/v1/docs", headers={"Accept-Encoding": "gzip", "If-None-Match": first["ETag"]})

    assert first["Content-Encoding"] == "gzip"
    assert len(first.content) < 60_000
    assert b"API reference" in gzip.decompress(first.content)
    assert (first["Cache-Control"], again.status_code, again.content) == ("no-cache", 304, b"")


def test_the_document_of_the_api_is_compressed(client):
    response = client.get("/v1/openapi.json", headers={"Accept-Encoding": "gzip"})

    assert response["Content-Encoding"] == "gzip"
    assert int(response["Content-Length"]) == len(response.content)
