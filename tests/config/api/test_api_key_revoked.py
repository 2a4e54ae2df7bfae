"""Revoking API keys."""

import pytest

from config.api.actions.create_api_key import create_api_key
from config.api.actions.revoke_api_key import revoke_api_key
from config.api.models import ApiKey
from config.staff.models import AuditEntry
from tests.support.factories import STAFF

pytestmark = pytest.mark.django_db


def test_a_key_is_revoked_once_and_for_good():
    key, _ = create_api_key("Web shop", by=STAFF)

    assert revoke_api_key(key, by=STAFF) is True
    first = ApiKey.objects.get().revoked_at
    assert revoke_api_key(key, by=STAFF) is False

    assert first is not None
    assert ApiKey.objects.get().revoked_at == first
    assert AuditEntry.objects.filter(action="api_key.revoked").count() == 1


def test_the_page_asks_before_it_revokes(signed_in):
    key, _ = create_api_key("Web shop", by=STAFF)
    browser = signed_in("Manager")

    question = browser.get(f"/settings/api-keys/{key.pk}/revoke")
    assert "It has never been used." in question.content.decode()
    assert ApiKey.objects.get().revoked_at is None

    answer = browser.post(f"/settings/api-keys/{key.pk}/revoke", follow=True)
    assert answer.redirect_chain == [("/settings/api-keys/", 302)]
    assert "The key Web shop has been revoked." in answer.content.decode()
    assert ApiKey.objects.get().revoked_at is not None


def test_the_list_tells_active_from_revoked(signed_in):
    create_api_key("In use", by=STAFF)
    revoke_api_key(create_api_key("Old", by=STAFF)[0], by=STAFF)

    page = signed_in("Manager").get("/settings/api-keys/").content.decode()

    assert page.count(">Active<") == 1
    assert page.count(">Revoked<") == 1
    assert page.count("Revoke In use") == 1
    assert "Revoke Old" not in page


@pytest.mark.parametrize("rows", [1, 50])
def test_the_list_takes_seven_queries_however_many_keys(signed_in, django_assert_num_queries, rows):
    browser = signed_in("Manager")
    for n in range(rows):
        create_api_key(f"Key {n}", by=STAFF)

    # session, user, project settings, the user's and the roles' permissions, count, rows
    with django_assert_num_queries(7):
        browser.get("/settings/api-keys/")
