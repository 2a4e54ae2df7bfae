"""Sends a test message, to see whether e-mail leaves the house."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage

from config.actor import Actor
from config.staff.audit import record

TEXT = "This is a test: Handout can send e-mail.\n\nTo see whether mailboxes trust it, look at the original message: SPF, DKIM and DMARC should say PASS.\n"


class NotSent(Exception):
    """The message says why, and what to do."""


def send_test_email(address: str, *, by: Actor) -> None:
    """Returns once the mail server has taken it, which does not mean that it arrives. Raises NotSent."""
    if not settings.EMAIL_IS_SENT:
        raise NotSent("E-mail is not set up. Set EMAIL_URL and restart Handout.")
    try:
        EmailMessage("Handout: test message", TEXT, to=[address]).send()
    except (OSError, ValueError) as problem:  # smtplib's errors are OSErrors
        raise NotSent(f"The test was not sent. The mail server answered: {problem}") from None
    record("email.tested", by=by)
