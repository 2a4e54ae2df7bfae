"""Keeps a failed attempt to redeem or roll back in the record. Equal ones within a minute share a row and count up."""

from __future__ import annotations

from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from campaigns.codes.models import Voucher
from config.actor import Actor
from config.events.kinds import REDEMPTION_FAILED, ROLLBACK_FAILED
from config.events.note import noting
from customers.models import Customer
from publications.redemptions.actions.anonymise import if_kept, personal
from publications.redemptions.models import Redemption
from publications.redemptions.refusals import RedemptionRefused

# `xmax` is 0 on a row that is new: a repeat, which counts up, is no event of its own.
STATEMENT = f"""
WITH {personal("VALUES (%(customer)s::bigint), (%(undone_of)s::bigint)")}, failed AS (
INSERT INTO redemptions_redemption
       (result, kind, voucher_id, campaign_id, customer_id, undoes_id, reason, metadata, actor_kind, actor_id, actor_label,
        failure_code, failure_message, failure_key)
SELECT 'FAILURE', %(kind)s::text, %(voucher)s::bigint, %(campaign)s::bigint, %(customer)s::bigint, %(undoes)s::bigint,
       {if_kept("%(reason)s::text")}, {if_kept("%(metadata)s::jsonb")}, %(actor_kind)s::text, %(actor_id)s::bigint, %(actor_label)s::text,
       %(failure_code)s::text, %(failure_message)s::text,
       sha256(convert_to(jsonb_build_array(%(kind)s::text, %(voucher)s::bigint, %(customer)s::bigint, %(undoes)s::bigint,
                                           %(actor_kind)s::text, %(actor_id)s::bigint, %(failure_code)s::text,
                                           %(failure_message)s::text, date_trunc('minute', now()))::text, 'UTF8'))
 WHERE %(voucher)s::bigint IS NULL
    OR EXISTS (SELECT FROM codes_voucher v WHERE v.id = %(voucher)s::bigint FOR KEY SHARE)
ON CONFLICT (failure_key) DO UPDATE SET attempts = redemptions_redemption.attempts + 1
RETURNING id, xmax = 0 AS is_new
), first_redemption AS (
    SELECT id FROM failed WHERE is_new AND %(kind)s::text = 'redemption'
), first_rollback AS (
    SELECT id FROM failed WHERE is_new AND %(kind)s::text = 'rollback'
), redemption_noted AS (
    {noting(REDEMPTION_FAILED, of="first_redemption")}
), rollback_noted AS (
    {noting(ROLLBACK_FAILED, of="first_rollback")}
)
SELECT id FROM failed
"""  # noqa: S608 - our own constants


def record_failure(
    refused: RedemptionRefused,
    *,
    voucher: Voucher | None,
    customer: Customer | None,
    undoes: Redemption | None = None,
    reason: str | None = None,
    metadata: dict | None,
    by: Actor,
) -> None:
    """Runs after the attempt, of which nothing was written, in a transaction of its own.

    Sets `refused.failure_id`, unless the code was erased meanwhile: then there is nothing that the record could name.
    """
    kind = Redemption.Kind.ROLLBACK if undoes else Redemption.Kind.REDEMPTION
    values: dict[str, Any] = {
        "kind": kind.value,
        "voucher": voucher.pk if voucher else None,
        "campaign": voucher.campaign_id if voucher else None,
        "customer": customer.pk if customer else None,
        "undoes": undoes.pk if undoes else None,
        "undone_of": undoes.customer_id if undoes else None,
        "reason": reason,
        "metadata": Jsonb(metadata) if metadata else None,
        "actor_kind": by.kind,
        "actor_id": by.id,
        "actor_label": by.label,
        "failure_code": refused.key,
        "failure_message": refused.hint,
    }
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, values)
        row = cursor.fetchone()
    if row:
        refused.failure_id = Redemption(pk=row[0], kind=kind, result=Redemption.Result.FAILURE).public_id
