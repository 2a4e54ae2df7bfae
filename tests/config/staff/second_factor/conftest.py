"""Ada, a Manager, and her second factor."""

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from config.staff.sign_in.second_factor import set_up
from tests.config.staff.second_factor.authenticator import KEY, PASSWORD, code_of, fresh
from tests.support.factories import UserFactory


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
