"""Exports as a program orders them and takes their files away."""

from __future__ import annotations

import csv
import io
from urllib.parse import urlsplit

from django.test import Client

from publications.exports.actions.write_export import make_export_file
from publications.exports.models import Export
from tests.support.api.calls import Answer

SDK = {"Accept": "text/plain"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def ordered(caller, exported_object="voucher", **parameters):
    answer = caller.post("exports", {"exported_object": exported_object, "parameters": parameters})
    assert answer.status == 200, answer.json
    return answer.json


def finished(caller, exported_object="voucher", **parameters):
    """The export as it is answered with once its file is made."""
    made = ordered(caller, exported_object, **parameters)
    make_export_file(Export.objects.latest("pk").pk)
    return caller.get(f"exports/{made['id']}").json


def taken(url, **headers):
    """The file behind `result.url`, as a browser takes it: without a key."""
    parts = urlsplit(url)
    response = Client().get(f"{parts.path}?{parts.query}", headers=headers or BROWSER)
    if not response.streaming:
        return Answer(response)
    response.body = b"".join(response.streaming_content).decode()
    return response


def table(caller, exported_object="voucher", **parameters):
    done = finished(caller, exported_object, **parameters)
    return list(csv.reader(io.StringIO(taken(done["result"]["url"]).body, newline="")))
