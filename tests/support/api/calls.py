"""Calls the API as a program does, without a server in between."""

from __future__ import annotations

import json
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from config.api.actions.create_api_key import create_api_key
from tests.support.api.document import check
from tests.support.factories import STAFF


class Answer:
    """An answer, as it should be: one that the API's own document does not tell fails the test."""

    def __init__(self, response):
        check(response.wsgi_request, response)
        self.status = response.status_code
        self.headers = response.headers
        self.content = response.content
        self.json: Any = json.loads(response.content) if response.content else None

    @property
    def error(self) -> tuple[int, str, str, str]:
        """The envelope's words; it must be whole, whatever the error."""
        assert self.headers["Content-Type"] == "application/json; charset=utf-8", self.content[:200]
        assert self.json["request_id"] == self.headers["X-Request-Id"]
        assert self.json["code"] == self.status
        return self.status, self.json["key"], self.json["message"], self.json["details"]


class Api:
    """A caller with a key of its own: `Api().post("publications", {…})`, `Api("read").get("vouchers?limit=1")`."""

    def __init__(self, scope: str = "all", *, for_integrations: bool = False):
        self.key, token = create_api_key("Shop", scope=scope, for_integrations=for_integrations, by=STAFF)
        self.headers = {"X-App-Id": str(self.key.app_id), "X-App-Token": token}
        self.client = Client(raise_request_exception=False)

    def get(self, path: str, **query) -> Answer:
        return Answer(self.client.get(f"/v1/{path}", query_params=query or None, headers=self.headers, **_raw(path)))

    def post(self, path: str, body: Any) -> Answer:
        return self.send("POST", path, json.dumps(body))

    def put(self, path: str, body: Any) -> Answer:
        return self.send("PUT", path, json.dumps(body))

    def delete(self, path: str) -> Answer:
        return self.send("DELETE", path, "")

    def upload(self, path: str, content: str | bytes, *, field: str = "file", name: str = "file.csv") -> Answer:
        """A file, as multipart/form-data."""
        file = SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)
        return Answer(self.client.post(f"/v1/{path}", {field: file}, headers=self.headers, **_raw(path)))

    def send(self, method: str, path: str, body: str | bytes, content_type: str = "application/json") -> Answer:
        response = self.client.generic(method, f"/v1/{path}", body, content_type, headers=self.headers, **_raw(path))
        return Answer(response)


def _raw(path: str) -> dict[str, str]:
    """The address as it was sent, which the test client does not tell as our server does."""
    return {"REQUEST_URI": f"/v1/{path}"}
