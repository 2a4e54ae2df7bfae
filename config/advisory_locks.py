"""The advisory locks of this project, all in one place, so that no two of them are the same by accident."""

from __future__ import annotations

from enum import Enum, unique

from django.db import connection

OURS = 7200 << 40  # tells them from those of others in the same database

# As SQL, within a statement: what it finds locked from then on it waits for no longer than this, which is less than the
# second after which somebody else would be told of a deadlock.
LIMITED_PATIENCE = "set_config('lock_timeout', '250ms', true)"


@unique
class Lock(Enum):
    """What is done by one at a time; for each `key` (below 2**40) by itself."""

    POOL = 1  # the sure look at a campaign's pool
    CODE_SPACE = 2  # filling a small space of codes
    RUNS = 3  # publishing the runs of a campaign
    EMAILS = 4  # granting the next minute's e-mails
    ACTIVATIONS = 5  # activating an automatic distribution: no loop may come into being in between
    PREPARING = 6  # preparing the database at a start
    MIGRATING = 7  # applying a migration
    SOURCE_ID = 8  # writing a publication of a source_id, among others in one statement
    JOIN_ONCE = 9  # the same of a customer's only one of a campaign
    CUSTOMERS_BY_EMAIL = 10  # adding customers whom a file names by their e-mail address
    NOTES = 11  # adding notes, of which there are only so many on one thing

    def number(self, key: int = 0) -> int:
        return OURS + (self.value << 40) + key

    def tried_for(self, text: str) -> str:
        """As SQL: whether the lock of this text is ours until the end of the transaction, without waiting for it. Two
        texts in 2**40 share one."""
        return f"pg_try_advisory_xact_lock({self.number()} + (hashtextextended({text}, 0) & {2**40 - 1}))"

    def hold(self, key: int = 0) -> None:
        """Waits for it, and has it until the end of the transaction."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s::bigint)", [self.number(key)])
