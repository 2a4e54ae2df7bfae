"""`manage.py verify` sees a guard of the database that is missing, and knows all of them."""

import pytest
from django.db import connection

from publications.dashboard.invariants import TRIGGERS, UNIQUE_INDEXES
from publications.dashboard.verify import verify
from tests.publications.dashboard.test_verify import run

pytestmark = pytest.mark.django_db


def test_a_missing_guard_is_found():
    before = {finding.name: finding.violations for finding in verify()}["the database's guards stand"]
    assert before == 0

    run("DROP INDEX ledger_voucher_live_once; ALTER TABLE codes_voucher DISABLE TRIGGER USER")

    assert {finding.name: finding.violations for finding in verify()}["the database's guards stand"] == 6


# Unique by name or form only: nothing is given, counted or sent twice without them.
OTHER_UNIQUE = {
    "refused_code_once_a_row", "refused_publication_once_a_row", "recalls_recall_messages_recall_id_distribution_id_f22add5b_uniq",
}  # fmt: skip


def test_every_guard_of_ours_is_looked_at():
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgname NOT LIKE 'procrastinate%'")
        triggers = {name for (name,) in cursor.fetchall()}
        cursor.execute(
            """SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
                WHERE indisunique AND NOT indisprimary
                  AND indrelid::regclass::text ~ '^(codes|publications|redemptions|recalls|distributions|tallies|funnel)_'"""
        )
        indexes = {name for (name,) in cursor.fetchall()}

    assert [name for name in sorted(triggers) if f"'{name}'" not in TRIGGERS] == []
    assert [name for name in sorted(indexes - OTHER_UNIQUE) if f"'{name}'" not in UNIQUE_INDEXES] == []
