"""Drafts a distribution for rows that were chosen in a list: a message to customers, or to each holder the code they hold.

Nothing is sent by it: staff write the message, look at it, and start it.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.timezone import localdate

from campaigns.models import Campaign
from config.actor import Actor
from customers.models import Customer
from publications.distributions.actions.change_draft import change_draft
from publications.distributions.actions.change_status import record_of
from publications.distributions.actions.create_draft import create_draft
from publications.distributions.actions.list_recipients import MOST_LINES
from publications.distributions.models import Distribution

NOBODY = "No customers were chosen. Tick the customers first."
MOST_CAMPAIGNS = 10  # each has a message of its own

# Standalone codes have no campaign whose holders could be reminded.
CAMPAIGNS = """
SELECT campaign_id FROM codes_voucher
 WHERE id = ANY(%s) AND campaign_id IS NOT NULL AND published_at IS NOT NULL AND deleted_at IS NULL
 GROUP BY 1 ORDER BY 1 LIMIT %s
"""
LIST_CODES = """
INSERT INTO distributions_listedcode (distribution_id, voucher_id)
SELECT %s, id FROM codes_voucher
 WHERE id = ANY(%s) AND campaign_id = %s AND published_at IS NOT NULL AND deleted_at IS NULL
"""
LIST_CUSTOMERS = """
INSERT INTO distributions_listedrecipient (distribution_id, line, given, customer_id)
SELECT %s, row_number() OVER (ORDER BY c.id), left(coalesce(c.source_id, nullif(c.email, ''), c.name), 320), c.id
  FROM customers_customer c WHERE c.id IN ({chosen}) AND c.erased_at IS NULL
"""


class CannotDraft(Exception):
    """There is nobody to send to, or too many. The text says which."""


def draft_for_customers(customers: QuerySet[Customer], *, by: Actor) -> Distribution:
    """For these customers, whoever they are then. Raises CannotDraft."""
    try:
        chosen, parameters = customers.order_by().values("pk")[: MOST_LINES + 1].query.sql_with_params()
    except EmptyResultSet:  # Django knows already that it is nobody
        raise CannotDraft(NOBODY) from None
    with transaction.atomic():
        draft = create_draft(f"Chosen customers, {localdate():%-d %b %Y}", by=by)
        with connection.cursor() as cursor:
            cursor.execute(LIST_CUSTOMERS.format(chosen=chosen), [draft.pk, *parameters])
            count = cursor.rowcount
        if not count:
            raise CannotDraft(NOBODY)
        if count > MOST_LINES:
            raise CannotDraft(f"A list can have at most {MOST_LINES:,} customers. Use a segment instead.")
        record_of(draft, "recipients_listed", by=by, lines=count, customers=count, unknown=0)
        change_draft(draft, by=by, audience=Distribution.Audience.LIST)
    return draft


def draft_for_codes(vouchers: Iterable[int], *, by: Actor) -> list[Distribution]:
    """Reminders of these codes (keys), one draft for each campaign. Raises CannotDraft."""
    keys = list(vouchers)
    drafts = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CAMPAIGNS, [keys, MOST_CAMPAIGNS + 1])
        found = [campaign for (campaign,) in cursor.fetchall()]
        if not found:
            raise CannotDraft("None of the codes is of a campaign and held by somebody, so there is nobody to send to.")
        if len(found) > MOST_CAMPAIGNS:
            raise CannotDraft(
                f"The codes are of more than {MOST_CAMPAIGNS} campaigns. Choose those of fewer campaigns at a time."
            )
        campaigns = Campaign.objects.in_bulk(found)
        for key in found:
            draft = create_draft(f"Codes of {campaigns[key].name}"[:200], campaign=campaigns[key], by=by)
            cursor.execute(LIST_CODES, [draft.pk, keys, key])
            change_draft(draft, by=by, audience=Distribution.Audience.HOLDERS, remind=True, chosen_codes=True)
            drafts.append(draft)
    return drafts
