"""Signing in with a second factor: a code is asked for at every door, works once, and cannot be guessed."""

import threading
import time

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from config.staff.models import AuditEntry
from config.staff.sign_in.second_factor import Verdict, check_code, set_up
from tests.config.staff.second_factor.authenticator import (
    KEY,
    code_of,
    give_code,
    give_password,
    is_in,
)

pytestmark = pytest.mark.django_db


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
