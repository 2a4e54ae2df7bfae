"""manage.py create_api_key "name": creates an API key and prints its id and token, once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.actor import Actor
from config.api.actions.create_api_key import create_api_key
from config.api.limits.networks import NetworkRefused, networks_of
from config.api.models import ApiKey


class Command(BaseCommand):
    help = "Creates an API key and prints its id and token. The token is shown only once and stored as a hash."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help='what the key is for, such as "web shop"')
        parser.add_argument("--scope", choices=ApiKey.Scope.values, default=ApiKey.Scope.ALL.value)
        parser.add_argument(
            "--integrations",
            action="store_true",
            help="let the key publish codes by GET /v1/publications/create",
        )
        parser.add_argument("--expires", type=int, metavar="DAYS", help="number of days after which the key expires")
        parser.add_argument(
            "--network",
            action="append",
            default=[],
            metavar="CIDR",
            help="a network the key may be used from, such as 203.0.113.0/24; may be repeated",
        )
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="print one JSON object, for scripts")
        form.add_argument(
            "--shell",
            action="store_true",
            help="print a line that sets APP_ID and APP_TOKEN, as the examples name them",
        )

    def handle(self, *, name: str, scope: str, integrations: bool, json: bool, shell: bool, **options: Any) -> None:
        days = options["expires"]
        if days is not None and not 1 <= days <= 3650:
            raise CommandError("--expires must be from 1 to 3650 days.")
        try:
            networks = networks_of(options["network"])
        except NetworkRefused as refused:
            raise CommandError(str(refused)) from None
        name = name.strip()
        if not 1 <= len(name) <= 100 or "\x00" in name:
            raise CommandError("A key's name must have 1 to 100 characters.")
        key, token = create_api_key(
            name,
            scope=scope,
            for_integrations=integrations,
            expires_at=timezone.now() + timedelta(days=days) if days else None,
            networks=networks,
            by=Actor("system", None, "Command line"),
        )
        if json:
            self.stdout.write(_as_json(key, token))
        elif shell:
            self.stdout.write(f"export APP_ID={key.app_id} APP_TOKEN={token}")
        else:
            self.stdout.write(f"X-App-Id:    {key.app_id}\nX-App-Token: {token}\n")
            self.stdout.write("Copy the token now: it is not shown again.")


def _as_json(key: ApiKey, token: str) -> str:
    return json.dumps(
        {
            "name": key.name,
            "scope": key.scope,
            "for_integrations": key.for_integrations,
            "id": str(key.app_id),
            "token": token,
        }
    )
