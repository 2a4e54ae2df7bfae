"""The same pool from many sides at once: nobody is given a code that was used, or released and not put back (ADR 0024)."""

import random
import threading
from contextlib import suppress

import pytest
from django.db import connection, transaction

from campaigns.codes.models import Voucher
from publications.actions.hold_back import CannotReturn, NotInPool, hold_back, put_back
from publications.actions.publish import publish, publish_code
from publications.actions.release import CodeWasUsed, NotPublished, release
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.models import Redemption
from publications.redemptions.refusals import NothingToRollBack, RedemptionRefused
from publications.refusals import NoVoucherSuitable, PublishRefused
from tests.campaigns.codes.test_withdrawn import HOW, broken, state
from tests.publications.distributions.test_distribution_at_once import at_once
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_everything_that_happens_to_a_pool_at_once_gives_no_used_and_no_retired_code_to_anybody():
    """Publishing, by the pool and by name, against using, rolling back, releasing, holding back and putting back."""
    campaign = CampaignFactory(codes=150)
    codes = list(campaign.vouchers.select_related("campaign"))
    expected = (PublishRefused, RedemptionRefused, NotPublished, NotInPool, CannotReturn, CodeWasUsed)

    def step(number):
        dice = random.Random(number)
        acts = [
            lambda code: publish(campaign, CustomerFactory(), **HOW),
            lambda code: publish_code(code, CustomerFactory(), **HOW),
            lambda code: redeem(code, by=STAFF),
            lambda code: roll_back(Redemption.objects.filter(voucher=code, kind="redemption").latest("pk"), by=STAFF),
            lambda code: release(code, by=STAFF, reason="Wrong person"),
            lambda code: release(code, by=STAFF, reason="Never sent", back_to_pool=True),
            lambda code: hold_back(code, by=STAFF, reason="For the press"),
            lambda code: put_back(code, by=STAFF, reason="After all"),
        ]

        def run():
            for _ in range(60):
                with suppress(*expected, Redemption.DoesNotExist, NothingToRollBack):
                    dice.choice(acts)(Voucher.objects.select_related("campaign").get(pk=dice.choice(codes).pk))

        return run

    at_once(*(step(number) for number in range(8)))

    assert broken() == []
    # Whatever was ever used while nobody had it, or released and not put back, is with nobody now.
    assert (
        not Voucher.objects.filter(published_at__isnull=False)
        .exclude(withdrawn_why=None)
        .exclude(withdrawn_why="used")
        .exists()
    )
    for voucher in Voucher.objects.filter(published_at=None, withdrawn_at=None):
        assert not voucher.redemptions.filter(result="SUCCESS").exists()
    assert (
        Voucher.objects.filter(withdrawn_why="used").exists()
        and Voucher.objects.filter(withdrawn_why="retired").exists()
    )


@pytest.mark.parametrize("first", ["use", "publish"])
def test_of_a_use_and_a_publication_at_the_same_moment_the_second_sees_the_first(first):
    campaign = CampaignFactory(codes=1)
    voucher = campaign.vouchers.get()
    ended = []

    def second():
        try:
            if first == "use":
                publish(campaign, CustomerFactory(), **HOW)
            else:
                redeem(voucher, by=STAFF)
            ended.append("done")
        except NoVoucherSuitable:
            ended.append("nothing left")

    waiting = threading.Thread(target=lambda: (second(), connection.close()))
    with transaction.atomic():
        if first == "use":
            redeem(voucher, by=STAFF)
        else:
            publish(campaign, CustomerFactory(), **HOW)
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
    waiting.join(60)

    assert ended == (["nothing left"] if first == "use" else ["done"])
    assert state(voucher) == ((False, "used") if first == "use" else (True, None))
