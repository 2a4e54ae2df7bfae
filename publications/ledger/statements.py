"""The SQL that hands out codes (docs/design.md, "Taking codes from the pool"). Nothing else writes the ledger.

    taken   the codes, locked: the pool's next, or those asked for by name
    item    a publication for each request that can be served, with its id and its moment
    pub     the publications; their unique indexes decide which are repeats
    held    which publication gets which code
    given   the ledger's rows
    marked  the vouchers' flags

It all stands together or not at all, and nothing outside the statement is trusted for that. The parts that write are
written once (writes.py). What feeds them has two forms, since one code for one customer, which is nearly every call, would pay a
sixth more for the general one (ADR 0032).
"""

from __future__ import annotations

from functools import cache

from campaigns.codes.balance import IS_SPENT, IS_USED_UP
from campaigns.codes.models import Voucher
from campaigns.codes.pool import CAMPAIGN_GIVES, CAMPAIGN_IS_GOOD, IN_POOL, NOT_RESERVED
from config.advisory_locks import LIMITED_PATIENCE, Lock
from config.columns import Columns
from config.events.kinds import PUBLICATION_SUCCEEDED
from config.events.note import noting
from config.staff.quarantine import IS_OPEN, NOT_OPEN
from publications.ledger.limits import ANY_LIMIT, is_limited
from publications.ledger.requests import Codes, Declined
from publications.ledger.writes import ADD_LEDGER, ADD_PUBLICATIONS, DRAW, GROW_PUBLICATION, MARK_VOUCHERS

# Of a voucher `v` of a campaign `k`: nobody else needs it. What is kept for distributions is a number of codes, so that one beyond
# the border may go as long as another one stands before it.
NOT_NEEDED = f"""(v.id < {NOT_RESERVED} OR v.withdrawn_at IS NOT NULL OR EXISTS (
             SELECT FROM codes_voucher v WHERE v.campaign_id = k.id AND {IN_POOL} AND v.id + 0 < {NOT_RESERVED}))"""

# A voucher that may be given when it is asked for by name: one out of the pool because it was used may have uses left.
MAY_BE_GIVEN = f"""v.published_at IS NULL AND v.active AND v.deleted_at IS NULL
         AND (v.expiration_date IS NULL OR v.expiration_date > now())
         AND (v.withdrawn_at IS NULL OR v.withdrawn_why = 'used') AND NOT ({IS_USED_UP}) AND NOT ({IS_SPENT})
         AND (v.campaign_id IS NULL
              OR (SELECT {CAMPAIGN_GIVES}{{kept}} FROM campaigns_campaign k WHERE k.id = v.campaign_id))"""  # noqa: S608


def customer_lives(customer: str, *, waits: bool = True) -> str:
    """As SQL. Locked until the commit, so that erasing the customer waits for this publication and then clears it too.
    (The foreign key alone would lock it at the commit only.) Without `waits`, one who is being erased counts as gone.
    """
    return f"""EXISTS (SELECT FROM customers_customer who
                        WHERE who.id = {customer} AND who.erased_at IS NULL FOR KEY SHARE{"" if waits else " SKIP LOCKED"})"""


# `id + 0`: only the pool's own index serves that order, so the planner never walks the primary key (ADR 0003). Where the
# codes kept for distributions begin is a condition of that index, too; null, and nothing is found, where the campaign gives nothing.
NEXT = f"""SELECT v.id, v.expiration_date, v.code FROM codes_voucher v
       WHERE v.campaign_id = {{campaign}} AND {IN_POOL} AND v.id + 0 > {{after}}
         AND v.id + 0 < (SELECT {{below}} FROM campaigns_campaign k WHERE k.id = {{campaign}} AND {{gives}})
       ORDER BY v.id + 0 LIMIT {{limit}} FOR UPDATE OF v"""  # noqa: S608 - our own constants
