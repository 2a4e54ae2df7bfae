"""Hands messages over: to the mail server, by one connection that is kept, or to a webhook's address.

What matters is to know afterwards whether a message can have arrived. By SMTP it can from the dot that ends it until the
server's answer (speak_smtp.py), by HTTP from the end of the request until the status; what breaks in between is unknown.
"""

from __future__ import annotations

import json
import re
import secrets
import smtplib
from contextlib import suppress
from email.message import EmailMessage
from email.policy import Compat32
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from publications.distributions.compose import Message
from publications.distributions.reasons import DeliveryReason, StatusReason
from publications.distributions.sending.outcomes import KEPT, SENT, Outcome, away, failed, later, to_be_mended, unknown
from publications.distributions.sending.speak_smtp import SmtpBackend
from publications.distributions.sending.stored_email_backend import KeepMessages
from publications.webhooks.actions.deliver import deliver
from publications.webhooks.models import WebhookAddress
from publications.webhooks.sign import sign

# Longer than for an event, which is simply sent again: whoever hangs up too early makes the message unknown.
WEBHOOK_SECONDS = 60

# Not of encoded words: a line of those has 76 characters at most (RFC 2047), the header's name included.
ONE_LINE = re.compile(r"[!-~]+(?: [!-~]+)*")  # ASCII, its words parted by one space
EMPTY_FIRST_LINE = re.compile(rb"\A([^:\s]+:) *\r?\n[ \t](?!=\?)")


