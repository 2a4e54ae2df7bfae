"""A mail server: a real SMTP server (aiosmtpd) that fails on purpose.

    with MailServer() as server:                 # accepts everything
        server.answers["bob@example.com"] = ["450 Try again", "250 OK"]
        ...
        server.messages[0]["To"]

What it says of a recipient, one word for each attempt, the last for ever: a line "550 ..." at RCPT, or at the end of the
message ("DATA 550 ..."), or "die early" (it hangs up at RCPT), "die" (in the middle of the message, when it has all of
it), "take and die" (it keeps the message, and then hangs up without a word).

`server.breaks_at` makes it hang up on everybody, at "banner", "MAIL", "RCPT", "DATA" (after its 354), "body" (when some
of it has come) or "dot" (it keeps the message).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

OK = "250 OK"


class MailServer:
    def __init__(self, *, tls: ssl.SSLContext | None = None, starttls: bool = False) -> None:
        self.messages: list[EmailMessage] = []
        self.raw: list[bytes] = []  # the same as they came
        self.answers: dict[str, list[str]] = {}
        self.delay = 0.0
        self.holds = False  # says of no message what becomes of it, until this is False again
        self.breaks_at = ""
        self.in_the_middle = ""  # what it says right behind its 354
        self.greeting = ""  # "421 Busy": instead of taking anybody's mail
        self.connections = 0
        self.at_once = self.most_at_once = 0  # messages, of which it has not yet said what becomes of them
        self.hang_up_after = 0  # messages; then it closes the connection, as servers do
        self._lock = threading.Lock()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        how = {"tls_context": tls} if starttls else {"ssl_context": tls}
        self._controller = _Controller(self, hostname="127.0.0.1", port=self.port, **how)

    def __enter__(self) -> MailServer:
        self._controller.start()
        return self

    def __exit__(self, *_) -> None:
        self._controller.stop()

    def to(self, address: str) -> list[EmailMessage]:
        return [message for message in self.messages if message["To"] == address]

    def _say(self, address: str) -> str:
        with self._lock:
            answers = self.answers.get(address, [OK])
            return answers.pop(0) if len(answers) > 1 else answers[0]

    async def handle_EHLO(self, server: SMTP, session, envelope, hostname, responses):
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server: SMTP, session, envelope, address, options):
        if self.greeting:
            return self.greeting
        if self.breaks_at == "MAIL" or getattr(session, "is_over", False):
            server.transport.close()
        envelope.mail_from = address
        return OK

    async def handle_RCPT(self, server: SMTP, session, envelope, address, options):
        answer = self._say(address)
        if answer == "die early" or self.breaks_at == "RCPT":
            server.transport.close()
            return OK
        if answer[:1] in "45":
            return answer
        envelope.at_the_end = answer
        envelope.rcpt_tos.append(address)
        return OK

    async def handle_DATA(self, server: SMTP, session, envelope):
        answer = "take and die" if self.breaks_at == "dot" else envelope.at_the_end
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.delay)
        while self.holds:
            await asyncio.sleep(0.02)
        self.at_once -= 1
        if answer.startswith("DATA "):
            return answer.removeprefix("DATA ")
        if answer != "die":
            with self._lock:
                self.raw.append(envelope.content)
                self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        if answer in ("die", "take and die"):
            server.transport.close()
        elif self.hang_up_after and len(self.messages) % self.hang_up_after == 0:
            # Between two messages, however soon the next one begins: else it would be a race whether that arrives.
            session.is_over = True
            server.loop.call_later(0.05, server.transport.close)
        return OK


class _Protocol(SMTP):
    in_message = False

    def connection_made(self, transport):
        super().connection_made(transport)
        if self.event_handler.breaks_at == "banner":
            transport.close()

    async def push(self, status):
        self.in_message = status[:3] in (b"354", "354")
        if self.in_message and self.event_handler.in_the_middle:
            status = f"{status}\r\n{self.event_handler.in_the_middle}"
        if self.in_message and self.event_handler.breaks_at == "DATA":
            # So that the end of the connection is in the same packet: else it is a race whether the client sees it.
            self.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
            await super().push(status)
            self.transport.close()
        else:
            await super().push(status)

    def data_received(self, data):
        if self.in_message and self.event_handler.breaks_at == "body":
            self.transport.abort()
        else:
            super().data_received(data)


class _Controller(Controller):
    def factory(self):
        return _Protocol(self.handler, **self.SMTP_kwargs)
