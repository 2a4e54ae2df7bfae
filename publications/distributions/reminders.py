"""Reminders: whom a distribution sends the codes that they hold already and have not used, and which of them it leaves out.

One message for each code. Who holds two gets two: each code has its own value and last day, is asked for at its own moment of
sending, and may have been used meanwhile while the other was not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from campaigns.codes.balance import IS_SPENT, IS_USED_UP
from campaigns.codes.state import ends, is_used_up
from customers.models import Customer
from customers.segments.queries.find_segments import in_segment
from publications.distributions.audience import UNUSED_ROWS, why_unreachable
from publications.distributions.models import Delivery, Distribution
from publications.distributions.reasons import DeliveryReason
from publications.models import PublishedVoucher
from publications.queries.holder import HOLDER_SQL, held_by

# Of a voucher `v`, its campaign `c` joined. A use that was rolled back is none.
UNUSED = "v.redeemed_quantity = 0 AND v.redeemed_amount = 0 AND v.deleted_at IS NULL"
ENDS = "coalesce(v.expiration_date, c.expiration_date)"
_CODES = """publications_publishedvoucher l JOIN publications_publication p ON p.id = l.publication_id
      JOIN codes_voucher v ON v.id = l.voucher_id JOIN campaigns_campaign c ON c.id = v.campaign_id"""

# Who sends looks once more, in the statement that claims: of a delivery `f`.
MAY_BE_REMINDED = f"""EXISTS (SELECT FROM {_CODES}
     WHERE l.id = f.reminds_id AND l.released_at IS NULL AND {HOLDER_SQL} = f.customer_id AND v.active AND {UNUSED}
       AND NOT ({IS_USED_UP}) AND NOT ({IS_SPENT}) AND ({ENDS} IS NULL OR {ENDS} > now())
       AND (f.expires_by IS NULL OR {ENDS} <= f.expires_by))"""

_WHY_NOT = f"""CASE WHEN NOT v.active THEN '{DeliveryReason.CODE_DISABLED.value}'
                    WHEN {ENDS} <= now() THEN '{DeliveryReason.CODE_EXPIRED.value}'
                    WHEN ({IS_USED_UP}) OR ({IS_SPENT}) THEN '{DeliveryReason.CODE_USED.value}' ELSE '' END"""


def unused_codes(distribution: Distribution, *, of: str = "") -> tuple[str, list[Any]]:
    """SQL of (row of the ledger, voucher, customer, reason or ""), and its parameters: all codes of the campaign that
    somebody holds and has not used, and, where the reminder has a segment, whose holder is in it. `of` is a condition on
    the voucher `v`.

    Who was erased is nobody by now.
    """
    if distribution.chosen_codes:
        of += f" AND v.id IN (SELECT voucher_id FROM distributions_listedcode WHERE distribution_id = {int(distribution.pk)})"  # noqa: S608
    people = Customer.objects.live()
    # A rule's segment is asked for its own way, when it fires.
    if distribution.audience == Distribution.Audience.HOLDERS and distribution.segment:
        people = people.filter(in_segment(distribution.segment))
    people = people.annotate(_reason=why_unreachable(distribution)).order_by()
    people_sql, parameters = people.values_list("pk", "_reason").query.sql_with_params()
    sql = f"""SELECT h.id, h.voucher, h.customer, coalesce(nullif(h.why, ''), a.reason) AS reason
      FROM (SELECT l.id, v.id AS voucher, {HOLDER_SQL} AS customer, {_WHY_NOT} AS why FROM {_CODES}
             WHERE v.campaign_id = {int(distribution.campaign_id or 0)} AND v.published_at IS NOT NULL AND {UNUSED}
               AND l.released_at IS NULL {of}) AS h
      JOIN ({people_sql}) AS a (customer, reason) ON a.customer = h.customer"""  # noqa: S608 - our own constants
    return sql, list(parameters)


def held_unused(customer: Customer, distribution: Distribution) -> PublishedVoucher | None:
    """The first code of the campaign that the customer holds and has not used."""
    held = held_by([customer.pk]).filter(voucher__campaign=distribution.campaign_id, **UNUSED_ROWS)
    if distribution.chosen_codes:
        held = held.filter(voucher__in=distribution.listed_codes.values("voucher"))
    related = held.select_related("voucher__campaign", "publication__customer", "settled_to")
    return related.order_by("voucher").first()


def why_not_reminded(delivery: Delivery) -> DeliveryReason | None:
    """By what was read of its code, with campaign and publication: why its holder is not reminded of it any more."""
    row = delivery.reminds
    assert row is not None
    voucher, last = row.voucher, ends(row.voucher)
    if row.released_at or row.holder is None or row.holder.pk != delivery.customer_id:
        return DeliveryReason.CODE_RELEASED
    if not voucher.active or voucher.deleted_at:
        return DeliveryReason.CODE_DISABLED
    if last and last <= timezone.now():
        return DeliveryReason.CODE_EXPIRED
    if voucher.redeemed_quantity or voucher.redeemed_amount or is_used_up(voucher):
        return DeliveryReason.CODE_USED
    if delivery.expires_by and (last is None or last > delivery.expires_by):
        return DeliveryReason.CODE_EXTENDED
    return None


def reminders_of(rows: Iterable[PublishedVoucher]) -> QuerySet[Delivery]:
    """What their holders were reminded by, or may have been."""
    tried = [Delivery.State.SENT, Delivery.State.KEPT, Delivery.State.UNKNOWN]
    found = Delivery.objects.filter(reminds__in=[row.pk for row in rows], state__in=tried)
    # Which no reminder that was sent has; the index of reminders is without.
    return found.exclude(reason=DeliveryReason.CODE_EXTENDED).select_related("distribution", "customer")


def key_of_code(ledger_row: int) -> str:
    """Under which a delivery knows the code: one for each that a customer holds."""
    return f"code {ledger_row}"


def with_reminded_codes(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """With what `why_not_reminded` and the lists look at."""
    return deliveries.select_related(
        "reminds__voucher__campaign", "reminds__publication__customer", "reminds__settled_to"
    )
