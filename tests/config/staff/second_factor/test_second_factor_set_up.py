"""Setting up a second factor, having to, and what becomes of whoever has lost it."""

import re
from io import StringIO

import pytest
from axes.models import AccessAttempt
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from config.staff.models import AuditEntry, StaffSession
from config.staff.sign_in.second_factor import Verdict, check_code, has_second_factor, set_up
from tests.config.staff.second_factor.authenticator import (
    KEY,
    PASSWORD,
    code_of,
    fresh,
    give_code,
    give_password,
    is_in,
)
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db


# ---- setting it up


def start_of_set_up(client):
    page = client.get("/account/second-factor/set-up")
    return page.context["form"], page.content.decode()


def test_setting_it_up_shows_recovery_codes_once(ada):
    client, elsewhere = Client(), Client()
    give_password(client), give_password(elsewhere)
    form, page = start_of_set_up(client)
    assert not TOTPDevice.objects.exists()  # looking at the page writes nothing
    sent = {
        "second_factor_key": form["second_factor_key"].value(),
        "second_factor_code": code_of(form.key),
        "password": PASSWORD,
    }

    answers = [client.post("/account/second-factor/set-up", sent) for _ in range(2)]
    shown = client.get("/account/recovery-codes")

    assert "<svg" in page
    assert [answer.url for answer in answers] == ["/account/recovery-codes"] * 2
    assert len(shown.context["codes"]) == 10
    assert client.get("/account/recovery-codes").url == "/account/"
    assert client.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302  # where it was never shown, the session has ended
    assert (TOTPDevice.objects.count(), StaticDevice.objects.count()) == (1, 1)
    assert AuditEntry.objects.get(action="user.second_factor_set_up").object_label == "ada"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"second_factor_code": "000000"}, "second_factor_code"),
        ({"second_factor_code": "letters"}, "second_factor_code"),
        ({"password": "wrong"}, "password"),
        ({"second_factor_key": "made up"}, "second_factor_code"),
    ],
)
def test_what_is_wrong_sets_nothing_up(ada, changed, field):
    client = Client()
    give_password(client)
    form, _ = start_of_set_up(client)
    sent = {
        "second_factor_key": form["second_factor_key"].value(),
        "second_factor_code": code_of(form.key),
        "password": PASSWORD,
    } | changed

    answer = client.post("/account/second-factor/set-up", sent)

    assert list(answer.context["form"].errors) == [field]
    assert not has_second_factor(ada)


def test_a_wrong_code_keeps_the_key_that_was_scanned(ada):
    client = Client()
    give_password(client)
    form, _ = start_of_set_up(client)
    sent = {
        "second_factor_key": form["second_factor_key"].value(),
        "second_factor_code": "000000",
        "password": PASSWORD,
    }

    again = client.post("/account/second-factor/set-up", sent).context["form"]

    assert again.key == form.key


def test_the_key_of_somebody_elses_page_is_not_taken(ada):
    mallory, client = Client(), Client()
    other = UserFactory(username="mallory", role="Viewer")
    mallory.force_login(other)
    give_password(client)
    planted, _ = start_of_set_up(mallory)
    sent = {
        "second_factor_key": planted["second_factor_key"].value(),
        "second_factor_code": code_of(planted.key),
        "password": PASSWORD,
    }

    client.post("/account/second-factor/set-up", sent)

    assert not has_second_factor(ada)


def test_another_phone_takes_the_place_of_the_first(codes, ada):
    client = Client()
    give_password(client), give_code(client, code_of())
    form, _ = start_of_set_up(client)
    sent = {
        "second_factor_key": form["second_factor_key"].value(),
        "second_factor_code": code_of(form.key),
        "password": PASSWORD,
    }

    client.post("/account/second-factor/set-up", sent)
    fresh(ada)

    assert TOTPDevice.objects.get().key == form.key
    assert check_code(ada, codes[0]).verdict is Verdict.WRONG
    assert check_code(ada, code_of(form.key)).verdict is Verdict.RIGHT


def test_new_recovery_codes_end_the_old_ones(codes, ada):
    client = Client()
    give_password(client), give_code(client, code_of())

    refused = client.post("/account/recovery-codes/new", {"password": "wrong"})
    client.post("/account/recovery-codes/new", {"password": PASSWORD})
    new = client.get("/account/recovery-codes").context["codes"]

    assert list(refused.context["form"].errors) == ["password"]
    assert check_code(ada, new[0]).verdict is Verdict.RIGHT
    assert check_code(ada, codes[0]).verdict is Verdict.WRONG


def test_doing_without_it_needs_the_password(codes, ada):
    client = Client()
    give_password(client), give_code(client, code_of())

    client.post("/account/second-factor/remove", {"password": "wrong"})
    kept = has_second_factor(ada)
    client.post("/account/second-factor/remove", {"password": PASSWORD})

    assert (kept, has_second_factor(ada), StaticToken.objects.count()) == (True, False, 0)
    assert give_password(Client()).url == "/"


