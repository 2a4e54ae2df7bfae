"""The list of redemptions: uses, failed attempts and rollbacks, and its filters."""

import html
import re

import pytest

from campaigns.codes.models import Voucher
from config.actor import Actor
from publications.actions.release import release
from publications.exports.actions.hand_out import order_hand_out
from publications.exports.actions.write_export import make_export_file
from publications.exports.report import order_report, rows_of
from publications.models import Publication
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.models import Redemption
from publications.redemptions.pages.filters import RedemptionFilter
from publications.redemptions.queries.tried_by_others import find_leaks
from publications.redemptions.refusals import RedemptionRefused
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


def found(reveals=True, **asked):
    return [row.public_id for row in RedemptionFilter(asked, reveals=reveals).qs]


def hand_out_of(campaign, count):
    export = order_hand_out(campaign, count=count, for_whom="Print run 7", by=STAFF)
    make_export_file(export.pk)


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


def test_the_holder_is_who_held_it_then():
    ann, bob = CustomerFactory(), CustomerFactory()
    code = VoucherFactory(campaign=CampaignFactory(only_holder="record", redemption_limit=None))
    published(code, ann)
    redeem(code, customer=ann, by=STAFF)
    release(code, by=STAFF, reason="Returned")
    by_nobody = redeem(code, customer=bob, by=STAFF)
    published(Voucher.objects.get(pk=code.pk), bob)
    redeem(code, customer=bob, by=STAFF)
    tried = redeem(code, customer=ann, by=STAFF).public_id

    assert by_nobody.public_id not in found(result="by-others")  # nobody held it
    assert found(result="by-others") == [tried]


def test_a_code_from_a_file_belongs_to_who_redeemed_it_first():
    ann, bob = CustomerFactory(), CustomerFactory()
    campaign = CampaignFactory(codes=1, only_holder="record", redemption_limit=None)
    hand_out_of(campaign, 1)
    code = Voucher.objects.select_related("campaign").get()
    redeem(code, by=STAFF)
    redeem(code, customer=ann, by=STAFF)
    redeem(code, customer=ann, by=STAFF)
    others = redeem(code, customer=bob, by=STAFF).public_id

    assert found(result="by-others") == [others]


def test_leaks_by_code_file_and_channel(signed_in):
    viewer, ann, bob, cora = signed_in("Viewer"), *(CustomerFactory() for _ in range(3))
    watched = CampaignFactory(name="Watched", codes=1, only_holder="record", redemption_limit=None)
    hand_out_of(watched, 1)
    file = Publication.objects.get()
    of_file = Voucher.objects.select_related("campaign").get()
    often, once = VoucherFactory(campaign=watched), VoucherFactory(campaign=watched)
    published(often, ann, channel="newsletter")
    published(once, ann, channel="shop")
    for code, customer in [(often, bob), (often, cora), (often, bob), (once, bob), (of_file, ann), (of_file, bob)]:
        redeem(code, customer=customer, by=STAFF)

    leaks = find_leaks(Redemption.objects.all())

    by_code = [(row["voucher"], row["tries"], row["people"]) for row in leaks.by_code]
    assert by_code[0] == (often, 3, 2) and set(by_code[1:]) == {(once, 1, 1), (of_file, 1, 1)}
    assert [(row["publication"], row["tries"]) for row in leaks.by_file] == [(file, 1)]
    assert {(row["channel"], row["tries"]) for row in leaks.by_channel} == {
        ("newsletter", 3), ("shop", 1), (file.channel, 1),
    }  # fmt: skip
    page = viewer.get("/redemptions/tried-by-others").content.decode()
    assert often.code not in page and "newsletter" in page and file.get_absolute_url() in page


def test_a_distribution_stands_for_all_whom_it_reached():
    watched = CampaignFactory(only_holder="record")
    codes = [VoucherFactory(campaign=watched) for _ in range(3)]
    for code in codes:
        published(code, by=Actor("run", 7, "Spring mailing"))
        redeem(code, customer=CustomerFactory(), by=STAFF)

    (row,) = find_leaks(Redemption.objects.all()).by_file

    assert (row["publication"].actor_label, row["tries"], row["people"]) == ("Spring mailing", 3, 3)


@pytest.mark.parametrize("tried", [0, 1, 12])
def test_the_page_of_leaks_takes_as_many_queries_for_many_as_for_one(signed_in, django_assert_num_queries, tried):
    viewer, watched = signed_in("Viewer"), CampaignFactory(only_holder="record")
    for _ in range(tried):
        code = VoucherFactory(campaign=watched)
        published(code)
        redeem(code, customer=CustomerFactory(), by=STAFF)
    viewer.get("/redemptions/tried-by-others")

    with django_assert_num_queries(11 if tried else 10):
        page = viewer.get("/redemptions/tried-by-others").content.decode()

    assert page.count("/codes/v_") == min(tried, 10)


def test_a_report_of_what_the_list_shows(signed_in, story):
    exporter = signed_in("Exporter")

    page = exporter.get("/redemptions/?campaign=Autumn&result=failed").content.decode()
    link = html.unescape(re.search(r'href="(/exports/new[^"]*)"', page)[1])
    form = exporter.get(link).content.decode()
    export = order_report("redemptions", filters="campaign=Autumn&result=failed", by=STAFF)

    assert "Autumn" in form and "Failed" in form
    assert [row.public_id for row in rows_of(export).queryset] == [story["failed"]]


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
