"""The list of redemptions: uses, failed attempts and rollbacks, and its filters."""

import pytest

from publications.redemptions.actions.redeem import redeem
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.pages.filters import RedemptionFilter
from publications.redemptions.refusals import RedemptionRefused
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


def found(reveals=True, **asked):
    return [row.public_id for row in RedemptionFilter(asked, reveals=reveals).qs]


def refused(voucher, **options):
    with pytest.raises(RedemptionRefused) as why:
        redeem(voucher, by=STAFF, **options)
    return why.value.failure_id


@pytest.fixture
def story():
    """One use, one that was rolled back, the rollback, and an attempt that failed."""
    mara = CustomerFactory(email="mara@example.com", source_id="shop-mara")
    autumn, winter = CampaignFactory(name="Autumn"), CampaignFactory(name="Winter")
    used, undone = VoucherFactory(code="USED-1", campaign=autumn), VoucherFactory(code="UNDONE-1", campaign=winter)
    published(used, mara)
    first = redeem(used, customer=mara, order={"source_id": "A-1"}, by=STAFF)
    second = redeem(undone, by=STAFF)
    back = roll_back(second, reason="Cancelled", by=STAFF)
    return {"used": first.public_id, "undone": second.public_id, "rollback": back.public_id, "failed": refused(used)}


def test_everything_newest_first(story):
    assert found() == [story["failed"], story["rollback"], story["undone"], story["used"]]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"result": "redeemed"}, ["used"]),
        ({"result": "rolled-back"}, ["undone"]),
        ({"result": "rollback"}, ["rollback"]),
        ({"result": "failed"}, ["failed"]),
        ({"result": "quantity_exceeded"}, ["failed"]),
        ({"result": "voucher_expired"}, []),
        ({"campaign": "Autumn"}, ["failed", "used"]),
        ({"q": "used 1"}, ["failed", "used"]),
        ({"q": "mara@example.com"}, ["used"]),
        ({"q": "shop-mara"}, ["used"]),
        ({"q": "A-1"}, ["used"]),
        ({"q": "A-2"}, []),
        ({"since": "2999-01-01"}, []),
        ({"until": "2999-01-01", "q": "undone-1", "result": "rollback"}, ["rollback"]),
    ],
)
def test_each_filter(story, asked, names):
    assert found(**asked) == [story[name] for name in names]


def test_by_its_id(story):
    assert found(q=story["rollback"]) == [story["rollback"]]


def test_who_sees_no_unpublished_code_finds_none_by_it(story):
    assert found(q="UNDONE-1", reveals=False) == []
    assert found(q="USED-1", reveals=False) == [story["failed"], story["used"]]


def test_tried_by_others_than_their_holders():
    holder, other = CustomerFactory(), CustomerFactory()
    watched = CampaignFactory(only_holder="record", redemption_limit=None)
    refusing, open_to_all = (
        CampaignFactory(only_holder="refuse", redemption_limit=None),
        CampaignFactory(redemption_limit=None),
    )
    codes = [VoucherFactory(campaign=campaign) for campaign in (watched, refusing, open_to_all)]
    for code in codes:
        published(code, holder)
        redeem(code, customer=holder, by=STAFF)
    recorded = redeem(codes[0], customer=other, by=STAFF).public_id
    nobody = redeem(codes[0], by=STAFF).public_id
    kept = refused(codes[1], customer=other)
    redeem(codes[2], customer=other, by=STAFF)

    assert found(result="by-others") == [kept, nobody, recorded]


def test_the_page_takes_as_many_queries_for_fifty_as_for_one(signed_in, django_assert_num_queries):
    viewer, campaign = signed_in("Viewer"), CampaignFactory(redemption_limit=None)
    redeem(VoucherFactory(campaign=campaign), customer=CustomerFactory(), by=STAFF)
    viewer.get("/redemptions/")

    with django_assert_num_queries(8):
        viewer.get("/redemptions/")
    for _ in range(24):
        redeem(VoucherFactory(campaign=campaign), customer=CustomerFactory(), by=STAFF)
    with django_assert_num_queries(8):
        page = viewer.get("/redemptions/").content.decode()
    assert page.count(">Redeemed</span>") == 25