# ---- required


@pytest.mark.parametrize(
    ("role", "asked"), [("Manager", True), ("Exporter", True), ("Operator", False), ("Viewer", False)]
)
def test_who_must_have_one_sets_it_up_before_anything_else(signed_in, project, role, asked):
    project(require_second_factor=True)
    client = signed_in(role)

    answers = [client.get(address) for address in ("/", "/customers/", "/admin/", "/password/")]
    posted = client.post("/customers/new", {"name": "Mara"})
    part = client.get("/", headers={"HX-Request": "true"})

    wanted = "/account/second-factor/set-up"
    assert [getattr(answer, "url", "") == wanted for answer in answers] == [asked] * 3 + [False]
    assert (getattr(posted, "url", "") == wanted) is asked
    assert (part.headers.get("HX-Redirect") == wanted) is asked
    assert client.get(wanted).status_code == 200
    assert client.post("/logout/").url == "/login/"


def test_who_has_set_it_up_goes_on(codes, project):
    project(require_second_factor=True)
    client = Client()
    give_password(client), give_code(client, code_of())

    assert client.get("/customers/").status_code == 200
    assert client.get("/admin/").status_code == 200
    assert client.post("/account/second-factor/remove", {"password": PASSWORD}).status_code == 403


def test_a_session_that_never_showed_it_is_not_enough(codes, project, ada):
    """However it came about: nobody gets round the code by a session that is older than it."""
    project(require_second_factor=True)
    client = Client()
    client.force_login(ada)

    assert client.get("/customers/", follow=True).redirect_chain[-1] == ("/login/", 302)
    assert not is_in(client)


def test_who_requires_it_must_have_one(signed_in, ada):
    browser = signed_in("Manager")
    form = browser.get("/settings/project").context["form"]
    sent = {name: form[name].value() or "" for name in form.fields} | {"require_second_factor": "on"}
    sent |= {f"initial-{name}": form[name].value() or "" for name in form.fields}

    refused = browser.post("/settings/project", sent)
    set_up(browser.user, key=KEY, code=code_of())
    saved = browser.post("/settings/project", sent)

    assert refused.context["form"].errors == {
        "require_second_factor": ["Set up your own second factor first (Your account)."]
    }
    assert saved.status_code == 302
    assert AuditEntry.objects.get(action="settings.changed").details["changes"] == {
        "require_second_factor": {"from": False, "to": True}
    }


# ---- rescue


def test_the_command_lets_somebody_in_again(codes, ada):
    client, out = Client(), StringIO()
    give_password(client), give_code(client, code_of())

    call_command("reset_second_factor", "ada", stdout=out)

    assert out.getvalue() == "ada now signs in with the password alone.\n"
    assert client.get("/").status_code == 302
    assert give_password(Client()).url == "/"
    assert AuditEntry.objects.get(action="user.second_factor_removed").actor_label == "Command line"
    with pytest.raises(CommandError, match="There is no user called 'nobody'"):
        call_command("reset_second_factor", "nobody")


def test_a_manager_resets_it_for_others(codes, ada, signed_in):
    manager, client = signed_in("Manager"), Client()
    give_password(client), give_code(client, code_of())
    chief = UserFactory(username="chief", is_superuser=True)
    set_up(chief, key=KEY, code=code_of())
    chosen = {"action": "reset_second_factor", "_selected_action": [ada.pk, chief.pk, manager.user.pk]}

    page = manager.post("/admin/auth/user/", chosen, follow=True).content.decode()

    assert "The second factor of 1 user has been reset." in page
    assert "chief was left alone" in page
    assert (has_second_factor(ada), has_second_factor(chief)) == (False, True)
    assert client.get("/").status_code == 302


def test_the_administration_shows_no_secret(codes, signed_in):
    manager = signed_in("Manager")
    manager.user.is_superuser = True
    manager.user.save()

    assert not re.findall("otp_(totp|static)", manager.get("/admin/").content.decode())
    assert manager.get("/admin/otp_totp/totpdevice/").status_code == 404
    key = StaffSession.objects.get(user=manager.user)
    pages = [manager.get(f"/admin/staff/staffsession/{end}").content.decode() for end in ("", f"{key.pk}/change/")]
    assert key.session_key not in "".join(pages)


def test_an_attempt_is_kept_without_code_and_key(codes):
    client = Client()
    give_password(client), give_code(client, "123123")
    TOTPDevice.objects.update(throttling_failure_timestamp=None)
    give_code(client, code_of())
    form, _ = start_of_set_up(client)
    signed = form["second_factor_key"].value()
    sent = {"second_factor_key": signed, "second_factor_code": "456456", "password": "wrong"}
    client.post("/account/second-factor/set-up", sent)

    kept = " ".join(AccessAttempt.objects.values_list("post_data", flat=True))

    assert "second_factor_code" in kept
    assert not [secret for secret in ("123123", "456456", signed, "wrong") if secret in kept]
