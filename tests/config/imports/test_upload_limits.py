"""What one user or one API key may upload in an hour."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import StopUpload
from django.test import Client

from campaigns.codes.models import CodeImport
from config.api.limits.upload_limit import UploadLimit
from customers.models import CustomerImport
from tests.support.api.calls import Api

pytestmark = pytest.mark.django_db


def upload(browser, url="/codes/import", content=b"Code\nA\n"):
    return browser.post(url, {"file": SimpleUploadedFile("codes.csv", content)})


def test_a_user_has_so_many_files_an_hour_of_all_kinds_together(signed_in, settings):
    settings.UPLOADS_PER_HOUR = 2
    mara, noor = signed_in("Manager"), signed_in("Manager")

    statuses = [upload(mara).status_code, upload(mara, "/customers/import", b"Source ID\na\n").status_code]
    refused = upload(mara)

    assert (statuses, refused.status_code) == ([302, 302], 200)
    assert "the limit of 2 imported files or arrays per hour" in refused.content.decode()
    assert upload(noor).status_code == 302
    assert (CodeImport.objects.count(), CustomerImport.objects.count()) == (2, 1)


def test_what_was_thrown_away_does_not_count(signed_in, settings):
    settings.UPLOADS_PER_HOUR = 1
    mara = signed_in("Manager")

    mara.post(f"{upload(mara).url}/discard")

    assert upload(mara).status_code == 302


def test_a_user_has_so_many_bytes_an_hour(signed_in, settings):
    settings.UPLOAD_BYTES_PER_HOUR = 2048
    mara = signed_in("Manager")

    first, second = upload(mara, content=b"Code\n" + b"A\n" * 600), upload(mara, content=b"Code\n" + b"B\n" * 600)

    assert first.status_code == 302
    assert "exceed the limit of 2 KB per hour" in second.content.decode()


def test_an_api_key_has_so_many_imports_an_hour(settings):
    settings.UPLOADS_PER_HOUR = 2
    shop, other = Api(), Api()

    answers = [
        shop.upload("vouchers/importCSV", "Code\nA\n"),
        shop.post("customers/bulk/async", [{"source_id": "a"}]),
        shop.post("vouchers/import", [{"code": "B"}]),
        other.post("vouchers/import", [{"code": "C"}]),
    ]

    assert [answer.status for answer in answers] == [202, 202, 429, 202]
    assert answers[2].error[1] == "too_many_requests"
    assert answers[2].headers["Retry-After"] == "600"


def test_a_file_of_a_stranger_is_dropped_while_it_comes(rf, signed_in):
    stranger, mara = Client().get("/login/").wsgi_request, signed_in("Manager").get("/").wsgi_request
    kept = []
    for request in (stranger, mara):
        handler = UploadLimit(request)
        handler.handle_raw_input(None, {}, 100, b"")
        try:
            handler.new_file("file", "x.csv", "text/csv", 100)
            kept.append(request)
        except StopUpload:
            continue

    assert kept == [mara]
