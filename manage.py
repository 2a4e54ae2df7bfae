#!/usr/bin/env python
"""Handout's command line: `manage.py help` lists the commands."""

import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line

from config.environment import SettingRefused
from config.server.data_folder import DataFolderInUse
from config.server.embedded_postgres import DatabaseUnavailable, serving

# These look at no table, or (run) start the database themselves.
WITHOUT_DATABASE = {"run", "help", "version", "check", "collectstatic", "diffsettings", "findstatic", "startapp"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        settings.INSTALLED_APPS  # noqa: B018 - the first look reads them all
    except SettingRefused as problem:
        sys.exit(str(problem))
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command in WITHOUT_DATABASE or command.startswith("-") or not settings.EMBEDDED_DATABASE:
        execute_from_command_line(sys.argv)
        return
    try:
        # The server of `make run` beside us, or else one for as long as this command takes.
        with serving(settings.HANDOUT_DATA, say=lambda line: print(line, file=sys.stderr)):
            execute_from_command_line(sys.argv)
    except (DataFolderInUse, DatabaseUnavailable) as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
