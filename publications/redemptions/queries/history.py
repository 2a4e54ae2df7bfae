"""The queries behind the lists of redemptions, on pages and by the API."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery

from campaigns.models import Campaign
from config.api.models import ApiKey
from config.public_ids import FAILED_REDEMPTION, FAILED_ROLLBACK, REDEMPTION, ROLLBACK, key_of
from publications.models import PublishedVoucher
from publications.queries.holder import of_holder
from publications.redemptions.models import Redemption

PREFIXES = (REDEMPTION, FAILED_REDEMPTION, ROLLBACK, FAILED_ROLLBACK)


def with_all_about(redemptions: QuerySet[Redemption]) -> QuerySet[Redemption]:
    """Joined: voucher with its campaign, customer, stack, and what a rollback undoes. In two more queries for all of
    them: `.undone_by`, the rollback (a list of one or none), and `.parts`, a stack's. `.app_id` is that of the API key,
    `.referrer` the key of who holds the code, where it is a referral's.
    """
    rollbacks = Redemption.objects.filter(kind=Redemption.Kind.ROLLBACK, result=Redemption.Result.SUCCESS)
    key = ApiKey.objects.filter(pk=OuterRef("actor_id"))
    holding = PublishedVoucher.objects.filter(
        voucher=OuterRef("voucher"), released_at=None, voucher__campaign__kind=Campaign.Kind.REFERRAL_PROGRAM
    )
    return (
        redemptions.select_related("voucher__campaign", "customer", "stack", "undoes__stack")
        .prefetch_related(
            Prefetch("rollbacks", rollbacks, to_attr="undone_by"),
            Prefetch("children", Redemption.objects.order_by("pk"), to_attr="parts"),
        )
        .annotate(app_id=Subquery(key.values("app_id")[:1]), referrer=Subquery(holding.values_list(of_holder())[:1]))
    )


def find_redemption(reference: str) -> Redemption | None:
    """By the public id of a redemption or rollback, with all about it. The id of another kind finds nothing."""
    prefix = reference.partition("_")[0]
    key = key_of(prefix, reference) if prefix in PREFIXES else None
    found = with_all_about(Redemption.objects.filter(pk=key)).first() if key else None
    return found if found and found.public_id == reference else None


def codes_of_order(source_id: str, *, most: int) -> list[int]:
    """The keys of the codes that were used for this order, by the shop's own number of it, in whatever case it was typed."""
    uses = Redemption.objects.filter(
        order__isnull=False,
        order__source_id__in=sorted({source_id, source_id.upper(), source_id.lower()}),
        kind=Redemption.Kind.REDEMPTION,
        result=Redemption.Result.SUCCESS,
    )
    heads = uses.order_by("-pk").values_list("pk", flat=True)[:most]
    used = Redemption.objects.filter(Q(pk__in=list(heads)) | Q(stack__in=list(heads)), voucher__isnull=False)
    return list(used.order_by("pk").values_list("voucher", flat=True)[:most])


def last_attempt(redemptions: QuerySet[Redemption]) -> Redemption | None:
    """The newest of these, if it failed: somebody may be asking for help with it. A customer's, or a campaign's."""
    newest = redemptions.select_related("voucher").filter(voucher__isnull=False).order_by("-created_at", "-pk").first()
    return newest if newest and newest.result == Redemption.Result.FAILURE else None


# One look into the index `redemption_of_campaign` for each.
LAST_OF_EACH = """
SELECT last.* FROM unnest(%(campaigns)s::bigint[]) AS asked (id)
 CROSS JOIN LATERAL (SELECT id, campaign_id, created_at, result, failure_code FROM redemptions_redemption
                      WHERE campaign_id = asked.id AND voucher_id IS NOT NULL
                      ORDER BY created_at DESC, id DESC LIMIT 1) AS last
 WHERE last.result = 'FAILURE'
"""


def last_attempts(campaigns: Sequence[int]) -> dict[int, Redemption]:
    """`last_attempt` of each of these campaigns (keys), where there is one, in one query."""
    found = Redemption.objects.raw(LAST_OF_EACH, {"campaigns": list(campaigns)})
    return {each.campaign_id: each for each in found if each.campaign_id}