ONE_POOL = {"campaign": "%(campaign)s", "after": "%(after)s"}
# A walk for each pool, since a limit that differs from one to the next could not be written out.
OF_EACH = "SELECT own.n, v.* FROM {own}, LATERAL ({next} SKIP LOCKED) AS v"
OWN = "unnest(%(campaigns)s::bigint[], %(after_each)s::bigint[]) WITH ORDINALITY AS own (campaign_id, after, n)"
NAMED = f"""SELECT v.id, v.expiration_date, v.code
        FROM codes_voucher v LEFT JOIN campaigns_campaign c ON c.id = v.campaign_id
       WHERE v.id = {{which}} AND {MAY_BE_GIVEN}
       ORDER BY v.id FOR UPDATE OF v"""  # noqa: S608 - our own constants
# Whether it could be published today does not matter. The caller may hold the rows by this lock already, and a
# stronger one could then wait in a circle.
PAST = """SELECT v.id, v.expiration_date, v.code FROM codes_voucher v
       WHERE v.id = {which} AND v.published_at IS NULL
       ORDER BY v.id FOR NO KEY UPDATE OF v"""
SEVERAL_NAMED = "ANY(%(vouchers)s::bigint[])"

# What a publication's activity duration takes the place of is kept for a release.
HELD = """
    SELECT item.id AS publication_id, item.created_at, code.id AS voucher_id, code.code,
           item.created_at + item.activity AS expiration_given,
           CASE WHEN item.activity IS NOT NULL THEN code.expiration_date END AS expiration_before
      FROM item, {codes}"""

# Of each code the statement returns all that the answer tells of it, which spares a second look.
VOUCHER = Columns(Voucher, "v")

# One code for one customer: a row of (publication, its moment, the voucher), or none.
ONE = f"""
WITH taken AS MATERIALIZED (
    {{taken}}
), item AS MATERIALIZED (
    SELECT {DRAW} AS id, coalesce(%(moment)s::timestamptz, statement_timestamp()) AS created_at,
           %(campaign)s::bigint AS campaign_id, %(customer)s::bigint AS customer_id, 1 AS voucher_count,
           %(channel)s::text AS channel, %(origin)s::text AS origin, %(source_id)s::text AS source_id,
           %(request_hash)s::bytea AS request_hash, %(metadata)s::jsonb AS metadata, %(join_once)s::boolean AS join_once,
           %(actor_kind)s::text AS actor_kind, %(actor_id)s::bigint AS actor_id, %(actor_label)s::text AS actor_label,
           %(activity)s::interval AS activity
     WHERE EXISTS (SELECT FROM taken) AND {{customer_lives}} AND {NOT_OPEN} {{unlimited}}
), pub AS ({ADD_PUBLICATIONS.format(items="item")}
), held AS MATERIALIZED ({HELD.format(codes="pub, taken AS code")}
), given AS ({ADD_LEDGER}
), noted AS (
    {noting(PUBLICATION_SUCCEEDED, of="pub")}
){MARK_VOUCHERS}
RETURNING held.publication_id, held.created_at, {VOUCHER}
"""  # noqa: S608 - our own constants

# The limit is written out: of an unknown one PostgreSQL expects a tenth of the pool, never finds a plan worth keeping,
# and plans each call anew, which doubles its work (ADR 0017).
LIVES = customer_lives("%(customer)s::bigint")
NEXT_ONE = NEXT.format(**ONE_POOL, gives=CAMPAIGN_GIVES, below=NOT_RESERVED, limit="1")
TAKEN_ONE = {
    Codes.NEXT: f"{NEXT_ONE} SKIP LOCKED",
    Codes.NEXT_FOR_SURE: NEXT_ONE,
    Codes.NAMED: NAMED.format(which="%(voucher)s", kept=f" AND {NOT_NEEDED}"),
    Codes.MADE: NAMED.format(which="%(voucher)s", kept=""),
}
UNLIMITED = f"""AND NOT {
    is_limited("%(campaign)s::bigint", "%(actor_kind)s::text", "%(actor_id)s::bigint", "%(channel)s::text")
}"""
ONE_CODE = {
    codes: ONE.format(taken=taken, customer_lives=LIVES, unlimited=UNLIMITED) for codes, taken in TAKEN_ONE.items()
}
# For whoever has looked at the limits, and holds them.
ONE_CODE_WITHIN_LIMITS = {
    codes: ONE.format(taken=taken, customer_lives=LIVES, unlimited="") for codes, taken in TAKEN_ONE.items()
}
ONE_CODE_AT_ONCE = ONE.format(
    taken=f"{NEXT_ONE} SKIP LOCKED",
    unlimited=UNLIMITED,
    customer_lives=f"""{customer_lives("%(customer)s::bigint", waits=False)} AND {LIMITED_PATIENCE} IS NOT NULL""",
)

