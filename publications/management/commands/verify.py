from django.core.management.base import BaseCommand, CommandError

from publications.distributions.what_must_hold import what_waits_for_a_person
from publications.verify import verify


class Command(BaseCommand):
    help = "Checks every invariant over the whole database; exits non-zero when one is broken."

    def handle(self, **options):
        broken = 0
        for finding in verify():
            state = "ok    " if not finding.violations else "BROKEN"
            line = f"{state}  {finding.name}: {finding.examined} examined, {finding.violations} violations"
            self.stdout.write(line if not finding.violations else self.style.ERROR(line))
            broken += bool(finding.violations)
        for note in what_waits_for_a_person():
            self.stdout.write(f"look    {note}")
        if broken:
            raise CommandError(f"{broken} {'invariant is' if broken == 1 else 'invariants are'} broken.")
