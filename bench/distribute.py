"""A run of many recipients: publications a second against the bare SQL of the same rows, and messages a second to a
local mail server (aiosmtpd in a process of its own, on the same machine).

.venv/bin/python -m bench.distribute [--recipients 100000]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from bench.installation import Installation, installation, machine
from bench.load_data import NO_EXPIRATION, add_campaign, add_customers
from publications.ledger.writes import ADD_LEDGER, ADD_PUBLICATIONS, MARK_VOUCHERS
from tests.support.mail_sink import mail_sink

BATCH = 1_000

MAKE_RUN = """
INSERT INTO distributions_distribution (name, kind, status, audience, segment_id, campaign_id, message, subject, body,
                                       starts_at, skip_holders, actor_kind, actor_label)
SELECT '{name}', 'manual', 'scheduled', 'segment', s.id, c.id, '{message}', 'A gift for {{{{ customer.name }}}}',
       'Hello {{{{ customer.name }}}}, your code: {{{{ code }}}}', now(), true, 'user', 'bench'
  FROM segments_segment s, campaigns_campaign c WHERE s.name = 'Everybody' AND c.name = '{campaign}' RETURNING id
"""

# What the product writes for each batch, and nothing that it looks up: the ids are known.
ITEMS = """(
    SELECT {first} + n AS id, now() AS created_at, {campaign} AS campaign_id, id AS customer_id, 1 AS voucher_count,
           'Dashboard' AS channel, 'dashboard' AS origin, NULL AS source_id, NULL::bytea AS request_hash, false AS join_once,
           jsonb_build_object('source_type', 'distribution', 'source_id', 'dist_xxxxxxxxxxxxxxxx',
                              'distribution_id', 'dist_xxxxxxxxxxxxxxxx') AS metadata,
           'system' AS actor_kind, NULL::bigint AS actor_id, 'bare' AS actor_label
      FROM pairs WHERE n BETWEEN {a} AND {b}) AS item"""
HELD = f"""WITH held AS (
    SELECT {{first}} + n AS publication_id, now() AS created_at, voucher AS voucher_id, code, {NO_EXPIRATION}
      FROM pairs WHERE n BETWEEN {{a}} AND {{b}})"""
BARE = f"""
BEGIN;
INSERT INTO distributions_delivery (distribution_id, customer_id) SELECT {{run}}, id FROM pairs WHERE n BETWEEN {{a}} AND {{b}};
COMMIT;
BEGIN;
{ADD_PUBLICATIONS.format(items=ITEMS)};
{HELD} {ADD_LEDGER};
{HELD} {MARK_VOUCHERS};
UPDATE distributions_delivery d SET state = 'published', publication_id = {{first}} + p.n, state_at = now()
  FROM pairs p WHERE d.distribution_id = {{run}} AND d.customer_id = p.id AND p.n BETWEEN {{a}} AND {{b}};
COMMIT;
"""


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--recipients", type=int, default=100_000)
    recipients = options.parse_args().recipients
    with (
        tempfile.TemporaryDirectory(prefix="handout-sink-") as folder,
        mail_sink(Path(folder)) as sink,
        installation(EMAIL_URL=sink.url, SITE_URL="https://handout.example.com") as handout,
    ):
        print(machine())
        print(f"{recipients:,} recipients")
        prepare(handout, recipients)
        bare = bare_sql(handout, recipients)
        publish_only = run(handout, "Publish only", "none", "Codes A")
        print(
            f"publish only     {recipients / publish_only.seconds:9,.0f} publications/s"
            f"   {publish_only.seconds:6.1f} s   bare SQL {recipients / bare:9,.0f}/s"
            f"   ratio {bare / publish_only.seconds:.2f}   worker {publish_only.memory:.0f} MB"
        )
        by_email = run(handout, "By e-mail", "email", "Codes B")
        print(
            f"with its message {recipients / by_email.seconds:9,.0f} messages/s    "
            f"   {by_email.seconds:6.1f} s   received {sink.count():,}, at most {sink.most_to_one()} each"
            f"   worker {by_email.memory:.0f} MB"
        )
        handout.manage("verify")
        print("verify           clean")


def prepare(handout: Installation, recipients: int) -> None:
    add_customers(handout, recipients)
    handout.sql(
        "UPDATE customers_customer SET email = 'c' || id || '@example.com' WHERE email = ''",
        """WITH made AS (INSERT INTO segments_segment (name, type) VALUES ('Everybody', 'static') RETURNING id)
           INSERT INTO segments_segmentmember (segment_id, customer_id)
           SELECT made.id, c.id FROM made, customers_customer c""",
    )
    for n, name in enumerate(("Codes A", "Codes B", "Codes C")):
        add_campaign(handout, name, codes=recipients, first=n * recipients)
    handout.settle()


class Measured:
    def __init__(self, seconds: float, memory: float) -> None:
        self.seconds, self.memory = seconds, memory


def run(handout: Installation, name: str, message: str, campaign: str) -> Measured:
    """From its start to its end by the rows' own times; the most memory that the worker held meanwhile."""
    ((key,),) = handout.sql(MAKE_RUN.format(name=name, message=message, campaign=campaign))
    memory = 0.0
    with handout.connect() as database:
        while True:
            memory = max(memory, handout.memory("--queues messages"))
            status, reason, seconds = database.execute(
                """SELECT status, status_reason || status_detail, extract(epoch FROM finished_at - started_at)
                     FROM distributions_distribution WHERE id = %s""",
                [key],
            ).fetchone()
            if status == "done":
                return Measured(float(seconds), memory)
            if status == "held":
                raise RuntimeError(reason)
            time.sleep(1)


def bare_sql(handout: Installation, recipients: int) -> float:
    """Seconds that psql takes to write the same rows, for a third campaign."""
    ((campaign, key, first),) = handout.sql(
        """CREATE TABLE pairs AS
           SELECT c.n, c.id, v.id AS voucher, v.code
             FROM (SELECT row_number() OVER (ORDER BY id) AS n, id FROM customers_customer) c
             JOIN (SELECT row_number() OVER (ORDER BY v.id) AS n, v.id, v.code FROM codes_voucher v
                     JOIN campaigns_campaign k ON k.id = v.campaign_id WHERE k.name = 'Codes C') v USING (n)""",
        "CREATE UNIQUE INDEX ON pairs (n)",
        "ANALYZE pairs",
        MAKE_RUN.format(name="Bare", message="none", campaign="Codes C").replace("'scheduled'", "'draft'"),
        """SELECT campaign_id, id, setval('publications_publication_id_seq', currval('publications_publication_id_seq') + 10)
             FROM (SELECT campaign_id, id, nextval('publications_publication_id_seq')
                     FROM distributions_distribution WHERE name = 'Bare') AS bare""",
    )
    script = "".join(
        BARE.format(run=key, campaign=campaign, first=first, a=a, b=min(a + BATCH - 1, recipients))
        for a in range(1, recipients + 1, BATCH)
    )
    seconds = handout.psql(script)
    handout.sql(
        f"SELECT setval('publications_publication_id_seq', {first + recipients + 1})",
        "DELETE FROM distributions_delivery",  # so that these customers are no earlier run's
        "DROP TABLE pairs",
    )
    handout.settle()
    return seconds


if __name__ == "__main__":
    main()
