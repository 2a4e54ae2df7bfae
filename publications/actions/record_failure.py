"""Keeps a failed attempt to publish in the history. Equal ones within a minute share a row and count up."""

from __future__ import annotations

from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from campaigns.codes.models import Voucher
from config.events.kinds import PUBLICATION_FAILED
from config.events.note import noting
from publications.ledger.requests import PublishRequest
from publications.ledger.statements import customer_lives
from publications.refusals import PublishRefused

# `xmax` is 0 on a row that is new: a repeat, which counts up, is no event of its own.
STATEMENT = f"""
WITH failed AS (
INSERT INTO publications_publication
       (result, campaign_id, customer_id, channel, origin, source_id, metadata, join_once, actor_kind, actor_id,
        actor_label, failure_code, failure_reason, failure_message, attempted_code, failure_key)
SELECT 'FAILURE', %(campaign)s::bigint, %(customer)s::bigint, %(channel)s::text, %(origin)s::text, %(source_id)s::text,
       %(metadata)s::jsonb, %(join_once)s::boolean, %(actor_kind)s::text, %(actor_id)s::bigint, %(actor_label)s::text,
       %(failure_code)s::text, %(failure_reason)s::text, %(failure_message)s::text, %(attempted_code)s::text,
       sha256(convert_to(jsonb_build_array(%(campaign)s::bigint, %(customer)s::bigint, %(channel)s::text,
                                           %(source_id)s::text, %(actor_kind)s::text, %(actor_id)s::bigint,
                                           %(failure_code)s::text, %(failure_message)s::text,
                                           %(attempted_code)s::text, date_trunc('minute', now()))::text, 'UTF8'))
 WHERE {customer_lives("%(customer)s::bigint")}
ON CONFLICT (failure_key) DO UPDATE SET attempts = publications_publication.attempts + 1
RETURNING id, xmax = 0 AS is_new
), first AS (
    SELECT id FROM failed WHERE is_new
), noted AS (
    {noting(PUBLICATION_FAILED, of="first")}
)
SELECT count(*) FROM failed
"""  # noqa: S608 - our own constants


def record_failure(request: PublishRequest, refused: PublishRefused, voucher: Voucher | None) -> bool:
    """`voucher`: the one that was asked for by name. Runs after the attempt was rolled back, in a transaction of its own.

    Nothing is kept of a customer who was erased meanwhile; then it returns False.
    """
    values: dict[str, Any] = {
        "campaign": request.campaign,
        "customer": request.customer,
        "channel": request.channel,
        "origin": request.origin,
        "source_id": request.source_id,
        "metadata": Jsonb(request.metadata) if request.metadata else None,
        "join_once": request.join_once,
        "actor_kind": request.by.kind,
        "actor_id": request.by.id,
        "actor_label": request.by.label,
        "failure_code": refused.key,
        "failure_reason": refused.reason.value,
        "failure_message": refused.details or refused.message,
        "attempted_code": voucher.code if voucher else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, values)
        (kept,) = cursor.fetchone()
    return kept > 0
