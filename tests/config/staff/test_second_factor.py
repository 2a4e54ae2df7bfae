"""The second factor: set up, asked for at every door, refused to whoever has a code from before, and rescued."""

import re
import threading
import time
from io import StringIO

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from config.staff.models import AuditEntry, StaffSession
from config.staff.sign_in.second_factor import Verdict, check_code, has_second_factor, set_up
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough one"
KEY = "3132333435363738393031323334353637383930"


def code_of(key=KEY, steps=0):
    totp = TOTP(bytes.fromhex(key))
    totp.time = time.time() + 30 * steps
    return f"{totp.token():06}"


def fresh(user):
    """The app's code may be shown again: as if it was set up, or used, a while ago."""
    TOTPDevice.objects.filter(user=user).update(last_t=-1)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1000)


@pytest.fixture
def ada():
    user = UserFactory(username="ada", role="Manager")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def codes(ada):
    """Ada has a second factor; these are her recovery codes."""
    drawn = set_up(ada, key=KEY, code=code_of())
    fresh(ada)
    return drawn


def give_password(client, **more):
    return client.post("/login/", {"username": "ada", "password": PASSWORD, **more})


def give_code(client, code, **more):
    return client.post("/login/code/", {"second_factor_code": code, **more})


def is_in(client):
    return "_auth_user_id" in client.session


# ---- signing in


def test_the_password_alone_signs_nobody_in(codes):
    client = Client()

    answer = give_password(client, next="/customers/")

    assert (answer.status_code, answer.url) == (302, "/login/code/?next=%2Fcustomers%2F")
    assert not is_in(client)
    assert client.get("/").status_code == 302
    assert client.get("/admin/", follow=True).redirect_chain[0] == ("/login/?next=/admin/", 302)


def test_the_code_of_the_app_signs_in(codes):
    client = Client()
    page = give_password(client, next="/account/")

    answer = give_code(client, code_of(), next="/account/")

    assert client.get(page.url).url == "/login/"  # the step is over
    assert (answer.status_code, answer.url) == (302, "/account/")
    assert is_in(client)


def test_a_code_may_be_typed_as_the_app_shows_it(codes):
    client = Client()
    give_password(client)
    code = code_of()

    give_code(client, f" {code[:3]} {code[3:]} ")

    assert is_in(client)


def test_a_code_leads_to_no_other_server(codes):
    client = Client()
    give_password(client)

    assert give_code(client, code_of(), next="https://example.com/").url == "/"


def test_the_code_that_set_it_up_signs_nobody_in(ada):
    set_up(ada, key=KEY, code=code_of())

    assert check_code(ada, code_of()).verdict is not Verdict.RIGHT


def test_a_code_signs_in_once(codes):
    first, second = Client(), Client()
    give_password(first), give_password(second)
    code = code_of()

    give_code(first, code)
    answer = give_code(second, code)

    assert is_in(first)
    assert not is_in(second)
    assert "was used before" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_code_that_comes_twice_at_once_signs_in_once(codes, ada):
    verdicts, code, go = [], code_of(), threading.Barrier(4)

    def check():
        go.wait()
        verdicts.append(check_code(ada, code).verdict)
        connection.close()

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert verdicts.count(Verdict.RIGHT) == 1


def test_a_recovery_code_signs_in_once_and_says_how_many_are_left(codes):
    first, second = Client(), Client()
    give_password(first), give_password(second)

    page = give_code(first, codes[0].upper(), follow=True)
    give_code(second, codes[0])

    assert is_in(first)
    assert "9 are left" in first.get("/").content.decode()
    assert not is_in(second)
    assert page.status_code == 302
    entry = AuditEntry.objects.get(action="user.recovery_code_used")
    assert (entry.object_label, entry.details) == ("ada", {"left": 9})


def test_the_database_holds_no_recovery_code(codes):
    kept = set(StaticToken.objects.values_list("token", flat=True))

    assert len(kept) == len(codes) == 10
    assert not kept & {code.replace("-", "") for code in codes}
    assert not {token.lower() for token in kept} & {code.replace("-", "") for code in codes}


def test_a_form_that_was_kept_is_kept_over_both_steps(codes):
    client = Client()
    kept = {"kept_address": "/customers/new", "kept_fields": '[["name", "Mara"]]', "kept_files": ""}

    asked = give_password(client, **kept)
    page = give_code(client, code_of(), **kept)

    assert asked.status_code == 200
    assert 'value="/customers/new"' in asked.content.decode()
    assert "The form you filled in has not been sent yet." in page.content.decode()
    assert is_in(client)


def test_without_the_password_there_is_nothing_to_enter_a_code_for(codes):
    assert give_code(Client(), code_of()).url == "/login/"


def test_a_password_counts_for_ten_minutes_and_not_once_it_was_changed(codes, ada):
    late, changed = Client(), Client()
    give_password(late), give_password(changed)
    session = late.session
    session["sign_in"] = {**session["sign_in"], "at": time.time() - 601}
    session.save()
    ada.set_password("another good one")
    ada.save()

    assert [give_code(client, code_of()).url for client in (late, changed)] == ["/login/", "/login/"]


# ---- guessing


def test_wrong_codes_count_as_wrong_passwords_do(codes, caplog):
    client = Client()
    give_password(client)
    statuses = []
    for _ in range(5):
        TOTPDevice.objects.update(throttling_failure_timestamp=None)
        statuses.append(give_code(client, "000000").status_code)
    fresh_try = give_code(client, code_of())

    assert statuses == [200, 200, 200, 200, 429]
    assert fresh_try.status_code == 429
    assert give_password(Client()).status_code == 429
    assert not is_in(client)
    assert [record.getMessage() for record in caplog.records if record.name == "handout.sign_in"][:4] == [
        "Sign-in refused from 127.0.0.1: wrong code, as 'ada'"
    ] * 4


def test_wrong_codes_from_many_addresses_are_slowed_down(codes, ada):
    for _ in range(8):
        TOTPDevice.objects.update(throttling_failure_timestamp=None)
        check_code(ada, "000000")

    checked = check_code(ada, code_of())

    assert checked.verdict is Verdict.WAIT
    assert 30 < (checked.until - timezone.now()).total_seconds() <= 128


def test_guessing_recovery_codes_is_slowed_down_on_its_own(codes, ada):
    for _ in range(8):
        StaticDevice.objects.update(throttling_failure_timestamp=None)
        check_code(ada, "aaaa-aaaa")

    assert check_code(ada, codes[0]).verdict is Verdict.WAIT
    assert check_code(ada, code_of()).verdict is Verdict.RIGHT


def test_no_code_and_no_key_is_logged(codes, caplog):
    caplog.set_level("DEBUG")
    client = Client()
    give_password(client)
    code = code_of(steps=5)

    give_code(client, code)

    assert code not in caplog.text
    assert KEY not in caplog.text


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
