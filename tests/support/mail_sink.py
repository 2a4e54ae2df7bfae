"""A mail server that takes everything, in a process of its own: it lives on when everything else is killed.

    python -m tests.support.mail_sink FOLDER     writes FOLDER/port, then a line "address code" for each message to FOLDER/mails,
                                         and its Message-ID to FOLDER/log, as a mail server's log names it

The line is written before the message is acknowledged. So whatever the sender learns of it: it is counted here.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from aiosmtpd.controller import Controller

from config.processes.die_with_parent import die_with_parent
from tests.support.root import ROOT

CODE = re.compile(rb"code: (\S+)")
MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


class Sink:
    """As its user sees it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{(self.folder / 'port').read_text()}"

    def count(self) -> int:
        return self._read().count(b"\n")

    def mails(self) -> list[tuple[str, str]]:
        """[(address, code), …]"""
        return [tuple(line.split(" ")) for line in self._read().decode().splitlines()]

    def most_to_one(self) -> int:
        return max(Counter(address for address, _ in self.mails()).values(), default=0)

    def _read(self) -> bytes:
        return (self.folder / "mails").read_bytes()


@contextmanager
def mail_sink(folder: Path):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mails").touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.mail_sink", str(folder)], cwd=ROOT, preexec_fn=die_with_parent
    )
    try:
        give_up = time.monotonic() + 30
        while not (folder / "port").exists():
            assert process.poll() is None and time.monotonic() < give_up, "the sink did not start"
            time.sleep(0.05)
        yield Sink(folder)
    finally:
        process.kill()
        process.wait()


class Handler:
    def __init__(self, path: Path) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_APPEND)
        self.log = os.open(path.with_name("log"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    async def handle_DATA(self, server, session, envelope):
        found = CODE.search(envelope.content)
        code = found[1] if found else b"-"
        if named := MESSAGE_ID.search(envelope.content):
            os.write(self.log, b"message-id=" + named[1] + b"\n")
        os.write(self.file, envelope.rcpt_tos[0].encode() + b" " + code + b"\n")
        return "250 OK"


def main() -> None:
    folder = Path(sys.argv[1])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(Handler(folder / "mails"), hostname="127.0.0.1", port=port)
    controller.start()
    (folder / "port.new").write_text(str(port))
    (folder / "port.new").rename(folder / "port")
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
