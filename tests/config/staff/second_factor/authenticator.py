"""Somebody with a second factor, and the codes that their app shows."""

import time

from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

PASSWORD = "a long enough one"
KEY = "3132333435363738393031323334353637383930"


def code_of(key=KEY, steps=0):
    """What the app shows now, or in so many steps of half a minute."""
    totp = TOTP(bytes.fromhex(key))
    totp.time = time.time() + 30 * steps
    return f"{totp.token():06}"


def fresh(user):
    """The app's code may be shown again: as if it was set up, or used, a while ago."""
    TOTPDevice.objects.filter(user=user).update(last_t=-1)


def give_password(client, **more):
    return client.post("/login/", {"username": "ada", "password": PASSWORD, **more})


def give_code(client, code, **more):
    return client.post("/login/code/", {"second_factor_code": code, **more})


def is_in(client):
    return "_auth_user_id" in client.session
