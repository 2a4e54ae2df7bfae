"""Sends one person a test message, to check whether alerts reach them by e-mail."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage


class CannotTest(Exception):
    """The message says why, and what to do."""


def send_test(user: User) -> str:
    """The address for which the mail server accepted it. Raises CannotTest."""
    if not settings.EMAIL_IS_SENT:
        raise CannotTest("E-mail is not set up, so alerts appear only here. Set EMAIL_URL (docs/operations.md).")
    if not user.email:
        raise CannotTest("Your account has no e-mail address. Ask a Manager to add one under Users & roles.")
    text = "This is a test: alerts from Handout reach you at this address.\n"
    try:
        EmailMessage("Handout: test alert", text, to=[user.email]).send()
    except (OSError, ValueError) as problem:  # smtplib's errors are OSErrors
        raise CannotTest(f"The test was not sent. The mail server answered: {problem}") from None
    return user.email
