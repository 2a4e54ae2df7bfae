"""Moves ids past those that others have seen, so that ids from the lost time are never given to something else."""

from __future__ import annotations

from django.db import connection

BY = 10**9  # more than is ever lost; and a thousand times it is still below the keys of advisory locks (2**40)

# Those whose keys leave the house: in public ids, in addresses, in Message-IDs, as ids of events and deliveries. All
# others, and those of other apps, stay: a counter of 32 bits would be at its end after two.
TABLES = [
    "alerts_alert",
    "campaigns_campaign",
    "campaigns_campaigndeletion",
    "codes_codeimport",
    "codes_codeorder",
    "codes_metadataupdate",
    "codes_voucher",
    "events_outbox",
    "customers_customer",
    "customers_customerimport",
    "customers_event",
    "segments_segment",
    "distributions_delivery",
    "distributions_distribution",
    "exports_export",
    "exports_savedview",
    "publications_publication",
    "publications_publicationimport",
    "publications_publishedvoucher",
    "recalls_recall",
    "redemptions_balancechange",
    "redemptions_redemption",
    "webhooks_webhookaddress",
    "webhooks_webhookdelivery",
]


def move_ids_on() -> None:
    """Each key that is drawn from now on is above all that were drawn before. Done twice it moves them twice."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
            (sequence,) = cursor.fetchone()
            # One statement, which reads the sequence at its last value.
            cursor.execute(f"SELECT setval(%s::regclass, last_value + {BY}) FROM {sequence}", [sequence])  # noqa: S608
