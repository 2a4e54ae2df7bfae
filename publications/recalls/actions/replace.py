"""Replaces codes: the old one is taken back and switched off, and its holder is published a new one, both or neither.

A batch is tried as a whole. Where the pool has too few codes for it, or one of its holders cannot get another code, all of
that is rolled back, and it is done for one person after the other: who gets no new code keeps the old one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from django.db import transaction

from campaigns.codes.actions.extend_pool import CodeSpaceExhausted, extend_pool
from campaigns.codes.actions.reserve_codes import move_border
from campaigns.codes.pool import left_in_pool, lock_pool
from campaigns.models import Campaign
from config.public_ids import VOUCHER, public_id
from publications.channels import DASHBOARD
from publications.ledger.give import give
from publications.ledger.requests import LIMITS, Codes, Declined, Given, PublishRequest
from publications.models import Publication
from publications.recalls.actions.acts import Judged, by_of, release, switch_off
from publications.recalls.models import Outcome, Recall

WHY_NOT = {
    Declined.NO_CODES: Outcome.NO_CODES,
    Declined.CUSTOMER_GONE: Outcome.NO_HOLDER,
    Declined.REPEAT: Outcome.HOLDS_ANOTHER,
    **dict.fromkeys(LIMITS, Outcome.LIMIT),
}


class _Declined(Exception):
    """Rolls back what was taken from those who got nothing new."""

    def __init__(self, why: Declined) -> None:
        super().__init__(why)
        self.why = why


def replace(recall: Recall, codes: Sequence[Judged]) -> dict[int, tuple[Outcome, int | None]]:
    """{voucher: (outcome, the new publication)}. In the caller's transaction, with the holders and codes locked."""
    became: dict[int, tuple[Outcome, int | None]] = {}
    for campaign_id in sorted({recall.new_from_id or code.campaign or 0 for code in codes}):
        of_this = [code for code in codes if (recall.new_from_id or code.campaign or 0) == campaign_id]
        campaign = Campaign.objects.filter(pk=campaign_id).first()
        if campaign is None:  # standalone codes have no pool to take a new one from
            became |= {code.voucher: (Outcome.NO_CODES, None) for code in of_this if code.voucher}
        else:
            became |= dict(_from(campaign, recall, of_this))
    return became


def _from(
    campaign: Campaign, recall: Recall, codes: Sequence[Judged]
) -> Iterator[tuple[int, tuple[Outcome, int | None]]]:
    with suppress(_Declined):
        new = _exchange(campaign, recall, codes, Codes.NEXT)
        yield from ((code.voucher, (Outcome.DONE, key)) for code, key in zip(codes, new, strict=True) if code.voucher)
        return
    _make_sure(campaign, len(codes))
    empty = False
    for code in codes:
        if not code.voucher:
            continue
        outcome, new = (Outcome.NO_CODES if empty else Outcome.DONE), []
        if not empty:
            try:
                new = _exchange(campaign, recall, [code], Codes.NEXT_FOR_SURE)
            except _Declined as declined:
                outcome = WHY_NOT[declined.why]
                empty = declined.why is Declined.NO_CODES
        yield code.voucher, (outcome, new[0] if new else None)


def _exchange(campaign: Campaign, recall: Recall, codes: Sequence[Judged], how: Codes) -> list[int]:
    """The new publications, one for each code. Raises _Declined where one of them cannot be; then nothing has happened."""
    request = PublishRequest(
        campaign=campaign.pk, customer=None, channel=DASHBOARD, origin=Publication.Origin.DASHBOARD, by=by_of(recall),
        join_once=campaign.join_once, activity=campaign.activity_duration or None,
    )  # fmt: skip
    with transaction.atomic():
        release(recall, codes)
        switch_off(codes)
        answers = give(
            [
                request._replace(
                    customer=code.holder,
                    metadata={
                        "source_type": "recall",
                        "source_id": recall.public_id,
                        "replaces": public_id(VOUCHER, code.voucher or 0),
                    },
                )
                for code in codes
            ],
            how,
        )
        given = [answer.publication for answer in answers if isinstance(answer, Given)]
        for answer in answers:
            if isinstance(answer, Declined):
                raise _Declined(answer)
    return given


def _make_sure(campaign: Campaign, wanted: int) -> None:
    """Waits for whoever else looks for sure; makes the missing codes where the campaign does that."""
    lock_pool(campaign)
    if campaign.auto_update and (missing := wanted - left_in_pool(campaign, up_to=wanted)) > 0:
        with suppress(CodeSpaceExhausted):  # then they get what there is
            extend_pool(campaign, count=missing)
    if campaign.reserved_from is not None:
        move_border(campaign.pk)  # not all that was reserved may be needed any more
