"""manage.py reset_second_factor NAME: for someone who has lost phone and recovery codes when no Manager can help."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from config.actor import Actor
from config.staff.sign_in.second_factor import remove_second_factor
from config.staff.sign_in.sessions import end_sessions


class Command(BaseCommand):
    help = (
        "Removes a user's second factor and recovery codes, and ends their sessions. They then sign in with their password, "
        "and are asked to set up a new one if their role requires it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *, username: str, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if not user:
            raise CommandError(f"There is no user called {username!r}.")
        with transaction.atomic():
            removed = remove_second_factor(user, by=Actor("system", None, "Command line"))
            end_sessions(user)
        self.stdout.write(
            f"{username} now signs in with the password alone." if removed else f"{username} had no second factor."
        )
