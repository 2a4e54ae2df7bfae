"""Making API keys: by the verb, the command and the page."""

import hashlib
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from config.create_api_key import create_api_key
from config.models import ApiKey, AuditEntry
from tests.factories import STAFF

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


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_the_command_refuses_a_key_without_a_usable_name(name):
    with pytest.raises(CommandError, match="1 to 100 characters"):
        call_command("create_api_key", name)

    assert not ApiKey.objects.exists()


def test_the_page_shows_the_token_in_its_answer_and_nowhere_else(signed_in):
    browser = signed_in("Manager")

    answer = browser.post(URL, {"name": "Web shop", "scope": "publish"})

    key, page = ApiKey.objects.get(), answer.content.decode()
    token = answer.context["token"]
    assert hashlib.sha256(token.encode()).digest() == bytes(key.token_hash)
    assert page.count(f'data-copy="{token}"') == 1
    assert page.count(f'data-copy="{key.app_id}"') == 1
    assert "no-store" in answer["Cache-Control"]
    assert token not in browser.get("/settings/api-keys/").content.decode()


def test_the_page_shows_a_call_that_names_this_server(signed_in, settings):
    settings.SITE_URL = "https://handout.example.com/"

    page = signed_in("Manager").post(URL, {"name": "Web shop", "scope": "publish"}).content.decode()

    assert "curl https://handout.example.com/v1/publications \\" in page


def test_a_key_needs_a_name(signed_in):
    answer = signed_in("Manager").post(URL, {"name": "  ", "scope": "publish"})

    assert answer.context["form"].errors == {"name": ["This field is required."]}
    assert not ApiKey.objects.exists()
