"""What campaigns do in the background. Tasks are thin: each calls a verb, and can safely run again."""

from __future__ import annotations

from procrastinate.contrib.django import app

from campaigns.actions.change_offer import carry_out
from campaigns.actions.delete_campaign import erase_unpublished_codes
from config.background import UNTIL_THE_DATABASE_ANSWERS


@app.task(name="campaigns.carry_out_offer_change", retry=UNTIL_THE_DATABASE_ANSWERS)
def carry_out_offer_change(order_id: int) -> None:
    carry_out(order_id)


@app.task(name="campaigns.erase_codes", retry=UNTIL_THE_DATABASE_ANSWERS)
def erase_codes(campaign_id: int) -> None:
    erase_unpublished_codes(campaign_id)
