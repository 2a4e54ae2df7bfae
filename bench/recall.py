"""A recall of many codes: rows a second against the bare SQL of the same writes, in batches of the same size, in one run.

.venv/bin/python -m bench.recall [--codes 20000]
"""

from __future__ import annotations

import argparse
import time

import django

from bench.installation import Installation, installation, machine
from bench.load_data import NO_EXPIRATION, add_campaign, add_customers, take
from publications.ledger.writes import ADD_LEDGER, ADD_PUBLICATIONS, MARK_VOUCHERS

BATCH = 1_000
EXPIRY = "2099-01-01T00:00:00+00:00"

DONE = "INSERT INTO recalls_recalledcode (recall_id, voucher_id, outcome{more}) SELECT {recall}, {columns};"
EXTEND = f"""
UPDATE codes_voucher SET expiration_date = '{EXPIRY}', updated_at = now() WHERE id BETWEEN {{a}} AND {{b}};
"""
TAKE_BACK = """
UPDATE publications_publishedvoucher SET released_at = now(), released_by = 'bare', reason = 'bench'
 WHERE voucher_id BETWEEN {a} AND {b};
UPDATE codes_voucher SET published_at = NULL, withdrawn_at = now(), withdrawn_why = 'retired', updated_at = now(){and_off}
 WHERE id BETWEEN {a} AND {b};
UPDATE publications_publication p SET voided_at = now() FROM publications_publishedvoucher l
 WHERE l.voucher_id BETWEEN {a} AND {b} AND p.id = l.publication_id;
"""
# The new code of each is the one so many keys further on.
ITEMS = """(
    SELECT {first} + l.voucher_id AS id, now() AS created_at, p.campaign_id, p.customer_id, 1 AS voucher_count,
           'Dashboard' AS channel, 'dashboard' AS origin, NULL AS source_id, NULL::bytea AS request_hash, false AS join_once,
           jsonb_build_object('source_type', 'recall', 'source_id', 'recall_xxxxxxxxxxxxxxxx', 'replaces', 'v_xxxxxxxxxxxxxxxx')
           AS metadata, 'system' AS actor_kind, NULL::bigint AS actor_id, 'bare' AS actor_label
      FROM publications_publishedvoucher l JOIN publications_publication p ON p.id = l.publication_id
     WHERE l.voucher_id BETWEEN {a} AND {b}) AS item"""
HELD = f"""WITH held AS (
    SELECT {{first}} + id - {{further}} AS publication_id, now() AS created_at, id AS voucher_id, code, {NO_EXPIRATION}
      FROM codes_voucher WHERE id BETWEEN {{a}} + {{further}} AND {{b}} + {{further}})"""
GIVE = f"{ADD_PUBLICATIONS.format(items=ITEMS)};\n{HELD} {ADD_LEDGER};\n{HELD} {MARK_VOUCHERS};\n"
FOUND = "id, 'done' FROM codes_voucher WHERE id BETWEEN {a} AND {b}"
GIVEN = (
    "voucher_id, 'done', {first} + voucher_id FROM publications_publishedvoucher WHERE voucher_id BETWEEN {a} AND {b}"
)
BARE = {
    "extend": EXTEND + DONE.format(more="", recall="{recall}", columns=FOUND),
    "retire": TAKE_BACK + DONE.format(more="", recall="{recall}", columns=FOUND),
    "replace": TAKE_BACK + GIVE + DONE.format(more=", publication_id", recall="{recall}", columns=GIVEN),
}


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--codes", type=int, default=20_000)
    codes = options.parse_args().codes
    with installation() as handout:
        handout.join()
        django.setup()
        print(machine())
        add_customers(handout, codes)
        for number, act in enumerate(BARE):
            ours, theirs = (_campaign(handout, f"{act} {who}", codes, 2 * number + who) for who in (0, 1))
            handout.settle()
            bare = _bare_sql(handout, act, theirs, codes)
            handout.settle()
            seconds = _recall(act, ours, codes)
            print(
                f"{act:8} {codes / seconds:9,.0f} codes/s   bare SQL {codes / bare:9,.0f}/s   ratio {bare / seconds:.2f}",
                flush=True,
            )


def _campaign(handout: Installation, name: str, codes: int, number: int) -> int:
    """With as many codes published as are left in its pool; a recall can extend them."""
    campaign = add_campaign(handout, name, codes=2 * codes, first=2 * number * codes)
    handout.sql(f"UPDATE campaigns_campaign SET expiration_date = '2098-01-01' WHERE id = {campaign}")
    take(handout, campaign, codes)
    return campaign


def _recall(act: str, campaign: int, codes: int) -> float:
    """Seconds from its start to its end, in this process: the worker beside it knows nothing of it."""
    from campaigns.codes.models import Voucher
    from config.actor import SYSTEM
    from publications.recalls.actions.carry_out import carry_out
    from publications.recalls.actions.draft_recall import draft_recall
    from publications.recalls.models import Recall

    chosen = Voucher.objects.filter(campaign=campaign, published_at__isnull=False).values_list("pk", flat=True)
    recall = draft_recall(chosen.iterator(), source=Recall.Source.FILTER, act=act, by=SYSTEM)
    Recall.objects.filter(pk=recall.pk).update(
        status="queued", reason="bench", expiration_date=EXPIRY if act == "extend" else None
    )
    began = time.perf_counter()
    carry_out(recall.pk)
    seconds = time.perf_counter() - began
    recall.refresh_from_db()
    if (recall.status, recall.changed) != ("done", codes):
        raise RuntimeError(f"{recall.status}: {recall.changed:,} of {codes:,} changed. {recall.error}")
    return seconds


def _bare_sql(handout: Installation, act: str, campaign: int, codes: int) -> float:
    ((least, first, recall),) = handout.sql(
        f"""WITH made AS (
                INSERT INTO recalls_recall (source, status, total, actor_kind, actor_label)
                VALUES ('filter', 'draft', {codes}, 'system', 'bare')
                RETURNING id)
            SELECT (SELECT min(id) FROM codes_voucher WHERE campaign_id = {campaign}),
                   (SELECT last_value + 10 FROM publications_publication_id_seq), made.id FROM made"""
    )
    script = "".join(
        "BEGIN;"
        + BARE[act].format(
            a=a,
            b=min(a + BATCH, least + codes) - 1,
            first=first,
            further=codes,
            recall=recall,
            and_off=OFF.get(act, ""),
        )
        + "COMMIT;\n"
        for a in range(least, least + codes, BATCH)
    )
    handout.sql(f"SELECT setval('publications_publication_id_seq', {first + least + codes + 1})")
    return handout.psql(script)


OFF = {"replace": ", active = false"}

if __name__ == "__main__":
    main()
