"""Pages leave compressed, each padded by a length of its own; what programs read does not."""

import gzip

import pytest
from django.http import HttpResponse

from config.staff.compress_pages import CompressPages

pytestmark = pytest.mark.django_db
ACCEPTS = {"Accept-Encoding": "gzip"}


def test_a_page_is_compressed(signed_in):
    answer = signed_in("Viewer").get("/customers/", headers=ACCEPTS)

    assert answer["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer["Vary"]
    assert b"No customers yet" in gzip.decompress(answer.content)
    assert len(answer.content) < len(gzip.decompress(answer.content)) / 3


def test_the_size_of_a_page_tells_nothing_of_what_stands_in_it(signed_in):
    """BREACH guesses secrets by the length of answers: ours differs each time by a random number of bytes."""
    client = signed_in("Viewer")

    assert len({len(client.get("/password/", headers=ACCEPTS).content) for _ in range(12)}) > 3


def test_what_programs_read_is_not(rf):
    answer = HttpResponse('{"object": "list"}' * 100, content_type="application/json")
    request = rf.get("/v1/vouchers", headers=ACCEPTS)

    assert "Content-Encoding" not in CompressPages(lambda _: answer)(request)
