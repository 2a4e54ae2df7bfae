"""Whatever a worker has in hand ends well though the database is stopped, killed and started again meanwhile."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.support.running_handout import RunningHandout, manage, processes_of

FILL = """
INSERT INTO campaigns_campaign (name, kind, code_charset, metadata) VALUES
  ('reported', 'DISCOUNT_COUPONS', 'ABC', '{}'), ('extended', 'DISCOUNT_COUPONS', 'ABCDEFGHIJKLMNOP', '{}'),
  ('erased', 'DISCOUNT_COUPONS', 'ABC', '{}');
INSERT INTO codes_voucher (campaign_id, code)
SELECT c.id, c.name || n FROM campaigns_campaign c, generate_series(1, 60000) AS n WHERE name <> 'extended';
"""
# In one process, as a test's, but with its jobs in the queue.
ORDER = """
from campaigns.actions.delete_campaign import delete_campaign
from campaigns.codes.actions.extend_pool import order_codes
from campaigns.models import Campaign
from campaigns.tasks import run_code_import
from config.actor import SYSTEM
from customers.tasks import run_customer_import
from publications.exports.actions.hand_out import order_hand_out
from publications.exports.report import order_report
from publications.tasks import run_publication_import
from tests.support.imports import queued_codes, queued_customers, queued_publications
campaign = Campaign.objects.get
order_report("codes", campaign=campaign(name="reported"), by=SYSTEM)
order_hand_out(campaign(name="reported"), count=30_000, by=SYSTEM, for_whom="Print shop")
order_codes(campaign(name="extended"), count=60_000, by=SYSTEM)
delete_campaign(campaign(name="erased"), force=True, by=SYSTEM)
rows = range(20_000)
codes = queued_codes("Code\\n" + "".join(f"imported{n}\\n" for n in rows), campaign(name="extended"))
run_code_import.defer(import_id=codes.pk)
people = queued_customers("Name,Source_id\\n" + "".join(f"Customer {n},s{n}\\n" for n in rows))
run_customer_import.defer(import_id=people.pk)
past = queued_publications("Voucher Code,Customer Source ID\\n" + "".join(f"reported{n + 30001},t{n}\\n" for n in range(15_000)))
run_publication_import.defer(import_id=past.pk)
"""
STATES = """
SELECT 'report', status, rows FROM exports_export WHERE kind = 'codes' UNION ALL
SELECT 'hand-out', status, rows FROM exports_export WHERE kind = 'hand_out' UNION ALL
SELECT 'order', status, done FROM codes_codeorder UNION ALL
SELECT 'deletion', status, done FROM campaigns_campaigndeletion UNION ALL
SELECT 'codes', status, rows_imported FROM codes_codeimport UNION ALL
SELECT 'customers', status, rows_imported FROM customers_customerimport UNION ALL
SELECT 'publications', status, rows_imported + rows_refused FROM publications_publicationimport
"""


@pytest.mark.long
def test_a_database_that_is_restarted_again_and_again(tmp_path):
    folder = tmp_path / "data"
    with RunningHandout(folder) as handout:
        handout.sql(FILL)
        ordered = manage(folder, "shell", "-c", ORDER)
        assert ordered.returncode == 0, ordered.stderr

        for how in (signal.SIGINT, signal.SIGKILL):  # to PostgreSQL the first is: stop now, but cleanly
            time.sleep(3)
            os.kill(_postmaster(folder), how)
            handout.wait_until_healthy()
        deadline = time.monotonic() + 300
        while any(status in ("queued", "running") for _, status, _ in handout.sql(STATES)):
            assert time.monotonic() < deadline, handout.sql(STATES)
            time.sleep(0.5)
        states = handout.sql(STATES)
        verified = manage(folder, "verify")

    assert {name: (status, rows) for name, status, rows in states} == {
        "report": ("done", 60_000),
        "hand-out": ("done", 30_000),
        "order": ("done", 60_000),
        "deletion": ("done", 60_000),
        "codes": ("done", 20_000),
        "customers": ("done", 20_000),
        "publications": ("done", 15_000),
    }
    assert verified.returncode == 0, verified.stdout


def _postmaster(folder) -> int:
    return next(pid for pid, command in processes_of(folder).items() if "bin/postgres -D" in command)
