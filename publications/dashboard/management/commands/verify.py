from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from publications.dashboard.verify import SHOWN, Finding, broken_rows, verify
from publications.distributions.invariants import what_waits_for_a_person


class Command(BaseCommand):
    help = (
        "Checks every invariant over the whole database, lists the rows that break one, and exits non-zero if any do."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help=f"name all broken rows, not only the first {SHOWN}")
        parser.add_argument("--json", action="store_true", help="a line of JSON for each invariant")

    def handle(self, **options: Any) -> None:
        tell = self.tell_json if options["json"] else self.tell
        broken = 0
        for finding in verify():
            tell(finding, every=options["all"])
            broken += bool(finding.violations)
        for note in what_waits_for_a_person():
            self.stdout.write(_json({"look": note}) if options["json"] else f"look    {note}")
        if broken:
            raise CommandError(f"{broken} {'invariant is' if broken == 1 else 'invariants are'} broken.")

    def tell(self, finding: Finding, *, every: bool) -> None:
        state = "ok    " if not finding.violations else "BROKEN"
        line = f"{state}  {finding.name}: {finding.examined:,} examined, {finding.violations:,} broken"
        self.stdout.write(line if not finding.violations else self.style.ERROR(line))
        if not finding.violations:
            return
        named = 0
        for row in broken_rows(finding.invariant, every=every):
            self.stdout.write(f"        {row}")
            named += 1
        if (more := finding.violations - named) > 0 and not every:
            self.stdout.write(f"        and {more:,} more; --all names them")

    def tell_json(self, finding: Finding, *, every: bool) -> None:
        """Written piece by piece: there may be millions of rows."""
        told = {"invariant": finding.name, "examined": finding.examined, "broken": finding.violations}
        self.stdout.write(_json(told)[:-1] + ', "rows": [', ending="")
        if finding.violations:
            for number, row in enumerate(broken_rows(finding.invariant, every=every)):
                self.stdout.write((", " if number else "") + _json(row), ending="")
        self.stdout.write("]}")


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False)
