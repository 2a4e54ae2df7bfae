"""What a run would do, without doing any of it: for the review, before it is scheduled."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from campaigns.codes.queries.pool_size import pool_size
from campaigns.codes.queries.reserved import reserved_in
from publications.distributions.audience import ONE_ADDRESS, with_same_email_left_out
from publications.distributions.models import Distribution
from publications.distributions.reasons import DeliveryReason as Reason
from publications.distributions.reminders import unused_codes


class DryRun(NamedTuple):
    """`recipients` would be tried; `left_out` counts the others by reason, the most frequent first."""

    recipients: int  # of a reminder: codes, each a message to its holder
    left_out: dict[Reason, int]
    new_customers: int  # of the recipients: addresses of the list that become customers when the run starts
    codes_needed: int
    in_pool: int  # that it may take; 0 without a campaign
    reserved: int  # besides those, for other distributions
    extends: bool  # the campaign would make what is missing
    short_by: int  # codes that are missing and would not be made: the run would pause there

    @property
    def audience(self) -> int:
        return self.recipients + sum(self.left_out.values())


def dry_run(distribution: Distribution) -> DryRun:
    """As things are now; a million customers take some seconds. Nothing is written, nothing taken."""
    sql, parameters = unused_codes(distribution) if distribution.remind else with_same_email_left_out(distribution)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute(
            f"SELECT reason, count(*) FROM ({sql}) AS audience GROUP BY reason ORDER BY count(*) DESC, reason",  # noqa: S608
            parameters,
        )
        by_reason: dict[str, int] = dict(cursor.fetchall())
        recipients = by_reason.pop("", 0)
        unknown = _unknown(cursor, distribution)
    counts = {Reason(reason): count for reason, count in by_reason.items()}
    new = 0
    if distribution.create_unknown:
        new = unknown.addresses - unknown.unsubscribed
        counts[Reason.UNSUBSCRIBED] = counts.get(Reason.UNSUBSCRIBED, 0) + unknown.unsubscribed
    counts[Reason.UNKNOWN_ADDRESS] = unknown.others if distribution.create_unknown else unknown.lines
    recipients += new
    campaign = distribution.campaign
    needed = recipients * distribution.codes_each if distribution.publishes else 0
    takes_from = campaign if distribution.publishes else None
    reserved = reserved_in(takes_from, but=distribution.pk).codes if takes_from else 0
    in_pool = max(0, pool_size(takes_from, reserved_too=True) - reserved) if takes_from else 0
    short = max(0, needed - in_pool)
    extends = bool(campaign and campaign.auto_update and short)
    left_out = dict(sorted(((why, n) for why, n in counts.items() if n), key=lambda item: (-item[1], item[0].label)))
    return DryRun(recipients, left_out, new, needed, in_pool, reserved, extends, 0 if extends else short)


class _Unknown(NamedTuple):
    """Of the list: what is no customer."""

    lines: int
    addresses: int  # different ones, each of which could become a customer
    unsubscribed: int  # of them: to which nothing may be sent
    others: int  # lines that are no address


def _unknown(cursor: CursorWrapper, distribution: Distribution) -> _Unknown:
    if distribution.audience != Distribution.Audience.LIST:
        return _Unknown(0, 0, 0, 0)
    cursor.execute(
        """SELECT count(*), count(DISTINCT lower(given)) FILTER (WHERE is_address),
                  count(DISTINCT lower(given)) FILTER (WHERE is_address AND %(by_mail)s AND EXISTS (
                      SELECT FROM distributions_unsubscribe u WHERE u.email = lower(given))),
                  count(*) FILTER (WHERE NOT is_address)
             FROM (SELECT given, given ~ %(address)s AS is_address FROM distributions_listedrecipient
                    WHERE distribution_id = %(distribution)s AND customer_id IS NULL) AS unknown""",
        {
            "distribution": distribution.pk,
            "address": ONE_ADDRESS,
            "by_mail": distribution.message == Distribution.Message.EMAIL,
        },
    )
    return _Unknown(*cursor.fetchone())
