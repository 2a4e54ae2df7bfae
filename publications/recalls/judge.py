"""What stands in the way of an act, for each code: the same SQL for the dry run and, under the codes' locks, for the act itself."""

from __future__ import annotations

from campaigns.codes.balance import EVER_USED, IS_SPENT, IS_USED_UP
from publications.queries.holder import HOLDER_SQL
from publications.recalls.models import Act, Outcome, Recall

USED_UP = f"({IS_USED_UP}) OR ({IS_SPENT})"
IS_RETIRED = "v.published_at IS NULL AND v.withdrawn_at IS NOT NULL"
HAS_OWN_VALUE = "v.discount_type IS NOT NULL"  # given whole; else all of it is the campaign's
EXPIRES = "coalesce(v.expiration_date, c.expiration_date)"

# By act, in the order in which they are told: the first that holds. What is used up has nothing left to take away or to
# extend; who has used a part of a code keeps it, rather than getting a whole new one.
OBSTACLES: dict[str, list[tuple[str, Outcome]]] = {
    Act.DISABLE: [(USED_UP, Outcome.REDEEMED), ("NOT v.active", Outcome.DISABLED)],
    Act.ENABLE: [("v.active", Outcome.ENABLED)],
    Act.EXTEND: [
        (USED_UP, Outcome.REDEEMED),
        (IS_RETIRED, Outcome.RETIRED),
        (f"{EXPIRES} IS NULL", Outcome.NEVER_EXPIRES),
        (f"{EXPIRES} >= %(expiration_date)s", Outcome.EXPIRES_LATER),
        ("coalesce(v.start_date, c.start_date) >= %(expiration_date)s", Outcome.STARTS_LATER),
    ],
    Act.REVALUE: [
        (USED_UP, Outcome.REDEEMED),
        (IS_RETIRED, Outcome.RETIRED),
        (
            "v.type <> 'DISCOUNT_VOUCHER' OR coalesce(v.discount_type, c.discount_type) IS DISTINCT FROM %(discount_type)s",
            Outcome.OTHER_KIND,
        ),
        (
            f"CASE WHEN {HAS_OWN_VALUE} THEN v.discount_value ELSE c.discount_value END = %(discount_value)s",
            Outcome.SAME_VALUE,
        ),
    ],
    Act.RETIRE: [(USED_UP, Outcome.REDEEMED), (IS_RETIRED, Outcome.RETIRED)],
    Act.REPLACE: [
        (EVER_USED, Outcome.REDEEMED),
        ("h.id IS NULL OR h.erased_at IS NOT NULL", Outcome.NO_HOLDER),
    ],
}


def judged(act: str, *, chosen: str) -> str:
    """SQL of (voucher, campaign, publication, holder, outcome) for the codes of `chosen`, which is SQL of their keys
    (`id`). Voucher is null where the code was erased. Its parameters: `values_of(recall)` and those of `chosen`."""
    cases = " ".join(f"WHEN {condition} THEN '{outcome.value}'" for condition, outcome in OBSTACLES[act])
    return f"""
SELECT v.id AS voucher, v.campaign_id AS campaign, l.publication_id AS publication, h.id AS holder,
       CASE WHEN v.id IS NULL OR v.deleted_at IS NOT NULL OR c.deleted_at IS NOT NULL THEN '{Outcome.GONE.value}'
            {cases} ELSE '{Outcome.DONE.value}' END AS outcome
  FROM ({chosen}) AS chosen
  LEFT JOIN codes_voucher v ON v.id = chosen.id
  LEFT JOIN campaigns_campaign c ON c.id = v.campaign_id
  LEFT JOIN publications_publishedvoucher l ON l.voucher_id = v.id AND l.released_at IS NULL
  LEFT JOIN publications_publication p ON p.id = l.publication_id
  LEFT JOIN customers_customer h ON h.id = {HOLDER_SQL}
"""  # noqa: S608 - our own constants


def values_of(recall: Recall) -> dict:
    return {
        "expiration_date": recall.expiration_date,
        "discount_type": recall.discount_type,
        "discount_value": recall.discount_value,
    }
