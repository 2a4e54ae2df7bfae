"""Making API keys: by the verb, the command and the page."""

import hashlib
import json
import threading
import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from config.api.actions.create_api_key import create_api_key
from config.api.models import ApiKey
from config.staff.models import AuditEntry
from tests.support.factories import STAFF

pytestmark = pytest.mark.django_db
URL = "/settings/api-keys/new"


def test_only_the_hash_of_the_token_is_kept():
    key, token = create_api_key("Web shop", scope="publish", for_integrations=True, by=STAFF)

    stored = ApiKey.objects.get()
    assert bytes(stored.token_hash) == hashlib.sha256(token.encode()).digest()
    assert (stored.name, stored.scope, stored.for_integrations) == ("Web shop", "publish", True)
    assert (stored.app_id, stored.created_by, stored.revoked_at) == (key.app_id, "Test Staff", None)
    assert len(token) == 43  # 32 random bytes in URL-safe base 64


def test_two_keys_never_share_id_or_token():
    (one, first), (two, second) = (create_api_key("Shop", by=STAFF) for _ in range(2))

    assert one.app_id != two.app_id
    assert first != second


def test_making_a_key_is_audited_without_its_token():
    key, token = create_api_key("Web shop", scope="read", by=STAFF)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id, entry.object_label) == ("api_key.created", str(key.app_id), "Web shop")
    assert entry.details == {"scope": "read", "for_integrations": False}
    assert token not in str(vars(entry))


def test_the_command_prints_id_and_token_once():
    out = StringIO()

    call_command("create_api_key", "Web shop", stdout=out)

    key = ApiKey.objects.get()
    lines = out.getvalue().splitlines()
    token = lines[1].removeprefix("X-App-Token: ")
    assert lines[0] == f"X-App-Id:    {key.app_id}"
    assert bytes(key.token_hash) == hashlib.sha256(token.encode()).digest()
    assert (key.name, key.scope, key.for_integrations) == ("Web shop", "all", False)
    assert AuditEntry.objects.get().actor_label == "Command line"


def test_the_command_prints_json_for_scripts():
    out = StringIO()

    call_command("create_api_key", "Tool", "--scope", "publish", "--integrations", "--json", stdout=out)

    answer, key = json.loads(out.getvalue()), ApiKey.objects.get()
    assert bytes(key.token_hash) == hashlib.sha256(answer.pop("token").encode()).digest()
    assert answer == {"name": "Tool", "scope": "publish", "for_integrations": True, "id": str(key.app_id)}


def test_the_command_prints_a_line_for_the_shell():
    out = StringIO()

    call_command("create_api_key", "Tool", "--shell", stdout=out)

    key = ApiKey.objects.get()
    assignments = out.getvalue().removeprefix("export ").split()
    assert assignments[0] == f"APP_ID={key.app_id}"
    assert hashlib.sha256(assignments[1].removeprefix("APP_TOKEN=").encode()).digest() == bytes(key.token_hash)


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_the_command_refuses_a_key_without_a_usable_name(name):
    with pytest.raises(CommandError, match="1 to 100 characters"):
        call_command("create_api_key", name)

    assert not ApiKey.objects.exists()


def test_the_token_is_shown_on_a_page_of_its_own_and_once(signed_in):
    browser = signed_in("Manager")

    sent = browser.post(URL, {"name": "Web shop", "scope": "publish"})
    shown, reloaded = browser.get(sent.url), browser.get(sent.url).content.decode()

    key, page = ApiKey.objects.get(), shown.content.decode()
    token = shown.context["token"]
    assert (sent.status_code, sent.url) == (302, f"/settings/api-keys/{key.pk}/made")
    assert hashlib.sha256(token.encode()).digest() == bytes(key.token_hash)
    assert page.count(f'data-copy="{token}"') == 1
    assert page.count(f'data-copy="{key.app_id}"') == 1
    assert "no-store" in shown["Cache-Control"]
    assert "The token was shown once." in reloaded
    assert token not in reloaded + browser.get("/settings/api-keys/").content.decode()
    assert token not in str(dict(browser.session.items()))


def test_a_form_that_is_sent_twice_makes_one_key(signed_in):
    browser = signed_in("Manager")
    form = {"app_id": browser.get(URL).context["form"]["app_id"].value(), "name": "Web shop", "scope": "all"}

    first, again = (browser.post(URL, form) for _ in range(2))

    key = ApiKey.objects.get()
    assert (str(key.app_id), AuditEntry.objects.count()) == (str(form["app_id"]), 1)
    assert first.url == again.url
    assert hashlib.sha256(browser.get(again.url).context["token"].encode()).digest() == bytes(key.token_hash)


@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_one_key(signed_in):
    browser, form = signed_in("Manager"), {"app_id": str(uuid.uuid4()), "name": "Web shop", "scope": "all"}
    answers = []

    def click():
        twin = Client()
        twin.cookies = browser.cookies
        answers.append(twin.post(URL, form).status_code)
        connection.close()

    clicks = [threading.Thread(target=click) for _ in range(4)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()

    assert (answers, ApiKey.objects.count()) == ([302] * 4, 1)
    assert "token" in browser.get(f"/settings/api-keys/{ApiKey.objects.get().pk}/made").context


def test_nobody_else_is_shown_the_token(signed_in):
    made = signed_in("Manager").post(URL, {"name": "Web shop", "scope": "publish"})

    assert "token" not in signed_in("Manager").get(made.url).context


def test_the_page_shows_a_call_that_names_this_server(signed_in, settings):
    settings.SITE_URL = "https://handout.example.com"

    page = signed_in("Manager").post(URL, {"name": "Web shop", "scope": "publish"}, follow=True).content.decode()

    assert "curl https://handout.example.com/v1/publications \\" in page


def test_a_key_needs_a_name(signed_in):
    answer = signed_in("Manager").post(URL, {"name": "  ", "scope": "publish"})

    assert answer.context["form"].errors == {"name": ["This field is required."]}
    assert not ApiKey.objects.exists()