# The requests, of which the codes from the first to the last of all that are taken are each one's own.
ASKED = """json_to_recordset(%(requests)s::json) AS asked (
           n int, first_code int, last_code int, at_least int, moment timestamptz, campaign_id bigint, customer_id bigint,
           channel text, origin text, source_id text, request_hash bytea, metadata jsonb, joins_once boolean,
           actor_kind text, actor_id bigint, actor_label text, activity interval)"""

# As arrays, and cut out of them for each request rather than joined: the planner, which expects next to nothing from a
# CTE while the tables are new, would compare everybody with everybody (ADR 0016). What is asked for by name stands at
# its place, and null where it may not be given; a full join is never a nested loop.
CODES_NEXT = """
    SELECT max(id) AS up_to, array_agg(id ORDER BY id) AS ids, array_agg(expiration_date ORDER BY id) AS expirations,
           array_agg(code ORDER BY id) AS texts FROM taken"""
CODES_NAMED = """
    SELECT max(taken.id) AS up_to, array_agg(taken.id ORDER BY n) AS ids,
           array_agg(taken.expiration_date ORDER BY n) AS expirations, array_agg(taken.code ORDER BY n) AS texts
      FROM unnest(%(vouchers)s::bigint[]) WITH ORDINALITY AS named (id, n) FULL JOIN taken ON taken.id = named.id"""

CODES_OF_EACH = f"""
    SELECT max(taken.id) AS up_to, array_agg(taken.id ORDER BY n) AS ids,
           array_agg(taken.expiration_date ORDER BY n) AS expirations, array_agg(taken.code ORDER BY n) AS texts
      FROM {OWN} FULL JOIN taken USING (n)"""  # noqa: S608 - our own constants
CODES_OF = {Codes.NEXT: CODES_NEXT, Codes.NEXT_FOR_SURE: CODES_NEXT, Codes.NEXT_OF_EACH: CODES_OF_EACH}

# In one order for all, so that of two statements with the same customers none waits for the other in a circle. The
# oldest first, so that of several of a join-once campaign the first one counts.
SERVED = """(SELECT * FROM item WHERE declined IS NULL
             ORDER BY source_id, campaign_id, customer_id, created_at, id) AS item"""

# No order keeps apart those whose rows stand in two unique indexes. Of two statements that do not wait, only one gets to a
# value that is unique; and behind anybody else each gives up before a circle is noticed.
BUSY = f"""WHEN {LIMITED_PATIENCE} IS NULL
                          OR source_id IS NOT NULL AND NOT {Lock.SOURCE_ID.tried_for("source_id")}
                          OR joins_once AND NOT {Lock.JOIN_ONCE.tried_for("campaign_id || ' ' || customer_id")}
                        THEN '{Declined.BUSY.name}'"""

LIMITED = f"""WHEN {ANY_LIMIT} AND {is_limited("campaign_id", "actor_kind", "actor_id", "channel")} THEN '{Declined.LIMITED.name}'"""

