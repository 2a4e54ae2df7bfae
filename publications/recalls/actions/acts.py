"""What a recall does to the codes of a batch that nothing stands in the way of: in the caller's transaction, under their locks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

from campaigns.codes.pool import raise_pool_version
from campaigns.models import Campaign
from config.actor import Actor
from config.public_ids import CAMPAIGN, public_id
from config.staff.audit import record
from publications.ledger.take_back import take_back
from publications.recalls.judge import values_of
from publications.recalls.models import Act, Recall

CHANGES = {
    Act.DISABLE: "active = false",
    Act.ENABLE: "active = true",
    Act.EXTEND: "expiration_date = %(expiration_date)s",
    # The code has a value of its own from then on, in the units that it has counted in.
    Act.REVALUE: """discount_type = %(discount_type)s, discount_value = %(discount_value)s,
        unit_type = CASE WHEN discount_type IS NOT NULL THEN unit_type
                         ELSE (SELECT c.unit_type FROM campaigns_campaign c WHERE c.id = codes_voucher.campaign_id) END""",
}
CHANGE = "UPDATE codes_voucher SET {change}, updated_at = now() WHERE id = ANY(%(vouchers)s)"
HOLD_BACK = """
UPDATE codes_voucher SET withdrawn_at = now(), withdrawn_why = 'held_back', updated_at = now()
 WHERE id = ANY(%(vouchers)s) AND published_at IS NULL AND withdrawn_at IS NULL
"""


class Judged(NamedTuple):
    """A code under its lock. Keys; null where there is none."""

    voucher: int | None
    campaign: int | None
    publication: int | None
    holder: int | None
    outcome: str


def by_of(recall: Recall) -> Actor:
    return Actor(recall.actor_kind, recall.actor_id, recall.actor_label)


def change(recall: Recall, codes: Sequence[Judged]) -> None:
    """Enables, disables or extends them, or changes what they are worth."""
    if not codes:
        return
    vouchers = [code.voucher for code in codes]
    with connection.cursor() as cursor:
        cursor.execute(
            CHANGE.format(change=CHANGES[Act(recall.act)]),
            {"vouchers": vouchers, **values_of(recall)},
        )
    raise_pool_versions(codes)


def retire(recall: Recall, codes: Sequence[Judged]) -> None:
    """Takes them back from whoever holds them; those of the pool are held back. None of them is published again."""
    release(recall, [code for code in codes if code.publication])
    if pooled := [code for code in codes if not code.publication]:
        with connection.cursor() as cursor:
            cursor.execute(HOLD_BACK, {"vouchers": [code.voucher for code in pooled]})
        names = dict(Campaign.objects.filter(pk__in={code.campaign for code in pooled}).values_list("pk", "name"))
        for campaign, count in Counter(code.campaign for code in pooled).items():
            about = {"object_id": public_id(CAMPAIGN, campaign), "object_label": names[campaign]} if campaign else {}
            record(
                "codes.withdrawn", by=by_of(recall), campaign_id=campaign, count=count, reason=recall.reason,
                recall=recall.public_id, **about,
            )  # fmt: skip


def release(recall: Recall, codes: Sequence[Judged]) -> None:
    if codes:
        take_back(
            sorted({code.publication for code in codes if code.publication}),
            vouchers=[code.voucher for code in codes if code.voucher],
            released_by=recall.actor_label,
            reason=recall.reason,
            back_to_pool=False,
        )


def switch_off(codes: Sequence[Judged]) -> None:
    """So that whoever still has the text of a replaced code cannot use it beside the new one."""
    with connection.cursor() as cursor:
        cursor.execute(CHANGE.format(change=CHANGES[Act.DISABLE]), {"vouchers": [code.voucher for code in codes]})


def raise_pool_versions(codes: Sequence[Judged]) -> None:
    """Last in the transaction, in one order."""
    for campaign in sorted({code.campaign for code in codes if code.campaign}):
        raise_pool_version(campaign)
