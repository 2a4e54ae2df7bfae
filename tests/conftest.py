"""Fixtures that many tests share."""

import pytest
from django.test import Client

from tests.factories import UserFactory


@pytest.fixture(autouse=True)
def unhashed_static_files(settings):
    """Pages are drawn without `collectstatic`, which the hashed names of the real storage need."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def signed_in(db):
    """`signed_in("Operator")` is a browser of somebody with that role; its `.user` is who."""

    def sign_in(role: str | None) -> Client:
        client = Client()
        client.user = UserFactory(role=role)
        client.force_login(client.user)
        return client

    return sign_in
