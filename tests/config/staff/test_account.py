"""One's own account: name, roles, and where one is signed in."""

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.test import Client
from django.utils import timezone

from config.staff.models import AuditEntry, StaffSession
from config.staff.sign_in.sessions import device_of
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
    "Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def ada():
    user = UserFactory(username="ada", role="Operator")
    user.set_password("a long enough one")
    user.save()
    return user


def sign_in(agent, address):
    client = Client(headers={"user-agent": agent}, REMOTE_ADDR=address)
    client.post("/login/", {"username": "ada", "password": "a long enough one"})
    return client


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, "Firefox on Windows"),
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        ("curl/8.5.0", "Unknown device"),
        ("", "Unknown device"),
    ],
)
def test_a_device_is_told_as_people_call_it(agent, device):
    assert device_of(agent) == device


def test_the_page_tells_who_one_is_and_what_the_role_means(signed_in):
    page = signed_in("Exporter").get("/account/").content.decode()

    assert "Exporter: also creates reports" in page
    assert "Manager: does everything" not in page


def test_a_name_is_saved_and_audited(signed_in):
    browser = signed_in("Viewer")

    page = browser.post("/account/name", {"first_name": "Ada", "last_name": "Byron"}, follow=True).content.decode()

    browser.user.refresh_from_db()
    assert browser.user.get_full_name() == "Ada Byron"
    assert "Your name has been saved." in page
    assert AuditEntry.objects.get().details == {"fields": ["first_name", "last_name"]}


def test_a_form_of_ones_own_changes_nothing_but_the_name(signed_in):
    browser = signed_in("Viewer")

    browser.post(
        "/account/name", {"first_name": "Ada", "is_superuser": "on", "email": "new@example.com", "groups": "1"}
    )

    browser.user.refresh_from_db()
    assert (browser.user.first_name, browser.user.is_superuser) == ("Ada", False)
    assert browser.user.email != "new@example.com"


def test_each_sign_in_is_a_session_with_its_device_and_address(ada):
    here = sign_in(FIREFOX, "203.0.113.7")
    sign_in(PHONE, "2001:db8::1")

    sessions = here.get("/account/").context["sessions"]

    assert [(session.device, session.address, session.is_this) for session in sessions] == [
        ("Safari on iPhone", "2001:db8::1", False),
        ("Firefox on Windows", "203.0.113.7", True),
    ]


def test_the_last_use_is_noted_once_a_minute(ada):
    client = sign_in(FIREFOX, "203.0.113.7")
    client.get("/account/")
    first = StaffSession.objects.get().last_used_at
    StaffSession.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))

    client.get("/account/", REMOTE_ADDR="198.51.100.1")
    session = StaffSession.objects.get()

    assert session.last_used_at > first
    assert session.address == "198.51.100.1"


def test_saving_a_session_keeps_what_is_known_of_it(ada):
    client = sign_in(FIREFOX, "203.0.113.7")
    before = StaffSession.objects.get()

    session = client.session
    session["something"] = "else"
    session.save()
    after = StaffSession.objects.get()

    assert after.get_decoded()["something"] == "else"
    assert (after.pk, after.created_at, after.address, after.agent, after.user) == (
        before.pk, before.created_at, "203.0.113.7", FIREFOX, ada,
    )  # fmt: skip


def test_a_session_can_be_ended_from_another_one(ada):
    here, lost = sign_in(FIREFOX, "203.0.113.7"), sign_in(PHONE, "203.0.113.8")
    theirs = StaffSession.objects.get(agent=PHONE)

    page = here.post(f"/account/sessions/{theirs.pk}/end", follow=True).content.decode()

    assert "Safari on iPhone has been signed out." in page
    assert lost.get("/customers/").status_code == 302
    assert here.get("/customers/").status_code == 200
    assert AuditEntry.objects.get().action == "user.sessions_ended"


def test_all_others_can_be_ended_at_once(ada):
    here, *others = (sign_in(FIREFOX, f"203.0.113.{n}") for n in range(3))

    here.post("/account/sessions/end-others")

    assert [client.get("/customers/").status_code for client in (here, *others)] == [200, 302, 302]
    assert AuditEntry.objects.get().details == {"count": 2}


def test_nobody_ends_the_session_of_somebody_else(ada, signed_in):
    client = sign_in(FIREFOX, "203.0.113.7")
    theirs = StaffSession.objects.get()

    assert signed_in("Manager").post(f"/account/sessions/{theirs.pk}/end").status_code == 404
    assert client.get("/customers/").status_code == 200


def test_a_request_that_was_under_way_brings_no_ended_session_back(ada):
    client = sign_in(FIREFOX, "203.0.113.7")
    session = client.session
    session["something"] = "else"
    StaffSession.objects.all().delete()

    with pytest.raises(UpdateError):
        session.save()

    assert not StaffSession.objects.exists()


def test_the_page_shows_no_key_of_a_session(ada):
    client = sign_in(FIREFOX, "203.0.113.7")
    sign_in(PHONE, "203.0.113.8")

    page = client.get("/account/").content.decode()

    assert not any(session.session_key in page for session in StaffSession.objects.all())


@pytest.mark.parametrize("others", [1, 30])
def test_the_page_takes_eight_queries_however_many_sessions(ada, others, django_assert_num_queries):
    client = Client()
    client.force_login(ada)
    for _ in range(others):
        Client().force_login(ada)
    client.get("/account/")

    with django_assert_num_queries(8):
        client.get("/account/")
