"""The one statement that hands out codes, and the few that surround it (docs/design.md, "Taking codes from the pool").

It takes n codes or none: the publication, its ledger rows and the vouchers' flags stand together or not at all,
and its unique indexes decide repeats. Nothing outside the statement is trusted for that.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection
from psycopg.types.json import Jsonb

from campaigns.models import Campaign, Voucher
from campaigns.pool import IN_POOL
from config.advisory_locks import Lock
from config.columns import Columns
from config.quarantine import NOT_OPEN
from publications.redemptions.what_is_left import IS_SPENT, IS_USED_UP
from publications.webhooks.models import PUBLICATION_SUCCEEDED
from publications.webhooks.note_events import noting

if TYPE_CHECKING:
    from publications.publish import Attempt, FromPool, OfCode

# A voucher that may be given when it is asked for by name: one out of the pool because it was used may have uses left.
MAY_BE_GIVEN = f"""v.published_at IS NULL AND v.active AND v.deleted_at IS NULL
         AND (v.expiration_date IS NULL OR v.expiration_date > now())
         AND (v.withdrawn_at IS NULL OR v.withdrawn_why = 'used') AND NOT ({IS_USED_UP}) AND NOT ({IS_SPENT})"""

# Looked at in the writing statement: a campaign that was deleted or expired a moment ago gives nothing, nor does a disabled
# one where the project's settings say so (which are read only then).
CAMPAIGN_GIVES = """(SELECT c.deleted_at IS NULL AND (c.expiration_date IS NULL OR c.expiration_date > now())
                    AND (c.active OR NOT EXISTS (SELECT FROM config_projectsettings WHERE refuse_disabled_campaigns))
                FROM campaigns_campaign c WHERE c.id = %(campaign)s)"""

# Locked until the commit, so that erasing the customer waits for this publication and then clears it too. (The foreign
# key alone would lock it at the commit only.)
CUSTOMER_LIVES = """EXISTS (SELECT FROM customers_customer c
                      WHERE c.id = %(customer)s::bigint AND c.erased_at IS NULL FOR KEY SHARE)"""

# What a publication's activity duration takes the place of, kept on the ledger row for a release.
EXPIRATION_BEFORE = "CASE WHEN %(activity)s::interval IS NOT NULL THEN expiration_date END"

# `id + 0`: only the pool's own index serves that order, so the planner never walks the primary key (ADR 0003).
NEXT = f"""SELECT v.id, v.expiration_date, v.code FROM campaigns_voucher v
       WHERE v.campaign_id = %(campaign)s AND {IN_POOL} AND v.id + 0 > %(after)s AND {CAMPAIGN_GIVES}
       ORDER BY v.id + 0 LIMIT {{limit}} FOR UPDATE OF v"""  # noqa: S608 - our own constants

NAMED = f"""SELECT v.id, v.expiration_date, v.code
        FROM campaigns_voucher v LEFT JOIN campaigns_campaign c ON c.id = v.campaign_id
       WHERE v.id = %(voucher)s AND {MAY_BE_GIVEN} AND (%(campaign)s::bigint IS NULL OR {CAMPAIGN_GIVES})
       FOR UPDATE OF v"""  # noqa: S608 - our own constants

# Of each code the statement returns all that the answer tells of it, which spares a second look.
VOUCHER = Columns(Voucher, "v")

STATEMENT = f"""
WITH taken AS MATERIALIZED (
    {{taken}}
), pub AS (
    INSERT INTO publications_publication (campaign_id, customer_id, voucher_count, channel, origin, source_id,
                                          request_hash, metadata, join_once, actor_kind, actor_id, actor_label)
    SELECT %(campaign)s::bigint, %(customer)s::bigint, %(count)s::int, %(channel)s::text, %(origin)s::text,
           %(source_id)s::text, %(request_hash)s::bytea, %(metadata)s::jsonb, %(join_once)s::boolean,
           %(actor_kind)s::text, %(actor_id)s::bigint, %(actor_label)s::text
     WHERE (SELECT count(*) FROM taken) = %(count)s AND {CUSTOMER_LIVES} AND {NOT_OPEN}
    ON CONFLICT DO NOTHING
    RETURNING id, created_at
), given AS (
    INSERT INTO publications_publishedvoucher (publication_id, voucher_id, code, expiration_given, expiration_before)
    SELECT pub.id, taken.id, taken.code, pub.created_at + %(activity)s::interval, {EXPIRATION_BEFORE} FROM pub, taken
    RETURNING publication_id, voucher_id, expiration_given
), noted AS (
    {noting(PUBLICATION_SUCCEEDED, of="pub")}
)
UPDATE campaigns_voucher v
   SET published_at = pub.created_at,
       expiration_date = coalesce(given.expiration_given, v.expiration_date)
  FROM given, pub
 WHERE v.id = given.voucher_id
