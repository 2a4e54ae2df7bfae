"""manage.py after_restore: leads through a quarantine, like the page After a restore (docs/operations.md, Backups)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from campaigns.codes.queries.find import CampaignNotFound, find_campaign
from campaigns.models import Campaign
from config.actor import Actor
from config.imports.csv.uploads import NotCsv
from config.staff.models import Quarantine
from config.staff.quarantine import current, reason
from publications.quarantine.end_quarantine import end_quarantine
from publications.quarantine.erase_again import erase_again
from publications.quarantine.list_pools import COUNT_UP_TO, list_pools
from publications.quarantine.open_quarantine import open_quarantine, prepare
from publications.quarantine.read_codes import read_codes
from publications.quarantine.settle_sent import settle_sent
from publications.quarantine.withdraw_listed import withdraw_listed
from publications.quarantine.withdraw_next import withdraw_next

BY = Actor("system", None, "Command line")
SHOWN = 50  # pools


class Command(BaseCommand):
    help = (
        "After restore_database, or a failover that lost data (--lost-since): shows what is on hold, withdraws codes "
        "that may have been published, and ends with --open. Options run in the order listed here."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--lost-since",
            metavar="MOMENT",
            help="puts publishing on hold in a running database that lost everything since then",
        )
        parser.add_argument(
            "--erasures", metavar="FILE", type=Path, help="erases the customers in this list of erasures again"
        )
        parser.add_argument(
            "--withdraw", nargs=2, metavar=("CAMPAIGN", "N"), action="append", default=[],
            help="withdraws the next N codes of the pool",
        )  # fmt: skip
        parser.add_argument(
            "--codes", metavar="FILE", type=Path, help="withdraws the codes in a CSV file, such as a shop's log"
        )
        parser.add_argument("--campaign", metavar="CAMPAIGN", help="the campaign of unknown codes in the file")
        parser.add_argument("--sent", metavar="FILE", type=Path, help="a mail server's log: its messages count as sent")
        parser.add_argument("--open", action="store_true", help="resumes publishing")
        parser.add_argument("--prepare", action="store_true", help="only completes an interrupted restore")

    def handle(self, **options: Any) -> None:
        if options["lost_since"]:
            moment = _moment(options["lost_since"])
            open_quarantine(Quarantine.Cause.FAILOVER, lost_since=moment, by=BY)
        quarantine = current()
        if not quarantine:
            if not options["prepare"]:
                self.stdout.write("Publishing is not on hold: no backup was restored, or publishing has been resumed.")
            return
        prepare(quarantine, by=BY)
        if options["prepare"]:
            return
        if options["erasures"]:
            self.stdout.write(f"Erased again: {erase_again(_file(options['erasures']), by=BY):,}.")
        for called, count in options["withdraw"]:
            self._withdraw(_campaign(called), count)
        if options["codes"]:
            self._withdraw_listed(options["codes"], _campaign(options["campaign"]) if options["campaign"] else None)
        if options["sent"]:
            with _file(options["sent"]).open(errors="replace") as log:
                self.stdout.write(f"Messages that count as sent: {settle_sent(log, by=BY):,}.")
        if options["open"]:
            end_quarantine(Quarantine.objects.get(pk=quarantine.pk), by=BY)
            self.stdout.write("Publishing has resumed. Distributions stay paused until someone resumes them.")
        else:
            self._show(Quarantine.objects.get(pk=quarantine.pk))

    def _withdraw(self, campaign: Campaign, count: str) -> None:
        if not count.isdecimal() or not int(count):
            raise CommandError(f"--withdraw {campaign.name} {count}: must be a whole number of 1 or more.")
        self.stdout.write(f"{campaign.name}: {withdraw_next(campaign, count=int(count), by=BY):,} codes withdrawn.")

    def _withdraw_listed(self, path: Path, campaign: Campaign | None) -> None:
        try:
            with _file(path).open("rb") as file:
                done = withdraw_listed(read_codes(file), campaign=campaign, by=BY)
        except NotCsv as problem:
            raise CommandError(f"{path}: {problem}") from None
        self.stdout.write(
            f"{path}: {done.withdrawn:,} codes withdrawn, {done.added:,} unknown ones added as withdrawn, "
            f"{done.given:,} not in a pool anyway, {done.refused:,} rows refused."
        )
        for line in done.problems:
            self.stdout.write(f"  {line}")

    def _show(self, quarantine: Quarantine) -> None:
        self.stdout.write(reason(quarantine))
        self.stdout.write(f"\n{'codes left':>12} {'published the hour before':>26} {'withdrawn':>10}  campaign")
        pools = list_pools(lost_since=quarantine.lost_since, opened_at=quarantine.opened_at)
        pool: Any  # with what `list_pools` counts beside it
        for pool in pools.filter(Q(codes_left__gt=0) | Q(given_before__gt=0))[:SHOWN]:
            left = f"{pool.codes_left:,}" if pool.codes_left <= COUNT_UP_TO else f"over {COUNT_UP_TO:,}"
            self.stdout.write(f"{left:>12} {pool.given_before:>26,} {pool.withdrawn:>10,}  {pool.name}")
        self.stdout.write(
            "\nWithdraw codes that may have been published: --withdraw CAMPAIGN N, or --codes FILE. Then --open. "
            "See docs/operations.md (Backups)."
        )


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if not moment:
        raise CommandError(f"--lost-since {text}: write 2026-11-30T10:15:00Z.")
    return moment if timezone.is_aware(moment) else moment.replace(tzinfo=timezone.get_default_timezone())


def _file(path: Path) -> Path:
    if not path.is_file():
        raise CommandError(f"There is no file {path}.")
    return path


def _campaign(called: str) -> Campaign:
    try:
        return find_campaign(called)
    except CampaignNotFound:
        raise CommandError(f"There is no campaign called {called}.") from None
