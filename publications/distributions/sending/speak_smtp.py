"""SMTP connections that know whether the server can have a message, and that wait long only where that is right.

A server has a message once it has seen the dot that ends it (RFC 5321, 4.1.1.4). Whatever breaks before has certainly
not arrived; from the dot until the server's answer nobody knows. So that answer gets ten minutes (4.5.3.2.6): whoever
hangs up on a server that is still filtering the message makes it unknown for nothing.
"""

from __future__ import annotations

import re
import select
import smtplib
import socket
import ssl
from io import BufferedReader
from typing import Any, cast

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend

GO_AHEAD = 354  # the answer to DATA
END_OF_MESSAGE = b".\r\n"
DOT_AT_THE_BEGINNING = re.compile(rb"(?m)^\.")


class _KnowsTheDot(smtplib.SMTP):
    dot_sent = False  # of the message that was handed over last

    def connect(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        reply = super().connect(*args, **kwargs)
        # The dot goes by itself. Without this it waits for the rest of the message to be acknowledged, some 40 ms.
        self._wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return reply

    def sendmail(self, *args: Any, **kwargs: Any) -> dict[str, tuple[int, bytes]]:
        self.dot_sent = False
        return super().sendmail(*args, **kwargs)

    def data(self, msg: Any) -> tuple[int, bytes]:
        """As smtplib's own, for bytes whose lines end in CRLF, but the dot is sent and remembered by itself."""
        code, reply = self.docmd("data")
        if code != GO_AHEAD:
            raise smtplib.SMTPDataError(code, reply)
        text = DOT_AT_THE_BEGINNING.sub(b"..", msg)
        self.send(text if text.endswith(b"\r\n") else text + b"\r\n")
        if self._has_spoken():
            code, reply = self.getreply()  # raises SMTPServerDisconnected where it hung up
            self.close()  # it is in the middle of a message
            raise smtplib.SMTPDataError(code, reply)
        self.dot_sent = True
        self._wire.settimeout(settings.EMAIL_ANSWER_TIMEOUT)
        try:
            self.send(END_OF_MESSAGE)
            return self.getreply()
        finally:
            if self.sock:
                self.sock.settimeout(self.timeout)

    @property
    def _wire(self) -> socket.socket:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("The connection is closed")
        return self.sock

    def _has_spoken(self) -> bool:
        """Whether the server has something to say, or has hung up, before the message has ended. Waits for nothing."""
        wire, heard = self._wire, cast("BufferedReader", self.file)
        wire.settimeout(0)
        try:
            if heard.peek(1):
                return True
        except ssl.SSLWantReadError:
            return False
        except OSError:
            return True
        finally:
            wire.settimeout(self.timeout)
        # Nothing came. Over TLS that is the end; else it is only where the socket is readable.
        if isinstance(wire, ssl.SSLSocket):
            return True
        poll = select.poll()
        poll.register(wire, select.POLLIN)
        return bool(poll.poll(0))


class _KnowsTheDotByTLS(_KnowsTheDot, smtplib.SMTP_SSL):
    pass


class SmtpBackend(EmailBackend):
    """Django's, by such a connection."""

    @property
    def connection_class(self) -> type[_KnowsTheDot] | type[_KnowsTheDotByTLS]:
        return _KnowsTheDotByTLS if self.use_ssl else _KnowsTheDot

    @property
    def dot_sent(self) -> bool:
        """Whether the message that was handed over last can have arrived."""
        return self.connection is not None and cast("_KnowsTheDot", self.connection).dot_sent
