"""The second factor: codes of an authenticator app, and recovery codes for when it is lost (ADR 0038).

django-otp keeps the devices, refuses a code that was used before and makes guessing slower with each failure. A device is
locked while a code is checked, so that the same code that comes twice at once lets in once.
"""

from __future__ import annotations

import time
from base64 import b32encode
from binascii import unhexlify
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.crypto import salted_hmac
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from config.actor import Actor
from config.staff.audit import record

RECOVERY_CODES = 10
DIGITS = 6


class Verdict(Enum):
    RIGHT = auto()
    WRONG = auto()
    WAIT = auto()  # after failures, each longer than the last


class Checked(NamedTuple):
    verdict: Verdict
    until: datetime | None = None  # of WAIT
    recovery_codes_left: int | None = None  # where one was used


class WrongCode(Exception):
    """This is not the code that the app shows for this key now."""


def has_second_factor(user: User) -> bool:
    return TOTPDevice.objects.filter(user=user, confirmed=True).exists()


def recovery_codes_left(user: User) -> int:
    return StaticToken.objects.filter(device__user=user).count()


def check_code(user: User, code: str) -> Checked:
    """Six digits are the app's, anything else is a recovery code; blanks and dashes do not matter."""
    code = "".join(code.split()).replace("-", "").lower()
    by_app = code.isdecimal() and len(code) == DIGITS
    with transaction.atomic():
        model = TOTPDevice if by_app else StaticDevice
        device = model.objects.select_for_update().filter(user=user, confirmed=True).first()
        if not device:
            return Checked(Verdict.WRONG)
        allowed, why = device.verify_is_allowed()
        if not allowed:
            return Checked(Verdict.WAIT, until=why["locked_until"])
        if not device.verify_token(code if by_app else _kept(code)):
            return Checked(Verdict.WRONG)
        if by_app:
            return Checked(Verdict.RIGHT)
        left = device.token_set.count()
        record("user.recovery_code_used", by=Actor.user(user), object_id=_id(user), object_label=str(user), left=left)
        return Checked(Verdict.RIGHT, recovery_codes_left=left)


def set_up(user: User, *, key: str, code: str) -> list[str]:
    """Takes the app that shows `code` for `key` (hexadecimal) as the second factor, in place of any before.

    Answers with new recovery codes, which are nowhere to be read again, or none where this very app is set up already: the
    form was sent twice. Raises WrongCode.
    """
    now = TOTP(unhexlify(key.encode()), digits=DIGITS)
    now.time = time.time()
    digits = "".join(code.split())
    if not (digits.isdecimal() and len(digits) == DIGITS and now.verify(int(digits), tolerance=1)):
        raise WrongCode
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if TOTPDevice.objects.filter(user=user, key=key).exists():
            return []
        TOTPDevice.objects.filter(user=user).delete()
        # The code that set it up lets nobody in.
        TOTPDevice.objects.create(user=user, name="Authenticator app", key=key, last_t=now.t())
        codes = _draw_recovery_codes(user)
        record("user.second_factor_set_up", by=Actor.user(user), object_id=_id(user), object_label=str(user))
    return codes


def new_recovery_codes(user: User) -> list[str]:
    """The old ones end."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        codes = _draw_recovery_codes(user)
        record("user.recovery_codes_drawn", by=Actor.user(user), object_id=_id(user), object_label=str(user))
    return codes


def remove_second_factor(user: User, *, by: Actor) -> bool:
    """Whether there was one. Whoever removes somebody else's ends their sessions as well (`end_sessions`)."""
    with transaction.atomic():
        removed, _ = TOTPDevice.objects.filter(user=user).delete()
        StaticDevice.objects.filter(user=user).delete()
        if removed:
            record("user.second_factor_removed", by=by, object_id=_id(user), object_label=str(user))
    return bool(removed)


def _draw_recovery_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="Recovery codes")
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=_kept(code)) for code in codes)
    return [f"{code[:4]}-{code[4:]}" for code in codes]


def _kept(code: str) -> str:
    """Instead of the code, 80 bits that only the secret key leads to: a copy of the database holds no way in."""
    return b32encode(salted_hmac("handout.recovery_code", code, algorithm="sha256").digest()[:10]).decode()


def _id(user: User) -> str:
    return f"user_{user.pk}"
