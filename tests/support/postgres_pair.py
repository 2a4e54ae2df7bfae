"""A primary and its streaming standby, of the PostgreSQL that comes with Handout, on two TCP ports of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psycopg

from config.server.embedded_postgres import _environment, _processes_of, binary
from config.server.postgres_account import Account
from tests.support.running_handout import _free_port


class Node:
    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, _free_port()
        self.account = Account.of(folder)

    def run(self, program: str, *arguments: str) -> None:
        command = self.account.command(binary(program), *arguments, reaching=self.folder)
        subprocess.run(command, check=True, capture_output=True, cwd="/", env=_environment())

    def start(self, **settings: str) -> None:
        settings = {"port": str(self.port), "listen_addresses": "127.0.0.1", "unix_socket_directories": ""} | settings
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.process = subprocess.Popen(
            self.account.command(binary("postgres"), "-D", str(self.folder), *options, reaching=self.folder),
            cwd="/", env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=self.account.before_exec(),
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while True:
            try:
                return self.execute("SELECT 1") and None
            except psycopg.OperationalError:
                assert self.process.poll() is None and time.monotonic() < deadline
                time.sleep(0.1)

    def execute(self, statement: str) -> list[tuple]:
        with self.connect("postgres") as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def connect(self, database: str = "handout") -> psycopg.Connection:
        return psycopg.connect(host="127.0.0.1", port=self.port, user="handout", dbname=database, autocommit=True)

    def kill(self) -> None:
        """As a machine that loses its power: the server and all of its processes in one moment."""
        for pid in _processes_of(self.folder):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


class Pair:
    """`with Pair(folder, synchronous=True) as pair:` has `pair.primary`, `pair.standby` and one `pair.address` of both."""

    def __init__(self, folder: Path, *, synchronous: bool) -> None:
        for step in [folder, *folder.parents][:2]:
            step.chmod(0o755)  # PostgreSQL runs as a user of its own where we are root
        self.primary, self.standby = Node(folder / "first"), Node(folder / "second")
        self.synchronous = synchronous
        ports = (self.primary.port, self.standby.port)
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        self.address = f"postgres://handout@{hosts}/handout?target_session_attrs=read-write"

    def __enter__(self) -> Pair:
        for node in (self.primary, self.standby):
            node.folder.mkdir(mode=0o700)
            node.account.own(node.folder)
        self.primary.run(
            "initdb",
            "-D",
            str(self.primary.folder),
            "--username=handout",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
        )
        self.primary.start()
        self.primary.execute("CREATE DATABASE handout")
        source = ["-h", "127.0.0.1", "-p", str(self.primary.port), "-U", "handout"]
        self.standby.run("pg_basebackup", *source, "-D", str(self.standby.folder), "-R", "-X", "stream", "-c", "fast")
        self.standby.start()
        if self.synchronous:
            self.primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            self.primary.execute("SELECT pg_reload_conf()")
            while self.primary.execute("SELECT sync_state FROM pg_stat_replication") != [("sync",)]:
                time.sleep(0.1)
        return self

    def __exit__(self, *error) -> None:
        for node in (self.primary, self.standby):
            if node.process.poll() is None:
                node.kill()

    def leave_behind(self, seconds: float) -> None:
        """From now on nothing reaches the standby; returns so much later."""
        self.standby.execute("ALTER SYSTEM SET primary_conninfo = ''")
        self.standby.execute("SELECT pg_reload_conf()")
        time.sleep(seconds)

    def fail_over(self) -> None:
        self.primary.kill()
        self.standby.execute("SELECT pg_promote()")
