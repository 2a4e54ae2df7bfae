"""Who tries passwords gets few tries, keeps nobody waiting, and leaves one line in the log for each."""

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, make_password
from django.test import Client

from config.asgi import aside
from config.processes.buffered_wsgi import ASIDE, ASIDE_WAITING, TOO_MANY_ASIDE, BufferedWSGI
from config.staff.sign_in import password_hasher
from config.staff.sign_in.password_hasher import AT_ONCE, TooManyPasswords
from tests.config.server.test_slow_clients import TOO_LATE, _collect, _never, _scope, _Small
from tests.support.factories import UserFactory

PASSWORD = "a long enough one"
DJANGOS_OWN = "pbkdf2_sha256$1000$salt$" + "RPTeQf03RBk4ZNXHS/THkhY4IkG56jqzEqUIHR53AFE="


@pytest.fixture
def ada(db):
    user = UserFactory(username="ada", role="Operator")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def quick(settings, monkeypatch):
    """A password a millisecond, behind a proxy that tells whose it is."""
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1000)
    settings.TRUSTED_PROXIES = 1


def sign_in(name, password, address="203.0.113.9"):
    return Client(headers={"X-Forwarded-For": address}).post("/login/", {"username": name, "password": password})


def test_one_password_for_many_names_is_refused_after_thirty(quick, ada):
    statuses = [sign_in(f"name-{number}", "Summer2026").status_code for number in range(32)]

    refused = sign_in("ada", PASSWORD)

    assert statuses == [200] * 30 + [429] * 2
    assert (refused.status_code, refused["Retry-After"]) == (429, "900")
    assert "Signing in failed too often from your network." in refused.content.decode()
    assert sign_in("ada", PASSWORD, address="203.0.113.10").status_code == 302


def test_the_addresses_of_one_ipv6_customer_count_together(quick, ada, settings):
    settings.SIGN_IN_FAILURES = 5
    for number in range(5):
        sign_in(f"name-{number}", "Summer2026", address=f"2001:db8:1:2::{number}")

    assert sign_in("ada", PASSWORD, address="2001:db8:1:2:ffff::1").status_code == 429
    assert sign_in("ada", PASSWORD, address="2001:db8:1:3::1").status_code == 302


def test_each_refusal_is_one_line_that_begins_with_the_address(quick, ada, caplog, settings):
    settings.SIGN_IN_FAILURES = 6
    for _ in range(6):
        sign_in("ada", "wrong")
    sign_in("x\n2026-01-01 Sign-in refused from 192.0.2.1: wrong password, as é" + "y" * 100, "wrong", "203.0.113.10")
    for number in range(2):
        sign_in(f"name-{number}", "wrong")

    lines = [record.getMessage() for record in caplog.records if record.name == "handout.sign_in"]

    assert lines == [
        *["Sign-in refused from 203.0.113.9: wrong password, as 'ada'"] * 5,
        "Sign-in refused from 203.0.113.9: too many failures of this name, as 'ada'",
        r"Sign-in refused from 203.0.113.10: wrong password, as "
        r"'x\n2026-01-01 Sign-in refused from 192.0.2.1: wrong password,'",
        "Sign-in refused from 203.0.113.9: wrong password, as 'name-0'",
        "Sign-in refused from 203.0.113.9: too many failures from this address, as 'name-1'",
    ]
    assert not [record for record in caplog.records if "\n" in record.getMessage()]


def test_two_passwords_are_hashed_at_once_and_no_more(monkeypatch):
    at_work, most, lock = 0, 0, threading.Lock()

    def slow(*args):
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.02)
        with lock:
            at_work -= 1
        return "hash"

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", slow)
    with ThreadPoolExecutor(12) as threads:
        assert list(threads.map(make_password, ["password"] * 12)) == ["hash"] * 12

    assert most == AT_ONCE


def test_a_password_whose_turn_does_not_come_is_told_on_a_page(ada, monkeypatch):
    monkeypatch.setattr(password_hasher, "PATIENCE", 0.01)
    client = Client()
    client.force_login(ada)
    own = {"old_password": PASSWORD, "new_password1": "another good one", "new_password2": "another good one"}
    for _ in range(AT_ONCE):
        password_hasher._turns.acquire()
    try:
        with pytest.raises(TooManyPasswords):
            make_password(PASSWORD)
        answers = [sign_in("ada", PASSWORD), sign_in("nobody", PASSWORD), client.post("/password/", own)]
    finally:
        for _ in range(AT_ONCE):
            password_hasher._turns.release()

    assert [(answer.status_code, answer["Retry-After"]) for answer in answers] == [(503, "5")] * 3
    assert all("Try again in a few seconds." in answer.content.decode() for answer in answers)


def test_passwords_that_django_hashed_keep_working():
    assert PBKDF2PasswordHasher().encode(PASSWORD, "salt", 1000) == DJANGOS_OWN
    assert check_password(PASSWORD, DJANGOS_OWN)
    assert not check_password("another", DJANGOS_OWN)


def test_signing_in_holds_none_of_the_threads_that_answer():
    """With one such thread: while passwords are being checked, and some wait for it, the others are answered."""
    go_on = threading.Event()

    def wsgi(environ, start_response):
        if environ["PATH_INFO"] == "/login/" and TOO_MANY_ASIDE not in environ:
            go_on.wait(60)
        start_response("503 Busy" if TOO_MANY_ASIDE in environ else "200 OK", [])
        return _Small()

    async def all_of_them():
        app = BufferedWSGI(
            wsgi, threads=1, patience=5, keep=lambda environ: 0, too_late=lambda environ: TOO_LATE, aside=aside
        )
        signing_in = [
            asyncio.create_task(app(_scope("/login/"), _never, _collect([]))) for _ in range(ASIDE + ASIDE_WAITING)
        ]
        await asyncio.sleep(0)
        one_too_many, other = [], []
        await app(_scope("/log%69n/"), _never, _collect(one_too_many))
        await app(_scope("/v1/customers"), _never, _collect(other))
        go_on.set()
        await asyncio.gather(*signing_in)
        return one_too_many[0]["status"], other[0]["status"]

    assert asyncio.run(all_of_them()) == (503, 200)


def test_one_sign_in_too_many_is_told_on_a_page(ada):
    answer = Client().post("/login/", {"username": "ada", "password": PASSWORD}, **{TOO_MANY_ASIDE: "1"})

    assert answer.status_code == 503


def test_logging_lists_no_password(quick, ada, caplog):
    caplog.set_level(logging.DEBUG)
    sign_in("ada", "a secret that is wrong")

    assert "a secret that is wrong" not in caplog.text
