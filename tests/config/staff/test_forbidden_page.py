"""The page of those who may not open a page: it says whom to ask, and is no trap."""

import re

import pytest
from django.test import Client

from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_who_has_no_role_is_told_whom_to_ask_and_can_sign_out():
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory(username="ada", role=None))

    page = client.get("/").content.decode()
    token = re.search(r'<form method="post" action="/logout/"><input [^>]* value="([^"]+)">', page)[1]
    signed_out = client.post("/logout/", {"csrfmiddlewaretoken": token})

    assert "Your account <strong>ada</strong> has no role yet. Ask a Manager to assign one" in page
    assert "Go to Home" not in page  # which is where they are refused
    assert (signed_out.status_code, "_auth_user_id" in client.session) == (302, False)


def test_who_lacks_a_permission_is_told_which_and_can_go_home(signed_in):
    page = signed_in("Viewer").get("/settings/api-keys/").content.decode()

    assert "You need permission to manage. Ask a Manager for a role that includes it." in page
    assert '<a class="btn primary" href="/">Go to Home</a>' in page
    assert 'action="/logout/"' in page
