"""A mail server: a real SMTP server (aiosmtpd) that fails on purpose.

    with MailServer() as server:                 # accepts everything
        server.answers["bob@example.com"] = ["450 Try again", "250 OK"]
        ...
        server.messages[0]["To"]

What it says of a recipient, one word for each attempt, the last for ever: a line "550 ..." at RCPT, or at the end of the
message ("DATA 550 ..."), or "die early" (it hangs up at RCPT), "die" (in the middle of the message, when it has all of
it), "take and die" (it keeps the message, and then hangs up without a word).
"""

from __future__ import annotations

import socket
import threading
import time
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

OK = "250 OK"


class MailServer:
    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.answers: dict[str, list[str]] = {}
        self.delay = 0.0
        self.greeting = ""  # "421 Busy": instead of taking anybody's mail
        self.connections = 0
        self.hang_up_after = 0  # messages; then it closes the connection, as servers do
        self._lock = threading.Lock()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

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
        envelope.mail_from = address
        return OK

    async def handle_RCPT(self, server: SMTP, session, envelope, address, options):
        answer = self._say(address)
        if answer == "die early":
            server.transport.close()
            return OK
        if answer[:1] in "45":
            return answer
        envelope.at_the_end = answer
        envelope.rcpt_tos.append(address)
        return OK

    async def handle_DATA(self, server: SMTP, session, envelope):
        answer = envelope.at_the_end
        if self.delay:
            time.sleep(self.delay)
        if answer.startswith("DATA "):
            return answer.removeprefix("DATA ")
        if answer != "die":
            with self._lock:
                self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        if answer in ("die", "take and die"):
            server.transport.close()
        elif self.hang_up_after and len(self.messages) % self.hang_up_after == 0:
            server.loop.call_later(0.05, server.transport.close)
        return OK
