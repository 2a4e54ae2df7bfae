"""Settings from the environment, each refused by a line that says what to write instead of by a traceback.

No line repeats an address: it may hold a password.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

POSTGRES = {"postgres", "postgresql", "pgsql", "psql"}
PARTS = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class SettingRefused(ImproperlyConfigured):
    """The message is one line for the person at the terminal."""


class Environment(environ.Env):
    """A name that is set to nothing counts as one that is not set."""

    def int(self, name: str, default: Any = 0, *, least: Any = 0, most: Any = 2**31) -> Any:
        given = self.str(name, default="") or str(default)
        if not given.isdecimal() or not least <= (number := int(given)) <= most:
            limit = f"from {least} to {most}" if most < 2**31 else f"of {least} or more"
            raise SettingRefused(f"{name}={given}: must be a whole number {limit}.")
        return number

    def bool(self, name: str, default: Any = False) -> Any:
        given = self.str(name, default="").lower()
        if given in ("", *self.BOOLEAN_TRUE_STRINGS, "0", "false", "off", "no", "n"):
            return given in self.BOOLEAN_TRUE_STRINGS if given else default
        raise SettingRefused(f"{name}={given}: must be 1 or 0.")

    def level(self, name: str, default: str) -> str:
        given = (self.str(name, default="") or default).upper()
        if given not in LEVELS:
            raise SettingRefused(f"{name}={given}: must be one of {', '.join(LEVELS)}.")
        return given

    def db(self, name: str) -> Any:
        """Several hosts, as libpq takes them, are servers of which one is the primary: that one is wanted, unless the address
        says otherwise (target_session_attrs).
        """
        try:
            address = urlsplit(self.str(name))
            if "," in address.netloc:
                return self._several_hosts(name)
            if address.scheme in POSTGRES and address.path.strip("/") and address.port != 0:
                return super().db(name)
        except (ValueError, ImproperlyConfigured):
            pass
        raise SettingRefused(f"{name} is not a PostgreSQL address: write postgres://user:password@host:5432/name")

    def _several_hosts(self, name: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = conninfo_to_dict(self.str(name))
        except ProgrammingError:
            raise ValueError from None
        wanted = {key: found.pop(part, "") for key, part in PARTS.items()}
        if not wanted["NAME"] or "" in str(wanted["HOST"]).split(","):
            raise ValueError
        return wanted | {"OPTIONS": {"target_session_attrs": "read-write"} | found}

    def email(self, name: str) -> Any:
        try:
            address = urlsplit(self.str(name))
            if address.hostname or not address.scheme.startswith("smtp"):
                return super().email(name)
        except (ValueError, ImproperlyConfigured):
            pass
        raise SettingRefused(f"{name} is not a mail server address: write smtp+tls://user:password@host:587")

    def sites(self, name: str) -> list[str]:
        """How browsers call this server, separated by commas."""
        found = [each.rstrip("/") for each in self.list(name, default=[]) if each]
        for each in found:
            if not each.startswith(("http://", "https://")):
                raise SettingRefused(f"{name}={each}: write https://{each}")
        return found

    def folder(self, name: str, default: Path) -> Path:
        """Made where it is not yet."""
        path = Path(self.str(name, default="") or default).expanduser().resolve()
        try:
            path.mkdir(parents=True, exist_ok=True)
            problem = "" if os.access(path, os.R_OK | os.W_OK | os.X_OK) else "it cannot be written to"
        except FileExistsError:
            problem = "it is a file"
        except OSError as refused:
            problem = refused.strerror or str(refused)
        if problem:
            raise SettingRefused(
                f"The data folder {path} cannot be used ({problem}). Choose another: {name}=/another/folder"
            )
        return path
