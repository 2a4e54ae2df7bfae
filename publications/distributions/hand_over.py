"""Hands messages over: to the mail server, by one connection that is kept, or to a webhook's address.

What matters is to know afterwards whether a message can have arrived. By SMTP it can from the moment when the server
has said 354 ("go ahead") until it has answered the message itself; when the connection dies in between, nobody knows.
"""

from __future__ import annotations

import json
import smtplib
from contextlib import suppress

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.smtp import EmailBackend

from publications.distributions.compose import Message
from publications.distributions.outcomes import SENT, Outcome, away, failed, later, to_be_mended, unknown
from publications.distributions.reasons import DeliveryReason, StatusReason
from publications.webhooks.deliver import deliver
from publications.webhooks.models import WebhookAddress
from publications.webhooks.sign import sign

GO_AHEAD = 354  # the server's answer to DATA


class _Traced(smtplib.SMTP):
    last_code = 0

    def getreply(self):
        reply = super().getreply()
        self.last_code = reply[0]
        return reply


class _TracedTLS(smtplib.SMTP_SSL):
    last_code = 0

    def getreply(self):
        reply = super().getreply()
        self.last_code = reply[0]
        return reply


class TracedBackend(EmailBackend):
    """Django's SMTP backend; its connection remembers the server's last word."""

    @property
    def connection_class(self):
        return _TracedTLS if self.use_ssl else _Traced


class WrittenEmail(EmailMultiAlternatives):
    """A message of a run whose bytes are made at once, and not by the backend when it is being sent."""

    delivery_id: int
    customer_id: int

    def __init__(self, message: Message, *, to: str, headers: dict[str, str]) -> None:
        """Raises ValueError where Django refuses the address or a header."""
        super().__init__(message.subject, message.text, settings.DEFAULT_FROM_EMAIL, [to], headers=headers)
        self.attach_alternative(message.html, "text/html")
        self._written = super().message()
        for_smtp = self._written.as_bytes(linesep="\r\n")  # type: ignore[call-arg]
        self._written.as_bytes = lambda *_, **__: for_smtp  # type: ignore[method-assign]

    def message(self, **_):
        return self._written


class MailServer:
    """`with MailServer() as server:` one connection, opened when it is needed and kept until the end.

    Where another backend of Django's is set, messages go through that; then all that is known of an error is that the
    message may have arrived.
    """

    def __init__(self) -> None:
        by_smtp = settings.EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend"
        self._backend = TracedBackend() if by_smtp else get_connection()

    def __enter__(self) -> MailServer:
        return self

    def __exit__(self, *_) -> None:
        self._hang_up()

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
            self._hang_up()
            outcome = self.ready() or self._send(message)
        if outcome is None:
            outcome = away(StatusReason.SERVER_HANGS_UP)
        if outcome.rest or outcome.state == "unknown":
            self._hang_up()
        return outcome

    def _send(self, message: WrittenEmail) -> Outcome | None:
        """None: the connection was lost before the message can have arrived."""
        try:
            self._backend.send_messages([message])
        except smtplib.SMTPRecipientsRefused as refused:
            return _refused(*next(iter(refused.recipients.values())))
        except smtplib.SMTPSenderRefused as refused:
            answer = f"{refused.smtp_code} {_text(refused.smtp_error)}"
            if refused.smtp_code < 500:
                return away(StatusReason.SERVER_BUSY, answer)
            return to_be_mended(StatusReason.SENDER_REFUSED, f"{settings.DEFAULT_FROM_EMAIL}, {answer}")
        except smtplib.SMTPResponseException as refused:
            return _refused(refused.smtp_code, refused.smtp_error)
        except smtplib.SMTPNotSupportedError:
            return failed(DeliveryReason.ADDRESS_NOT_TAKEN)
        except (UnicodeError, ValueError):  # Django refuses it, before anything is sent
            return failed(DeliveryReason.ADDRESS_INVALID)
        except OSError as problem:
            if not isinstance(self._backend, TracedBackend):
                return unknown(DeliveryReason.CONNECTION_LOST, str(problem))
            # `ready` has opened it, so Django does not close it here and what the server said last is still known.
            connection = self._backend.connection
            if connection is not None and getattr(connection, "last_code", GO_AHEAD) != GO_AHEAD:
                return None
            return unknown(DeliveryReason.CONNECTION_LOST)
        return SENT

    def _hang_up(self) -> None:
        with suppress(OSError):
            self._backend.close()


def _refused(code: int, answer: bytes | str) -> Outcome:
    text = f"{code} {_text(answer)}"
    if code < 400:  # no refusal, and not the 250 that means yes
        return unknown(DeliveryReason.UNCLEAR_ANSWER, text)
    if code == 421:  # "service not available, closing": meant for everybody
        return away(StatusReason.SERVER_BUSY, text)
    return failed(DeliveryReason.REFUSED, text) if code >= 500 else later(text)


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
