from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from publications.dashboard.demo.load_demo import NotEmpty, load_demo


class Command(BaseCommand):
    help = "Fills an empty database with demo campaigns, customers and publications."

    def handle(self, **options: Any) -> None:
        try:
            load_demo()
        except NotEmpty as problem:
            raise CommandError(str(problem)) from None