class _HeadersBeginAtOnce(Compat32):
    """Does not break a header's line before its first word: mail programs have been seen to take such a
    `List-Unsubscribe`, whose address is one long word, for an empty one.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        # What fits into one line needs no folding, which takes a third of the time of a whole message.
        if isinstance(value, str) and len(name) + len(value) < 76 and ONE_LINE.fullmatch(value):
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return EMPTY_FIRST_LINE.sub(rb"\1 ", super().fold_binary(name, value))


class WrittenEmail(EmailMultiAlternatives):
    """A message of a run whose bytes are made at once, and not by the backend when it is being sent."""

    delivery_id: int
    customer_id: int

    def __init__(self, message: Message, *, to: str, headers: dict[str, str]) -> None:
        """Raises ValueError where Django refuses the address or a header."""
        super().__init__(message.subject, message.text, settings.DEFAULT_FROM_EMAIL, [to], headers=headers)
        self.attach_alternative(message.html, "text/html")
        self._written = super().message()
        self._written.policy = _HeadersBeginAtOnce()
        # Else one is made by looking for it in all of the text. This one stands in no text.
        self._written.set_boundary(f"==={secrets.token_hex(16)}===")
        for_smtp = self._written.as_bytes(linesep="\r\n")  # type: ignore[call-arg]
        self._written.as_bytes = lambda *_, **__: for_smtp  # type: ignore[method-assign]

    def message(self, **_: Any) -> EmailMessage:
        return self._written


class MailServer:
    """One connection, opened when it is needed and kept until `hang_up`.

    Where another backend of Django's is set, messages go through that; then all that is known of an error is that the
    message may have arrived.
    """

    def __init__(self) -> None:
        self.by_smtp = settings.EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend"
        self._backend = SmtpBackend() if self.by_smtp else get_connection()

    def ready(self) -> Outcome | None:
        """None where a connection stands; else why there is none. Ask before a message is claimed."""
        try:
            self._backend.open()
        except smtplib.SMTPResponseException as refused:
            answer = f"{refused.smtp_code} {_text(refused.smtp_error)}"
            if refused.smtp_code >= 500:
                return to_be_mended(StatusReason.SERVER_REFUSES, answer)
            return away(StatusReason.SERVER_BUSY, answer)
        except smtplib.SMTPNotSupportedError as problem:
            return to_be_mended(StatusReason.SERVER_CANNOT, str(problem))
        except OSError as problem:  # smtplib's own errors, too
            return away(StatusReason.SERVER_AWAY, problem.strerror or str(problem))
        return None

    def send(self, message: WrittenEmail) -> Outcome:
        """Once. A connection that the server has closed between two messages is replaced, since nothing was sent by it."""
        outcome = self.ready() or self._send(message)
        if outcome is None:
            self.hang_up()
            outcome = self.ready() or self._send(message)
        if outcome is None:
            outcome = away(StatusReason.SERVER_HANGS_UP)
        if outcome.rest or outcome.state == "unknown":
            self.hang_up()
        return outcome

    def _send(self, message: WrittenEmail) -> Outcome | None:
        """None: the connection was lost before the message can have arrived."""
        try:
            self._backend.send_messages([message])
        except smtplib.SMTPRecipientsRefused as refused:
            return self._refused(*next(iter(refused.recipients.values())))
        except smtplib.SMTPSenderRefused as refused:
            answer = f"{refused.smtp_code} {_text(refused.smtp_error)}"
            if refused.smtp_code < 500:
                return away(StatusReason.SERVER_BUSY, answer)
            return to_be_mended(StatusReason.SENDER_REFUSED, f"{settings.DEFAULT_FROM_EMAIL}, {answer}")
        except smtplib.SMTPDataError as refused:
            return self._refused(refused.smtp_code, refused.smtp_error)
        except smtplib.SMTPNotSupportedError:
            return failed(DeliveryReason.ADDRESS_NOT_TAKEN)
        except (UnicodeError, ValueError):  # Django refuses it, before anything is sent
            return failed(DeliveryReason.ADDRESS_INVALID)
        except OSError as problem:  # also an answer that is none
            if not isinstance(self._backend, SmtpBackend):
                return unknown(DeliveryReason.CONNECTION_LOST, str(problem))
            if not self._may_have_arrived:
                return None
            return unknown(DeliveryReason.CONNECTION_LOST)
        return KEPT if isinstance(self._backend, KeepMessages) else SENT

    @property
    def _may_have_arrived(self) -> bool:
        """`ready` has opened the connection, so Django does not close it after an error, and what was sent is known."""
        return not isinstance(self._backend, SmtpBackend) or self._backend.dot_sent

    def _refused(self, code: int, answer: bytes | str) -> Outcome:
        text = f"{code} {_text(answer)}"
        if code < 400:  # no refusal, and not the 250 that means yes
            return unknown(DeliveryReason.UNCLEAR_ANSWER, text) if self._may_have_arrived else later(text)
        if code == 421:  # "service not available, closing": meant for everybody
            return away(StatusReason.SERVER_BUSY, text)
        return failed(DeliveryReason.REFUSED, text) if code >= 500 else later(text)

    def hang_up(self) -> None:
        with suppress(OSError):
            self._backend.close()


def _text(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(text.replace("\0", " ").split())[:250]


def post_message(address: WebhookAddress, body: dict, *, delivery_id: int, attempt: int) -> Outcome:
    """POSTs one message to a webhook, signed as all are. The same `x-handout-delivery-id` at each attempt."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    answer = deliver(
        address.url,
        text,
        headers={
            "Content-Type": "application/json",
            "User-Agent": "Handout",
            "X-Voucherify-Signature": sign(text, secret=address.secret),
            "X-Handout-Event": "distribution.message",
            "X-Handout-Delivery-Id": str(delivery_id),
            "X-Handout-Attempt": str(attempt),
        },
        seconds=WEBHOOK_SECONDS,
    )
    if answer.delivered:
        return SENT
    if answer.status is None:
        if answer.reached:
            return unknown(DeliveryReason.UNCLEAR_ANSWER, answer.error)
        return away(StatusReason.WEBHOOK_AWAY, answer.error)
    if answer.status == 429 or answer.status >= 500:
        return later(answer.error)
    return failed(DeliveryReason.REFUSED_BY_WEBHOOK, answer.error)
