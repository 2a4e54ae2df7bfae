"""Finds the campaign and the customer of a call in one query, a quarter of the call's round trips (ADR 0017)."""

from __future__ import annotations

from django.db import connection

from campaigns.codes.queries.find import find_campaign
from campaigns.models import Campaign
from config.columns import Columns
from config.public_ids import CAMPAIGN, key_of
from customers.models import Customer

CAMPAIGNS, CUSTOMERS = Columns(Campaign, "c"), Columns(Customer, "who")
BY_NAME_AND_SOURCE_ID = f"""
SELECT {CAMPAIGNS}, {CUSTOMERS} FROM campaigns_campaign c LEFT JOIN customers_customer who ON who.source_id = %s
 WHERE c.name = %s AND c.deleted_at IS NULL
"""  # noqa: S608 - our own constants


def find_campaign_and_customer(campaign: str, *, source_id: str | None) -> tuple[Campaign, Customer | None]:
    """The campaign by id or name, and the customer with that source_id, if there is one.

    Raises CampaignNotFound.
    """
    if source_id is not None and key_of(CAMPAIGN, campaign) is None:
        with connection.cursor() as cursor:
            cursor.execute(BY_NAME_AND_SOURCE_ID, [source_id, campaign])
            if row := cursor.fetchone():
                of_campaign, of_customer = row[: len(CAMPAIGNS)], row[len(CAMPAIGNS) :]
                known = None if of_customer[0] is None else CUSTOMERS.instance(of_customer)
                return CAMPAIGNS.instance(of_campaign), known
    return find_campaign(campaign), None
