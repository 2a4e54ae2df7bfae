"""Signing in and out: one page for dashboard and admin, throttled, and honest about what went wrong."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.utils import timezone

from config.staff.models import AuditEntry
from config.staff.models import StaffSession as Session
from config.staff.sign_in.client_address import client_address
from config.staff.sign_in.delete_old_sign_ins import delete_old_sign_ins
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    user = UserFactory(username="ada", role="Operator")
    user.set_password("a long enough one")
    user.save()
    return user


def sign_in(client, password, **more):
    return client.post("/login/", {"username": "ada", "password": password, **more})


def test_signing_in_leads_to_the_page_that_was_asked_for(ada):
    response = sign_in(Client(), "a long enough one", next="/password/")

    assert (response.status_code, response["Location"]) == (302, "/password/")


def test_signing_in_leads_to_no_other_server(ada):
    response = sign_in(Client(), "a long enough one", next="https://example.com/")

    assert (response.status_code, response["Location"]) == (302, "/")


def test_a_wrong_password_is_said_and_the_name_is_kept(ada):
    page = sign_in(Client(), "wrong").content.decode()

    assert "Please enter a correct username and password." in page
    assert 'value="ada"' in page


def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(ada):
    client = Client()
    statuses = [sign_in(client, "wrong").status_code for _ in range(5)]

    response = sign_in(client, "a long enough one")

    assert statuses == [200, 200, 200, 200, 429]
    assert response.status_code == 429
    assert "Try again in 15 minutes" in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_attempts_while_one_has_to_wait_leave_nothing_behind(ada):
    for number in range(12):
        sign_in(Client(headers={"user-agent": f"Guesser {number}"}), "wrong")

    assert sorted(AccessAttempt.objects.values_list("user_agent", flat=True)) == [f"Guesser {n}" for n in range(5)]


def test_behind_a_proxy_each_client_has_its_own_attempts(ada, settings):
    settings.TRUSTED_PROXIES = 1
    guesser, owner = (
        Client(headers={"X-Forwarded-For": "198.51.100.7"}),
        Client(headers={"X-Forwarded-For": "203.0.113.9"}),
    )
    for _ in range(5):
        locked_out = sign_in(guesser, "wrong")

    assert locked_out.status_code == 429
    assert sign_in(owner, "a long enough one").status_code == 302


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.7, 203.0.113.9", "203.0.113.9"),  # what the client itself sent stands before
        (2, "198.51.100.7, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "203.0.113.9", "127.0.0.1"),  # it did not come through both
        (1, "nonsense", "127.0.0.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_the_address_of_a_client(rf, settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies

    assert client_address(rf.get("/", headers={"X-Forwarded-For": forwarded})) == address


def test_what_is_left_of_sign_ins_is_deleted_daily(ada):
    sign_in(Client(), "a long enough one")
    sign_in(Client(), "wrong")
    kept = delete_old_sign_ins()
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(days=2))
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    deleted = delete_old_sign_ins()

    assert (kept, deleted) == (0, 2)
    assert not Session.objects.exists()


def test_the_admin_has_no_sign_in_page_of_its_own():
    response = Client().get("/admin/", follow=True)

    assert [address for address, _ in response.redirect_chain] == ["/login/?next=/admin/"]


def test_who_has_no_role_is_told_so_by_the_admin(signed_in):
    response = signed_in(None).get("/admin/", follow=True)

    assert response.status_code == 403
    assert "has no role yet. Ask a Manager" in response.content.decode()


def test_a_part_of_a_page_asked_for_after_the_session_ended_leaves_the_page_alone():
    response = Client().get("/login/", headers={"HX-Request": "true"})

    assert response.status_code == 401


def test_signing_out_needs_a_post(signed_in):
    client = signed_in("Viewer")

    refused = client.get("/logout/")
    done = client.post("/logout/")

    assert (refused.status_code, done.status_code, done["Location"]) == (405, 302, "/login/")
    assert "_auth_user_id" not in client.session


def test_a_new_password_holds_and_the_session_stays(ada):
    client = Client()
    client.force_login(ada)

    elsewhere = Client()
    elsewhere.force_login(ada)

    response = client.post(
        "/password/",
        {"old_password": "a long enough one", "new_password1": "another good one", "new_password2": "another good one"},
        follow=True,
    )

    assert "Your new password is active now." in response.content.decode()
    assert elsewhere.get("/account/").status_code == 302
    assert AuditEntry.objects.get().action == "user.password_changed"
    assert sign_in(Client(), "another good one").status_code == 302