SEVERAL = f"""
WITH taken AS MATERIALIZED (
    {{taken}}
), codes AS MATERIALIZED ({{codes}}
), item AS MATERIALIZED (
    SELECT CASE WHEN declined IS NULL THEN {{draw}} END AS id, judged.*
      FROM (SELECT asked.*, coalesce(moment, statement_timestamp()) AS created_at, found.voucher_count,
                   coalesce(joins_once, false) AS join_once,
                   CASE WHEN found.voucher_count < coalesce(at_least, last_code - first_code + 1) THEN '{
    Declined.NO_CODES.name
}'
                        WHEN {IS_OPEN} THEN '{Declined.QUARANTINED.name}'
                        WHEN customer_id IS NOT NULL AND NOT {{customer_lives}}
                        THEN '{Declined.CUSTOMER_GONE.name}' {{limited}} {{busy}} END AS declined
              FROM {ASKED}, codes,
                   LATERAL (SELECT coalesce(cardinality(array_remove(ids[first_code:last_code], NULL)), 0)
                                   AS voucher_count) AS found
             ORDER BY n) AS judged
), pub AS ({{publish}}
), held AS MATERIALIZED ({
    HELD.format(
        codes='''codes,
           unnest(ids[first_code:last_code], expirations[first_code:last_code], texts[first_code:last_code])
               AS code (id, expiration_date, code)'''
    )
}
     WHERE (item.id IN (SELECT id FROM pub)) IS TRUE  -- so written it is looked up by hash, whatever the planner expects
     {{no_more}}
), given AS ({ADD_LEDGER}
), noted AS (
    {{noting}}
), marked AS ({MARK_VOUCHERS}
    {{returning}}
)
SELECT codes.up_to, item.n, item.id, item.created_at, item.voucher_count,
       coalesce(declined, CASE WHEN NOT item.id IN (SELECT id FROM pub) THEN '{Declined.REPEAT.name}' END) AS declined
       {{vouchers}}
"""  # noqa: S608 - our own constants


@cache
def several(
    codes: Codes,
    *,
    only_active: bool = False,
    noted: bool = True,
    grows: bool = False,
    vouchers: bool = False,
    waits: bool = True,
    within_limits: bool = False,
    limit: str = "%(codes)s",
    reserved: bool = False,
) -> str:
    """The general form. A row for each request: how far the codes went, its number, what was given or why not, and with
    `vouchers` one for each code. `grows`: a publication that stands gets more. `only_active`: nothing of a disabled campaign.
    Without `waits` whoever somebody else is at is declined. `within_limits`: the caller has looked at the limits, and holds
    them. `limit`: how many codes, written out where that pays.
    `reserved`: it is the taker of a reservation who asks, and may take what is `below`.
    """
    below = "%(below)s::bigint" if reserved else NOT_RESERVED
    gives = CAMPAIGN_IS_GOOD if only_active else CAMPAIGN_GIVES
    taken = {
        Codes.NEXT: NEXT.format(**ONE_POOL, gives=gives, below=below, limit=limit) + " SKIP LOCKED",
        Codes.NEXT_OF_EACH: OF_EACH.format(
            own=OWN,
            next=NEXT.format(campaign="own.campaign_id", after="own.after", gives=gives, below=below, limit="1"),
        ),
        Codes.NEXT_FOR_SURE: NEXT.format(**ONE_POOL, gives=gives, below=below, limit=limit),
        Codes.NAMED: NAMED.format(which=SEVERAL_NAMED, kept=f" AND {NOT_NEEDED}"),
        Codes.MADE: NAMED.format(which=SEVERAL_NAMED, kept=""),
        Codes.PAST: PAST.format(which=SEVERAL_NAMED),
    }[codes]
    return SEVERAL.format(
        taken=taken,
        customer_lives=customer_lives("customer_id", waits=waits),
        # What is of the past went out elsewhere, whatever the limits say.
        limited="" if within_limits or codes is Codes.PAST else LIMITED,
        busy="" if waits else BUSY,
        # Which it does not, but so the planner knows; else it expects five hundred and reads all codes to find them.
        no_more="" if waits else f"LIMIT {limit}",
        codes=CODES_OF.get(codes, CODES_NAMED),
        draw="%(publication)s::bigint" if grows else DRAW,
        publish=(GROW_PUBLICATION if grows else ADD_PUBLICATIONS).format(items=SERVED),
        noting=noting(PUBLICATION_SUCCEEDED, of="pub") if noted else "SELECT",
        returning=f"RETURNING held.publication_id, {VOUCHER}" if vouchers else "",
        vouchers=", marked.* FROM codes, item LEFT JOIN marked ON marked.publication_id = item.id"
        if vouchers
        else "FROM codes, item",
    )
