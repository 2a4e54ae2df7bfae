"""What was typed into a form outlives the session: sign in again, and go on with it."""

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from customers.models import Customer
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db
TYPED = {"name": "Ada <Lovelace>", "email": "ada@example.com", "metadata": '{"note": "line one\\nline two"}'}
HERE = {"HTTP_ORIGIN": "http://testserver"}


@pytest.fixture
def colleague():
    user = UserFactory(username="mara", role="Manager")
    user.set_password("a long enough one")
    user.save()
    return user


def inputs(page) -> dict[str, str]:
    """The hidden fields of the only form of a page, as a browser would send them."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    found += re.findall(r'<textarea name="([^"]+)" hidden>\n([^<]*)</textarea>', page)
    return {
        name: value.replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">").replace("&#x27;", "'")
        for name, value in found
    }


def sign_in(client, page, password="a long enough one"):
    return client.post("/login/", {**inputs(page.content.decode()), "username": "mara", "password": password})


def test_a_form_that_is_sent_after_the_session_has_ended_is_kept(colleague):
    client = Client()
    asked = client.post("/customers/new", TYPED)
    welcome = sign_in(client, asked)

    assert "what you typed is still here" in asked.content.decode()
    assert 'action="/customers/new"' in welcome.content.decode()
    fields = inputs(welcome.content.decode())
    assert {name: fields[name] for name in TYPED} == TYPED
    assert Customer.objects.count() == 0
    client.post("/customers/new", fields)
    assert Customer.objects.get().name == "Ada <Lovelace>"


def test_a_wrong_password_loses_nothing(colleague):
    client = Client()

    refused = sign_in(client, client.post("/customers/new", TYPED), password="wrong")

    assert sign_in(client, refused).content.decode().count("ada@example.com") == 1


def test_a_form_of_the_admin_is_kept_too(colleague):
    client = Client()

    welcome = sign_in(client, client.post("/admin/auth/user/add/", {"username": "new", "password1": "secret"}))

    assert 'action="/admin/auth/user/add/"' in welcome.content.decode()
    assert "secret" not in welcome.content.decode()


def test_files_cannot_be_kept_and_the_page_says_so(colleague):
    client = Client()

    asked = client.post("/customers/import", {"file": SimpleUploadedFile("a.csv", b"Email\na@example.com\n")})

    assert "Files must be chosen again" in asked.content.decode()
    assert 'enctype="multipart/form-data"' in sign_in(client, asked).content.decode()


def test_a_form_too_long_to_keep_is_said_to_be_lost(colleague):
    client = Client()

    asked = client.post("/customers/new", {**TYPED, "metadata": "x" * 2_000_001})

    assert "too long to keep" in asked.content.decode()
    assert "fill it in again" in sign_in(client, asked).content.decode()


@pytest.mark.parametrize("address", ["https://example.com/", "//example.com/", "javascript:alert(1)", "customers/"])
def test_a_kept_form_leads_to_no_other_server(colleague, address):
    kept = {"kept_address": address, "kept_fields": json.dumps([["a", "b"]]), "kept_files": ""}

    response = Client().post("/login/", {**kept, "username": "mara", "password": "a long enough one"})

    assert response.status_code == 400


def test_a_kept_form_that_is_none_is_refused(colleague):
    kept = {"kept_address": "/customers/new", "kept_fields": "[1]"}

    response = Client().post("/login/", {**kept, "username": "mara", "password": "a long enough one"})

    assert response.status_code == 400


def test_a_part_of_a_page_leaves_the_page_as_it_is(colleague):
    response = Client().get("/customers/suggest?q=a", headers={"HX-Request": "true"})

    assert (response.status_code, response["Content-Type"]) == (401, "text/plain")


class TestSignedInAgainInAnotherTab:
    """The form's token is one of the session before."""

    @pytest.fixture
    def client(self, colleague):
        client = Client(enforce_csrf_checks=True)
        client.force_login(colleague)
        return client

    def test_the_form_goes_on_with_a_new_token(self, client):
        page = client.post("/customers/new", {**TYPED, "csrfmiddlewaretoken": "a" * 64}, **HERE).content.decode()

        client.post("/customers/new", inputs(page), **HERE)

        assert "Send the form" in page
        assert Customer.objects.get().email == "ada@example.com"

    def test_a_form_of_another_server_does_not(self, client):
        response = client.post("/customers/new", TYPED, HTTP_ORIGIN="https://evil.example.com")

        assert response.status_code == 403
        assert "ada@example.com" not in response.content.decode()

    def test_nor_does_one_that_does_not_say_where_it_comes_from(self, client):
        assert client.post("/customers/new", TYPED).status_code == 403