RETURNING given.publication_id, pub.created_at, {VOUCHER}
"""  # noqa: S608 - our own constants

# The one code that nearly every call wants has its limit written out: of an unknown limit PostgreSQL expects a tenth of the
# pool, never finds a plan worth keeping, and plans each call anew, which doubles its work (ADR 0017).
ONE, SEVERAL = "1", "%(count)s"
TAKE_NEXT = {limit: STATEMENT.format(taken=NEXT.format(limit=limit) + " SKIP LOCKED") for limit in (ONE, SEVERAL)}
TAKE_NEXT_FOR_SURE = STATEMENT.format(taken=NEXT.format(limit=SEVERAL))
TAKE_NAMED = STATEMENT.format(taken=NAMED)

# campaign id -> the highest voucher id that this process took from its pool. Looking only above it spares the
# statement the dead index entries of all that was taken before. A hint: too high, and the second look starts at 0.
_taken_up_to: dict[int, int] = {}


class Taken(NamedTuple):
    publication_id: int
    created_at: datetime
    voucher: Voucher


def take_next(attempt: FromPool) -> list[Taken]:
    """The next codes of the pool that nobody else is taking; [] where there are too few, or it is a repeat."""
    key, statement = attempt.campaign.pk, TAKE_NEXT[ONE if attempt.count == 1 else SEVERAL]
    after = _taken_up_to.get(key, 0)
    rows = _run(statement, attempt, after=after)
    if not rows and after:
        rows = _run(statement, attempt, after=0)
    if rows:
        _taken_up_to[key] = max(row.voucher.pk for row in rows)
    return rows


def take_next_for_sure(attempt: FromPool) -> list[Taken]:
    """As `take_next`, but from the start, and waiting for codes that others hold. Call it under `lock_pool`."""
    return _run(TAKE_NEXT_FOR_SURE, attempt, after=0)


def take_named(attempt: OfCode) -> list[Taken]:
    """The attempt's own voucher, if it may be published; waits for whoever is taking it."""
    return _run(TAKE_NAMED, attempt, voucher=attempt.voucher.pk)


def take_made(attempt: FromPool, voucher: int) -> list[Taken]:
    """The voucher of this key, which the caller's own transaction has just made."""
    return _run(TAKE_NAMED, attempt, voucher=voucher)


def lock_pool(campaign: Campaign) -> None:
    """One at a time for this campaign, until the end of the transaction."""
    Lock.POOL.hold(campaign.pk)


def left_in_pool(campaign: Campaign, *, up_to: int) -> int:
    """How many codes the pool holds, counted no further than `up_to`."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT count(*) FROM (SELECT 1 FROM campaigns_voucher v
                 WHERE v.campaign_id = %s AND {IN_POOL} LIMIT %s) AS pool""",  # noqa: S608 - our own constants
            [campaign.pk, up_to],
        )
        return cursor.fetchone()[0]


def _run(statement: str, attempt: Attempt, *, after: int = 0, voucher: int | None = None) -> list[Taken]:
    campaign = attempt.campaign
    values: dict[str, Any] = {
        "campaign": campaign.pk if campaign else None,
        "voucher": voucher,
        "after": after,
        "count": attempt.count,
        "customer": attempt.customer.pk,
        "channel": attempt.channel,
        "origin": attempt.origin,
        "source_id": attempt.source_id,
        "request_hash": attempt.request_hash,
        "metadata": Jsonb(attempt.metadata) if attempt.metadata else None,
        "join_once": attempt.join_once,
        "actor_kind": attempt.by.kind,
        "actor_id": attempt.by.id,
        "actor_label": attempt.by.label,
        "activity": (campaign.activity_duration or None) if campaign else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [Taken(row[0], row[1], VOUCHER.instance(row[2:])) for row in cursor.fetchall()]
